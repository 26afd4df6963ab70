/* SPDX-License-Identifier: MIT */
/*
 * Verb info: facts about the host in xl's order and shape, `key : value` with
 * the colon in column 24.  Keys are collected first, so that `info KEY` and
 * --json print the same facts.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/facts.h"
#include "tools/corbel/host.h"
#include "tools/corbel/names.h"

static void add_kernel(struct facts *facts)
{
	struct utsname names;

	if (uname(&names)) {
		memset(&names, 0, sizeof(names));
	}
	fact_text(facts, "host", "%s", names.nodename);
	fact_text(facts, "release", "%s", names.release);
	fact_text(facts, "version", "%s", names.version);
	fact_text(facts, "machine", "%s", names.machine);
}

static void capability_words(uint32_t capabilities, char *out, size_t size)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} words[] = {
		{XEN_SYSCTL_PHYSCAP_pv, "pv"},
		{XEN_SYSCTL_PHYSCAP_hvm, "hvm"},
		{XEN_SYSCTL_PHYSCAP_directio, "hvm_directio"},
		{XEN_SYSCTL_PHYSCAP_hap, "hap"},
		{XEN_SYSCTL_PHYSCAP_shadow, "shadow"},
		{XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1"},
		{XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2"},
	};
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (capabilities & words[i].bit && used < size) {
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "",
						 words[i].word);
		}
	}
}

static void add_hardware(struct facts *facts, const struct xen_sysctl_physinfo *info)
{
	char words[128], hardware[8 * 9 + 1] = "";

	for (int i = 0; i < 8; i++) {
		sprintf(hardware + strlen(hardware), "%s%08x", i ? ":" : "", info->hw_cap[i]);
	}
	capability_words(info->capabilities, words, sizeof(words));
	fact_number(facts, "nr_cpus", info->nr_cpus);
	fact_number(facts, "max_cpu_id", info->max_cpu_id);
	fact_number(facts, "nr_nodes", info->nr_nodes);
	fact_number(facts, "cores_per_socket", info->cores_per_socket);
	fact_number(facts, "threads_per_core", info->threads_per_core);
	fact_text(facts, "cpu_mhz", "%d.%03d", (int)(info->cpu_khz / 1000),
		  (int)(info->cpu_khz % 1000));
	fact_text(facts, "hw_caps", "%s", hardware);
	fact_text(facts, "virt_caps", "%s", words);
	fact_number(facts, "total_memory", (long long)(info->total_pages >> 8));
	fact_number(facts, "free_memory",
		    (long long)(info->free_pages >> 8) - (long long)(info->outstanding_pages >> 8));
	fact_number(facts, "scrub_memory", (long long)(info->scrub_pages >> 8));
	fact_number(facts, "sharing_freed_memory", 0);
	fact_number(facts, "sharing_used_memory", 0);
	fact_number(facts, "outstanding_claims", (long long)(info->outstanding_pages >> 8));
	fact_number(facts, "free_cpus", 0);
}

static void add_version(struct facts *facts, const struct host_version *version)
{
	const struct xen_compile_info *compile = &version->compile;

	fact_number(facts, "xen_major", version->major);
	fact_number(facts, "xen_minor", version->minor);
	fact_text(facts, "xen_extra", "%.16s", version->extra);
	fact_text(facts, "xen_version", "%u.%u%.16s", version->major, version->minor,
		  version->extra);
	fact_text(facts, "xen_caps", "%.1023s", version->capabilities);
	fact_text(facts, "xen_scheduler", "corbel");
	fact_number(facts, "xen_pagesize", version->pagesize);
	fact_text(facts, "platform_params", "virt_start=0x%lx", version->virt_start);
	fact_text(facts, "xen_changeset", "%.64s", version->changeset);
	/* The hypervisor tells nobody its command line or build id; scripts still expect the
	 * key. */
	fact_text(facts, "xen_commandline", "%s", "");
	fact_text(facts, "cc_compiler", "%.64s", compile->compiler);
	fact_text(facts, "cc_compile_by", "%.16s", compile->compile_by);
	fact_text(facts, "cc_compile_domain", "%.32s", compile->compile_domain);
	fact_text(facts, "cc_compile_date", "%.32s", compile->compile_date);
	fact_text(facts, "build_id", "%s", "");
	fact_number(facts, "xend_config_format", 4);
}

int verb_info(int argc, char **argv)
{
	static const struct option longs[] = {
		{"json", no_argument, NULL, 'J'},
		{"numa", no_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	struct xen_sysctl_physinfo physical;
	struct host_version version;
	struct facts facts = {0};
	bool json = false;
	int option, ret;

	while ((option = getopt_long(argc, argv, "n", longs, NULL)) != -1) {
		if (option == 'J') {
			json = true;
		} else if (option != 'n') {
			return verb_usage("info", 0);
		}
	}
	if (optind + 1 < argc) {
		return verb_extra("info", argv[optind + 1]);
	}
	ret = host_physinfo(&physical);
	if (ret < 0) {
		return tool_call_error(ret, CALL_SYSCTL(XEN_SYSCTL_physinfo),
				       "cannot read the host's totals");
	}
	ret = host_version(&version);
	if (ret < 0) {
		return tool_call_error(ret, CALL(__HYPERVISOR_xen_version, XENVER_version),
				       "cannot read the hypervisor's version");
	}
	add_kernel(&facts);
	add_hardware(&facts, &physical);
	add_version(&facts, &version);
	if (!facts_print(&facts, optind < argc ? argv[optind] : NULL, json)) {
		tool_error(0, "info: no key begins with `%s'", argv[optind]);
		return verb_usage("info", 0);
	}
	return EXIT_OK;
}
