/* SPDX-License-Identifier: MIT */
/*
 * Verbs pause, unpause, destroy and dmesg.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/corbel/console_link.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/domains.h"
#include "tools/corbel/names.h"

#define DESTROY_TIMEOUT_MS 60000

static int control(int argc, char **argv, uint32_t command)
{
	struct domain_entry entry;
	uint16_t domid;
	int ret;

	if (argc < 2) {
		return verb_usage(argv[0], 1);
	}
	if (argc > 2) {
		return verb_extra(argv[0], argv[2]);
	}
	if (!tool_domain(argv[1], &domid)) {
		return EXIT_ERROR;
	}
	ret = host_domain_control(command, domid);
	if (ret < 0 && !domains_get(domid, &entry) && entry.info.flags & XEN_DOMINF_shutdown) {
		return tool_error(0, "domain %s has shut down (%s)", argv[1],
				  domain_shutdown_text(&entry.info));
	}
	return ret < 0 ? tool_call_error(ret, CALL_DOMCTL(command), "cannot %s domain %s", argv[0],
					 argv[1])
		       : EXIT_OK;
}

int verb_pause(int argc, char **argv)
{
	return control(argc, argv, XEN_DOMCTL_pausedomain);
}

int verb_unpause(int argc, char **argv)
{
	return control(argc, argv, XEN_DOMCTL_unpausedomain);
}

static bool is_number(const char *text)
{
	return text[strspn(text, "0123456789")] == '\0';
}

int verb_destroy(int argc, char **argv)
{
	bool force = tool.force, forgotten;
	uint16_t domid;
	int option, ret;

	while ((option = getopt(argc, argv, "f")) != -1) {
		if (option != 'f') {
			return verb_usage("destroy", 0);
		}
		force = true;
	}
	if (optind >= argc) {
		return verb_usage("destroy", 1);
	}
	if (optind + 1 < argc) {
		return verb_extra("destroy", argv[optind + 1]);
	}
	/* Between two lives there is only the wish to restart it. */
	forgotten = !is_number(argv[optind]) && console_link_forget(argv[optind]);
	if (forgotten && domains_resolve(argv[optind], &domid) == -ESRCH) {
		return EXIT_OK;
	}
	if (!tool_domain(argv[optind], &domid)) {
		return EXIT_ERROR;
	}
	if (domid == 0 && !force) {
		fprintf(stderr, "Not destroying domain 0; use -f to force.\n");
		return EXIT_ERROR;
	}
	ret = domain_destroy(domid, DESTROY_TIMEOUT_MS);
	if (ret == -ESRCH && forgotten) {
		return EXIT_OK; /* the drainer was quicker */
	}
	if (ret < 0) {
		tool_call_error(ret, CALL_DOMCTL(XEN_DOMCTL_destroydomain),
				"cannot destroy domain %s", argv[optind]);
		fprintf(stderr, "destroy failed (rc=-3)\n");
		return EXIT_ERROR;
	}
	return EXIT_OK;
}

int verb_dmesg(int argc, char **argv)
{
	char buffer[4096];
	uint32_t index = 0;
	bool clear = false;
	int option, ret;

	while ((option = getopt(argc, argv, "c")) != -1) {
		if (option != 'c') {
			return verb_usage("dmesg", 0);
		}
		clear = true;
	}
	if (optind < argc) {
		return verb_extra("dmesg", argv[optind]);
	}
	while ((ret = host_log_read(buffer, sizeof(buffer), &index, false)) > 0) {
		fwrite(buffer, 1, (size_t)ret, stdout);
	}
	if (ret >= 0 && clear) {
		ret = host_log_read(buffer, sizeof(buffer), &index, true);
		if (ret < 0) {
			return tool_error(ret, "the hypervisor keeps its log");
		}
	}
	return ret < 0 ? tool_call_error(ret, CALL_SYSCTL(XEN_SYSCTL_readconsole),
					 "cannot read the hypervisor's log")
		       : EXIT_OK;
}
