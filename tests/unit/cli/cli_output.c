/* SPDX-License-Identifier: MIT */
/*
 * What the verbs print, byte for byte where scripts cut by column, and their
 * exit codes; the machine is fake.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_host.h"
#include "tools/corbel/corbel.h"
#include "tools/corbel/domains.h"
#include "tools/corbel/guest.h"
#include "tools/corbel/store.h"

static int set_up(void **state)
{
	static struct guest guest;

	(void)state;
	fake_reset();
	scratch_make();
	fake_add(0, XEN_DOMINF_running);
	fake_add(1, XEN_DOMINF_blocked);
	fake_add(2, XEN_DOMINF_blocked);
	fake_add(3, XEN_DOMINF_shutdown | 3 << XEN_DOMINF_shutdownshift);
	strcpy(guest.request.name, "demo");
	memset(guest.request.uuid, 2, 16);
	strcpy(guest.request.label, "system_u:system_r:tenant.t");
	strcpy(guest.request.cmdline, "console=hvc0");
	strcpy(guest.kernel, "/boot/vmlinuz");
	guest.request.memory_mib = 128;
	guest.request.vcpus = 1;
	guest.request.weight = 256;
	guest.on_reboot = ACTION_restart;
	return store_pending(&guest) || store_commit(&guest, 2);
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove();
	fake_reset();
	return 0;
}

/* Runs the words and compares all of stdout. */
static void expect_out(const char *const *words, int code, const char *out)
{
	struct run run = run_words(words);

	assert_string_equal(run.out, out);
	assert_int_equal(run.code, code);
	run_free(&run);
}
#define OUT(code, out, ...)                                                                        \
	expect_out((const char *const[]){"corbel", __VA_ARGS__, NULL}, code, out)

static void expect_err(const char *const *words, int code, const char *part)
{
	struct run run = run_words(words);

	if (!strstr(run.err, part) || run.code != code) {
		fail_msg("exit %d, said `%s', not %d `%s'", run.code, run.err, code, part);
	}
	run_free(&run);
}
#define ERR(code, part, ...)                                                                       \
	expect_err((const char *const[]){"corbel", __VA_ARGS__, NULL}, code, part)

#define HEADER "Name                                        ID   Mem VCPUs\tState\tTime(s)"
#define ROW0   "Domain-0                                     0   128     1     r-----      12.3"
#define ROW2   "demo                                         2   128     1     -b----      12.3"
#define ROW3   "(null)                                       3   128     1     ---sc-      12.3"
#define UUID2  "02020202-0202-0202-0202-020202020202"

static void test_list(void **state)
{
	(void)state;
	OUT(0, HEADER "\n" ROW0 "\n" ROW2 "\n" ROW3 "\n", "list");
	OUT(0, HEADER "\n" ROW2 "\n", "list", "demo");
	OUT(0, HEADER "\n" ROW2 "\n", "li", "2");
	OUT(0,
	    HEADER "   Security Label                     Owner\n" ROW2
		   " system_u:system_r:tenant.t         -\n",
	    "list", "-Z", "2");
	OUT(0,
	    HEADER "   UUID                            Reason-Code\tSecurity Label\n" ROW2 " " UUID2
		   "        - system_u:system_r:tenant.t\n",
	    "list", "-v", "demo");
	OUT(0,
	    HEADER "   UUID                            Reason-Code\tSecurity Label\n" ROW3
		   " 03030303-0303-0303-0303-030303030303        3 system_u:system_r:tenant.t\n",
	    "list", "-v", "3");
	ERR(1, "nobody is an invalid domain identifier (rc=-6)\n", "list", "nobody");
	ERR(1, "Error: Domain '9' does not exist.\n", "list", "9");
	OUT(1, "", "list", "9");
	fake.error = -EPERM;
	OUT(1, "", "list");
	ERR(1, "corbel: cannot list domains: not permitted: domain:getdomaininfo\n", "list");
}

/* What Debian's xendomains script greps out of `list -l`. */
static void test_list_long(void **state)
{
	struct run run = RUN("xl", "list", "-l");

	(void)state;
	assert_int_equal(run.code, 0);
	assert_ptr_equal(strstr(run.out, "[\n    {\n        \"domid\": 0,\n"), run.out);
	assert_non_null(strstr(run.out,
			       "    {\n        \"domid\": 2,\n        \"config\": {\n"
			       "            \"c_info\": {\n                \"type\": \"pvh\",\n"
			       "                \"ssid_label\": \"system_u:system_r:tenant.t\",\n"
			       "                \"name\": \"demo\",\n"
			       "                \"uuid\": \"" UUID2 "\",\n"
			       "                \"run_hotplug_scripts\": \"True\"\n"));
	assert_non_null(strstr(run.out, "                \"max_memkb\": 131072,\n"));
	assert_non_null(strstr(run.out, "                \"kernel\": \"/boot/vmlinuz\",\n"));
	assert_non_null(strstr(run.out, "            \"on_reboot\": \"restart\"\n"));
	run_free(&run);
}

static void test_list_json(void **state)
{
	struct run run = RUN("corbel", "list", "--json", "demo");

	(void)state;
	assert_int_equal(run.code, 0);
	assert_string_equal(run.out,
			    "[\n    {\n        \"domid\": 2,\n        \"name\": \"demo\",\n"
			    "        \"uuid\": \"" UUID2 "\",\n"
			    "        \"memory_mib\": 128,\n"
			    "        \"memory_pages\": 32768,\n"
			    "        \"max_pages\": 32768,\n        \"vcpus\": 1,\n"
			    "        \"state\": \"-b----\",\n        \"running\": false,\n"
			    "        \"blocked\": true,\n        \"paused\": false,\n"
			    "        \"shutdown\": false,\n        \"dying\": false,\n"
			    "        \"shutdown_reason\": -1,\n"
			    "        \"cpu_seconds\": 12.3,\n"
			    "        \"label\": \"system_u:system_r:tenant.t\",\n"
			    "        \"owner\": \"-\",\n        \"tenant\": 0\n    }\n]\n");
	run_free(&run);
}

/* An owner is shown by 16 digits in the table, in full elsewhere. */
static void test_owner(void **state)
{
	struct run run;

	(void)state;
	for (int i = 0; i < CORBEL_DIGEST_LEN; i++) {
		fake.domains[2].launch.record.owner[i] = (uint8_t)(i + 1);
	}
	fake.domains[2].launch.tenant = 3;
	OUT(0,
	    HEADER "   Security Label                     Owner\n" ROW2
		   " system_u:system_r:tenant.t         0102030405060708\n",
	    "list", "-Z", "2");
	OUT(0,
	    HEADER "   UUID                            Reason-Code\tSecurity Label   Owner\n" ROW2
		   " " UUID2 "        - system_u:system_r:tenant.t         0102030405060708\n",
	    "list", "-v", "-Z", "2");
#define OWNER "\"owner\": \"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20\",\n"
	run = RUN("corbel", "list", "-l", "2");
	assert_non_null(strstr(run.out, "        " OWNER "        \"tenant\": 3\n    }\n"));
	run_free(&run);
	run = RUN("corbel", "launch", "2", "--json");
	assert_non_null(strstr(run.out, "    " OWNER "    \"tenant\": 3,\n"));
	run_free(&run);
	run = RUN("corbel", "launch", "3");
	assert_non_null(
		strstr(run.out, "owner                  : -\ntenant                 : 0\n"));
	run_free(&run);
}

/* A call that the policy refuses names the permission. */
static void test_missing_permission(void **state)
{
	(void)state;
	fake.denied_op = CORBEL_OP_host_info;
	ERR(1, "corbel: cannot read the host's state: not permitted: build:hostinfo\n", "host");
	fake.denied_op = CORBEL_OP_launch_info;
	ERR(1, "cannot read the launch record of domain 2: not permitted: domain:launchinfo\n",
	    "launch", "2");
	OUT(0,
	    HEADER "   Security Label                     Owner\n" ROW2
		   " -                                  -\n",
	    "list", "-Z", "2");
	fake.denied_op = CORBEL_OP_boot_log;
	ERR(1, "cannot read the measurement log: not permitted: xen:measure\n", "bootlog");
	fake.denied_op = 0;
	fake.control_error = -EPERM;
	ERR(1, "cannot pause domain demo: not permitted: domain:pause\n", "pause", "demo");
	ERR(1, "cannot unpause domain demo: not permitted: domain:unpause\n", "unpause", "demo");
	ERR(1, "cannot destroy domain demo: not permitted: domain:destroy\n", "destroy", "demo");
	fake.control_error = 0;
	fake.error = -EPERM;
	ERR(1, "cannot read the host's totals: not permitted: xen:physinfo\n", "info");
	ERR(1, "cannot read the hypervisor's log: not permitted: xen:readconsole\n", "dmesg");
}

static void test_states(void **state)
{
	static const struct {
		uint32_t flags;
		const char *text;
	} states[] = {
		{XEN_DOMINF_running, "r-----"},
		{XEN_DOMINF_running | XEN_DOMINF_blocked, "rb----"},
		{XEN_DOMINF_paused | XEN_DOMINF_blocked, "-bp---"},
		{0, "------"},
		{XEN_DOMINF_dying | XEN_DOMINF_blocked | XEN_DOMINF_paused, "-----d"},
		{XEN_DOMINF_shutdown | XEN_DOMINF_running, "---s--"},
		{XEN_DOMINF_shutdown | 1 << XEN_DOMINF_shutdownshift, "---sr-"},
		{XEN_DOMINF_shutdown | 3u << XEN_DOMINF_shutdownshift, "---sc-"},
		{XEN_DOMINF_shutdown | 77u << XEN_DOMINF_shutdownshift, "---s?-"},
		{XEN_DOMINF_shutdown | XEN_DOMINF_dying | 3u << XEN_DOMINF_shutdownshift, "---s-d"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct xen_domctl_getdomaininfo info = {.flags = states[i].flags};
		char text[7];

		domain_state(&info, text);
		assert_string_equal(text, states[i].text);
	}
}

static void test_small_verbs(void **state)
{
	(void)state;
	OUT(0, "2\n", "domid", "demo");
	OUT(0, "demo\n", "domname", "2");
	OUT(0, "Domain-0\n", "domname", "0");
	ERR(1, "Can't get domid of domain name 'x', maybe this domain does not exist.\n", "domid",
	    "x");
	ERR(1, "Can't get domain name of domain id '9'", "domname", "9");
	ERR(1, "Invalid domain id.\n", "domname", "demo");
	OUT(0,
	    "UUID                                  ID    name\n"
	    "00000000-0000-0000-0000-000000000000  0    Domain-0                      \n" UUID2
	    "  2    demo                          \n"
	    "03030303-0303-0303-0303-030303030303  3    (null)                        \n",
	    "vm-list");
	fake.log = "first line\nsecond line, longer\n";
	OUT(0, fake.log, "dmesg");
	ERR(1, "the hypervisor keeps its log: Operation not permitted", "dmesg", "-c");
}

static void test_control(void **state)
{
	(void)state;
	OUT(0, "", "pause", "demo");
	assert_int_equal(fake.last_command, XEN_DOMCTL_pausedomain);
	assert_int_equal(fake.last_domid, 2);
	OUT(0, "", "unpause", "2");
	assert_int_equal(fake.last_command, XEN_DOMCTL_unpausedomain);
	ERR(1, "corbel: cannot pause domain 9: no such domain", "pause", "9");
	ERR(2, "'corbel pause' requires at least 1 argument.\n\n", "pause");
	fake.control_error = -EINVAL;
	ERR(1, "corbel: domain 3 has shut down (crashed)\n", "unpause", "3");
	ERR(1, "corbel: cannot pause domain demo: Invalid argument\n", "pause", "demo");
	fake.control_error = 0;
	ERR(1, "domain 0 has no console here", "console", "0");
	ERR(1, "domain 1 has no console here", "console", "corbel-builder");
	ERR(1, "Not destroying domain 0; use -f to force.\n", "destroy", "0");
	ERR(1, "nobody is an invalid domain identifier (rc=-6)", "destroy", "nobody");
	fake.control_again = 3;
	OUT(0, "", "destroy", "demo");
	assert_int_equal(fake.last_command, XEN_DOMCTL_destroydomain);
	ERR(1, "Can't get domid", "domid", "demo"); /* the note is gone too */
}

static void test_info(void **state)
{
	struct run run = RUN("corbel", "info");
	static const char *const keys[] = {
		"host",
		"release",
		"version",
		"machine",
		"nr_cpus",
		"max_cpu_id",
		"nr_nodes",
		"cores_per_socket",
		"threads_per_core",
		"cpu_mhz",
		"hw_caps",
		"virt_caps",
		"total_memory",
		"free_memory",
		"scrub_memory",
		"sharing_freed_memory",
		"sharing_used_memory",
		"outstanding_claims",
		"free_cpus",
		"xen_major",
		"xen_minor",
		"xen_extra",
		"xen_version",
		"xen_caps",
		"xen_scheduler",
		"xen_pagesize",
		"platform_params",
		"xen_changeset",
		"xen_commandline",
		"cc_compiler",
		"cc_compile_by",
		"cc_compile_domain",
		"cc_compile_date",
		"build_id",
		"xend_config_format",
	};
	const char *line = run.out;

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_int_equal(strncmp(line, keys[i], strlen(keys[i])), 0);
		assert_int_equal(line[23], ':');
		line = strchr(line, '\n') + 1;
	}
	assert_int_equal(*line, '\0');
	assert_non_null(strstr(run.out, "\ncpu_mhz                : 2100.042\n"));
	assert_non_null(strstr(run.out, "\nvirt_caps              : hvm hap gnttab-v1\n"));
	run_free(&run);
	OUT(0, "1000\n", "info", "free_memory"); /* 24 MiB are dirty */
	OUT(0, "24\n", "info", "scrub_memory");
	OUT(0, "4.17.7-corbel\n", "info", "xen_ver");
	run = RUN("corbel", "info", "--json");
	assert_non_null(strstr(run.out, "    \"free_memory\": 1000,\n"));
	run_free(&run);
}

static void test_evidence(void **state)
{
	struct run run;

	(void)state;
	fake.info.flags = CORBEL_HOST_MEASURED | CORBEL_HOST_TPM;
	fake.info.builder_instance = 7;
	fake.info.free_frames = 1234;
	OUT(0, "1234\n", "host", "free_frames");
	OUT(0, "measured\n", "host", "state");
	run = RUN("corbel", "host", "--json");
	assert_non_null(strstr(run.out, "    \"measured\": true,\n    \"tpm\": true,\n"
					"    \"iommu\": false,\n"));
	assert_non_null(strstr(run.out, "    \"builder_instance\": 7,\n"));
	run_free(&run);
	fake.info.flags = 0;
	OUT(0, "unmeasured\n", "host", "state");

	memset(fake.domains[2].launch.record.kernel, 0xab, 32);
	memset(fake.domains[2].launch.crash_reason, 'x', 64); /* not NUL-terminated */
	run = RUN("corbel", "launch", "demo", "--json");
	assert_int_equal(run.code, 0);
	assert_non_null(strstr(run.out, "    \"name\": \"demo\",\n"));
	assert_non_null(strstr(run.out, "    \"state\": \"running\",\n"));
	assert_non_null(strstr(run.out, "    \"kernel\": \"abababab"));
	assert_non_null(strstr(run.out, "xxx\",\n    \"overhead_bytes\": 0\n"));
	run_free(&run);
	ERR(1, "cannot read the launch record of domain 9: no such domain\n", "launch", "9");
	run = RUN("corbel", "bootlog");
	assert_int_equal(strlen(run.out), 10000);
	run_free(&run);
}

static void test_process_rules(void **state)
{
	struct run run;

	(void)state;
	ERR(1, "corbel: frobnicate: command not implemented\n", "frobnicate");
	ERR(1, "corbel: d: could be destroy, domid, domname, dmesg\n", "d");
	ERR(1, "corbel: : command not implemented\n", "");
	ERR(2, "host: no key begins with `nosuch'", "host", "nosuch");
	ERR(2, "corbel: pause: `x' is too much\n", "pause", "demo", "x");
	ERR(2, "unpause: `x' is too much", "unpause", "demo", "x");
	ERR(2, "destroy: `3' is too much", "destroy", "demo", "-f", "3");
	ERR(2, "domid: `x' is too much", "domid", "demo", "x");
	ERR(2, "domname: `x' is too much", "domname", "2", "x");
	ERR(2, "info: `x' is too much", "info", "xen", "x");
	ERR(2, "host: `x' is too much", "host", "state", "x");
	ERR(2, "launch: `3' is too much", "launch", "2", "3");
	ERR(2, "console: `3' is too much", "console", "2", "3");
	ERR(2, "dmesg: `x' is too much", "dmesg", "x");
	ERR(2, "vm-list: `x' is too much", "vm-list", "x");
	ERR(2, "bootlog: `x' is too much", "bootlog", "x");
	ERR(2, "consoled: `x' is too much", "consoled", "-F", "x");
	ERR(2, "logd: `x' is too much", "logd", "-F", "x");
	ERR(2, "trace: `x' is too much", "trace", "x");
	ERR(2, "help: `x' is too much", "help", "list", "x");
	ERR(2, "", "list", "--wrong");
	run = RUN("xl", "destroy");
	assert_int_equal(run.code, 2);
	assert_string_equal(run.err, "'xl destroy' requires at least 1 argument.\n\n");
	assert_non_null(strstr(run.out, "Usage: xl [-vNf] destroy DOMAIN [-f]\n"));
	run_free(&run);
	run = RUN("/usr/sbin/xl", "help");
	assert_int_equal(run.code, 0);
	assert_non_null(strstr(run.out, "xl full list of subcommands:\n"));
	assert_string_equal(run.err, "");
	run_free(&run);
	run = RUN("corbel", "create", "-h");
	assert_int_equal(run.code, 0);
	assert_non_null(strstr(run.out, "--paused"));
	run_free(&run);
	run = RUN("corbel", "help", "console");
	assert_int_equal(run.code, 0);
	run_free(&run);
	run = RUN("corbel", "--help");
	assert_int_equal(run.code, 0);
	assert_non_null(strstr(run.out, "corbel full list of subcommands:\n"));
	assert_string_equal(run.err, "");
	run_free(&run);
	run = RUN("corbel", "create", "a.cfg", "--help");
	assert_int_equal(run.code, 0);
	assert_non_null(strstr(run.out, "--paused"));
	run_free(&run);
}

/* Notes belong to a UUID, not to a number; a pending one is adopted. */
static void test_notes(void **state)
{
	static struct guest guest, found;
	uint8_t uuid[16];

	(void)state;
	memset(uuid, 2, 16);
	assert_true(store_load(2, uuid, &found));
	memset(uuid, 9, 16);
	assert_false(store_load(2, uuid, &found));
	guest = found;
	strcpy(guest.request.name, "other");
	memset(guest.request.uuid, 9, 16);
	assert_int_equal(store_pending(&guest), 0);
	assert_true(store_load(5, uuid, &found));
	assert_string_equal(found.request.name, "other");
	assert_int_equal(store_commit(&guest, 5), 0); /* after adoption */
	assert_true(store_load(5, uuid, &found));
	store_remove(5);
	assert_false(store_load(5, uuid, &found));
	assert_int_equal(store_pending(&guest), 0);
	assert_true(store_load(6, uuid, &found)); /* adopted while it was being built */
	store_discard(&guest);
	assert_false(store_load(6, uuid, &found));
}

/* A full disk is a failure of every verb. */
static void test_full_output(void **state)
{
	char *words[][4] = {{"corbel", "list", NULL},
			    {"corbel", "host", "--json", NULL},
			    {"corbel", "help", NULL}};
	FILE *saved = stdout, *full;
	int code;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		full = fopen("/dev/full", "w");
		assert_non_null(full);
		stdout = full;
		optind = 0;
		code = tool_main(i == 1 ? 3 : 2, words[i]);
		stdout = saved;
		fclose(full);
		assert_int_equal(code, 1);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_list),
		T(test_list_long),
		T(test_list_json),
		T(test_states),
		T(test_small_verbs),
		T(test_control),
		T(test_info),
		T(test_evidence),
		T(test_process_rules),
		T(test_notes),
		T(test_full_output),
		T(test_owner),
		T(test_missing_permission),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
