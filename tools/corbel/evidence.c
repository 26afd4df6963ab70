/* SPDX-License-Identifier: MIT */
/*
 * Verbs host, launch and bootlog: what the trusted part says about itself and
 * about what it launched.  This prints the hypervisor's words; it proves
 * nothing, since Dom0 prints them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/domains.h"
#include "tools/corbel/facts.h"
#include "tools/corbel/guest.h"
#include "tools/corbel/host.h"
#include "tools/corbel/names.h"
#include "tools/corbel/rawlog.h"
#include "tools/lib/devices.h"

/* Parses [--json]; returns false on a wrong option. */
static bool want_json(int argc, char **argv, bool *json)
{
	static const struct option longs[] = {
		{"json", no_argument, NULL, 'J'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*json = false;
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option != 'J') {
			return false;
		}
		*json = true;
	}
	return true;
}

int verb_host(int argc, char **argv)
{
	struct corbel_host_info info = {0};
	struct facts facts = {0};
	bool json;
	int ret;

	if (!want_json(argc, argv, &json)) {
		return verb_usage("host", 0);
	}
	if (optind + 1 < argc) {
		return verb_extra("host", argv[optind + 1]);
	}
	ret = host_corbel(CORBEL_OP_host_info, &info, sizeof(info));
	if (ret < 0) {
		return tool_call_error(ret, CALL_CORBEL(CORBEL_OP_host_info),
				       "cannot read the host's state");
	}
	fact_text(&facts, "state", "%s",
		  info.flags & CORBEL_HOST_MEASURED ? "measured" : "unmeasured");
	fact_bool(&facts, "measured", info.flags & CORBEL_HOST_MEASURED);
	fact_bool(&facts, "tpm", info.flags & CORBEL_HOST_TPM);
	fact_bool(&facts, "iommu", info.flags & CORBEL_HOST_IOMMU);
	fact_bool(&facts, "efi", info.flags & CORBEL_HOST_EFI);
	fact_bool(&facts, "debug", info.flags & CORBEL_HOST_DEBUG);
	fact_bool(&facts, "weak_entropy", info.flags & CORBEL_HOST_WEAK_ENTROPY);
	fact_bool(&facts, "smt", info.flags & CORBEL_HOST_SMT);
	fact_bool(&facts, "no_devices", info.flags & CORBEL_HOST_NO_DEVICES);
	fact_bool(&facts, "no_ibpb", info.flags & CORBEL_HOST_NO_IBPB);
	fact_number(&facts, "tpm_error", info.tpm_error);
	fact_text(&facts, "corbel_version", "%.32s", info.version);
	fact_hex(&facts, "boot_id", info.boot_id, sizeof(info.boot_id));
	fact_hex(&facts, "policy", info.policy, sizeof(info.policy));
	fact_number(&facts, "builder_instance", info.builder_instance);
	fact_hex(&facts, "builder_image", info.builder_image, sizeof(info.builder_image));
	fact_hex(&facts, "builder_memory", info.builder_memory, sizeof(info.builder_memory));
	fact_number(&facts, "total_frames", (long long)info.total_frames);
	fact_number(&facts, "free_frames", (long long)info.free_frames);
	fact_number(&facts, "dirty_frames", (long long)info.dirty_frames);
	fact_number(&facts, "freed_count", (long long)info.freed_count);
	fact_number(&facts, "scrubbed_count", (long long)info.scrubbed_count);
	fact_number(&facts, "audit_denied", (long long)info.audit_denied);
	fact_number(&facts, "trace_lost", (long long)info.trace_lost);
	if (!facts_print(&facts, optind < argc ? argv[optind] : NULL, json)) {
		tool_error(0, "host: no key begins with `%s'", argv[optind]);
		return verb_usage("host", 0);
	}
	return EXIT_OK;
}

static const char *state_name(unsigned state)
{
	static const char *const names[CORBEL_DOM_state_count] = {
		"building", "sealed", "running", "paused", "shutdown", "dying", "gone",
	};

	return state < CORBEL_DOM_state_count ? names[state] : "unknown";
}

static void add_devices(struct facts *facts, const struct corbel_log_launch *record)
{
	char words[CORBEL_LOG_DEVICES * (DEVICE_TEXT + 1) + 1] = "";
	char text[DEVICE_TEXT];

	for (uint32_t i = 0; i < record->device_count && i < CORBEL_LOG_DEVICES; i++) {
		device_format(record->devices[i], text);
		strcat(words, i ? " " : "");
		strcat(words, text);
	}
	fact_words(facts, "devices", words);
}

int verb_launch(int argc, char **argv)
{
	struct corbel_launch_info info = {0};
	struct domain_entry entry;
	struct facts facts = {0};
	uint16_t domid;
	char uuid[37], owner[2 * CORBEL_DIGEST_LEN + 1];
	bool json;
	int ret;

	if (!want_json(argc, argv, &json)) {
		return verb_usage("launch", 0);
	}
	if (optind >= argc) {
		return verb_usage("launch", 1);
	}
	if (optind + 1 < argc) {
		return verb_extra("launch", argv[optind + 1]);
	}
	if (!tool_domain(argv[optind], &domid)) {
		return EXIT_ERROR;
	}
	info.domid = domid;
	ret = host_corbel(CORBEL_OP_launch_info, &info, sizeof(info));
	if (ret < 0) {
		return tool_call_error(ret, CALL_CORBEL(CORBEL_OP_launch_info),
				       "cannot read the launch record of domain %s", argv[optind]);
	}
	uuid_format(info.record.uuid, uuid);
	fact_number(&facts, "domid", domid);
	fact_text(&facts, "name", "%s", domains_get(domid, &entry) ? "(null)" : entry.name);
	fact_text(&facts, "uuid", "%s", uuid);
	fact_text(&facts, "state", "%s", state_name(info.state));
	fact_text(&facts, "label", "%.*s", CORBEL_LABEL_LEN, info.record.label);
	owner_text(info.record.owner, owner);
	fact_text(&facts, "owner", "%s", owner);
	fact_number(&facts, "tenant", info.tenant);
	fact_number(&facts, "instance", info.instance);
	fact_index(&facts, "log_index", info.launch);
	fact_hex(&facts, "request", info.record.request, sizeof(info.record.request));
	fact_hex(&facts, "kernel", info.record.kernel, sizeof(info.record.kernel));
	fact_hex(&facts, "initrd", info.record.initrd, sizeof(info.record.initrd));
	fact_hex(&facts, "cmdline", info.record.cmdline, sizeof(info.record.cmdline));
	add_devices(&facts, &info.record);
	fact_text(&facts, "crash_reason", "%.*s", (int)sizeof(info.crash_reason),
		  info.crash_reason);
	fact_number(&facts, "overhead_bytes", (long long)info.overhead_bytes);
	facts_print(&facts, NULL, json);
	return EXIT_OK;
}

int verb_bootlog(int argc, char **argv)
{
	struct rawlog log;
	size_t written;
	int ret;

	if (argc > 1) {
		return verb_extra("bootlog", argv[1]);
	}
	if (isatty(STDOUT_FILENO)) {
		return tool_error(0, "the measurement log is binary: redirect it to a file");
	}
	ret = rawlog_load(&log);
	if (ret == -EBADMSG) {
		return tool_error(0, "the measurement log: %s", log.error);
	}
	if (ret < 0) {
		return tool_call_error(ret, CALL_CORBEL(CORBEL_OP_boot_log),
				       "cannot read the measurement log");
	}
	written = fwrite(log.data, 1, log.length, stdout);
	free(log.data);
	return written != log.length || fflush(stdout)
		       ? tool_error(errno, "cannot write the measurement log")
		       : EXIT_OK;
}
