/* SPDX-License-Identifier: MIT */
/*
 * The tenant's part of a verdict: the launch record against what the tenant expects, its life and
 * its report.  Everything here is truly in the log.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "verify/verify_case.h"
#include "abi/corbel.h"
#include "tools/lib/hex.h"

/* ---- the tenant ----------------------------------------------------------------------------- */

static void expectations(void **state)
{
	static const struct {
		const char *from, *to, *row;
	} cases[] = {
		{"\"kernel\": \"1", "\"kernel\": \"0", "tenant.kernel"},
		{"\"initrd\": \"2", "\"initrd\": \"0", "tenant.initrd"},
		{"16384", "16383", "tenant.memory"},
		{"\"vcpus\": 2", "\"vcpus\": 1", "tenant.vcpus"},
		{"tenant_a.t", "tenant_a.tt", "tenant.label"},
		{"\"owner\": \"3", "\"owner\": \"4", "tenant.owner"},
		{"\"owner\": \"33333333333333333333333333333333333333333333333333333333333333"
		 "33\"",
		 "\"owner\": \"\"", "tenant.owner"},
		{"\"min_policy\": 3", "\"min_policy\": 4", "tenant.min_policy"},
		{"\"uuid\": \"\"", "\"uuid\": \"00000000-0000-0000-0000-000000000001\"",
		 "tenant.uuid"},
	};
	/* no UUIDs: digits of one all the same, in some of them */
	static const char *const uuids[] = {
		"\"uuid\": \"0\"",
		"\"uuid\": \"00000000000000000000000000000000----\"",
		"\"uuid\": \"0000000000000000000000000000000000-0\"",
		"\"uuid\": \"00000000-0000-0000-0000-00000000000\"",
		"\"uuid\": \"0000000--0000-0000-0000-000000000000\"",
		"\"uuid\": \"00000000-0000-0000-0000-00000000000g\"",
		"\"uuid\": \"00000000_0000-0000-0000-000000000000\"",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		recorded_expect(&w, cases[i].from, cases[i].to);
		bad(cases[i].row);
	}
	recorded_expect(&w, "\"uuid\": \"\"", "\"uuid\": \"00000000-0000-0000-0000-000000000000\"");
	trusted();
	recorded_expect(&w, "console=hvc0", "console=hvc1"); /* not what its digest says */
	missing("tenant.launch");
	for (size_t i = 0; i < sizeof(uuids) / sizeof(uuids[0]); i++) {
		recorded_expect(&w, "\"uuid\": \"\"", uuids[i]);
		missing("tenant.launch");
	}
	w.f.in.expect = "/nonexistent";
	missing("tenant.launch");
	case_fresh(NULL);
	w.record[RECORD_LAUNCH].body.launch.cmdline[0] ^= 1;
	recorded_make(&w);
	bad("tenant.cmdline");
	case_fresh(NULL);
	memset(w.record[RECORD_LAUNCH].body.launch.owner, 0, 32);
	recorded_make(&w);
	bad("tenant.owner");
	case_fresh(NULL);
	/* nothing hides behind the label's end */
	w.record[RECORD_LAUNCH].body.launch.label[63] = 'x';
	recorded_make(&w);
	bad("tenant.label");
}

static void expect_devices(const char *list)
{
	char text[256];

	snprintf(text, sizeof(text), "\"uuid\": \"\", \"devices\": [%s]", list);
	recorded_expect(&w, "\"uuid\": \"\"", text);
}

/* Given, not given, others: in the record, which the hypervisor wrote. */
static void devices(void **state)
{
	static const char *const malformed[] = {
		"\"00:4.0\"",
		"\"00:04.8\"",
		"\"00:20.0\"",
		"\"0000:00:04.0\"",
		"4",
		"\"00:04.0 \"",
		"\"3A:1f.7\"",
		"\"\"",
		"\"00:04.0\", \"00:04.0\"",
		"\"3a:1f.7\", \"00:04.0\"",
	};
	struct corbel_log_launch *launch = &w.record[RECORD_LAUNCH].body.launch;

	(void)state;
	expect_devices("");
	trusted();
	for (size_t i = 0; i < w.v.count; i++) { /* nothing to tell */
		assert_string_not_equal(w.v.row[i].component, "tenant.devices");
	}
	expect_devices("\"00:04.0\"");
	bad("tenant.devices");
	assert_string_equal(row_of("tenant.devices")->expected, "00:04.0");
	assert_string_equal(row_of("tenant.devices")->found, "none");
	recorded_expect(&w, "\"uuid\": \"\"", "\"uuid\": \"\", \"devices\": {\"00:04.0\": 1}");
	missing("tenant.launch");
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		expect_devices(malformed[i]);
		missing("tenant.launch");
	}
	expect_devices("");
	launch->device_count = 2;
	launch->devices[0] = 0x20;
	launch->devices[1] = 0x3aff;
	recorded_make(&w);
	bad("tenant.devices");
	expect_devices("\"00:04.0\", \"3a:1f.7\"");
	judged(VERDICT_trusted, "tenant.devices", ROW_ok);
	assert_non_null(strstr(row_of("tenant.devices")->meaning, "that were ordered"));
	assert_string_equal(row_of("tenant.devices")->found, "00:04.0 3a:1f.7");
	expect_devices("\"00:04.0\"");
	bad("tenant.devices");
	expect_devices("\"00:04.0\", \"3a:1f.6\"");
	bad("tenant.devices");
	expect_devices("\"00:04.0\", \"3a:1f.7\", \"3b:00.0\"");
	bad("tenant.devices");
	expect_devices("");
	launch->device_count = 1; /* 00:00.0 is not none */
	memset(launch->devices, 0, sizeof(launch->devices));
	recorded_make(&w);
	bad("tenant.devices");
	launch->device_count = 33; /* the hypervisor would never */
	recorded_make(&w);
	bad("tenant.devices");
}

static void profile(void **state)
{
	static const char *const changed[][2] = {{"panic=5", "panic=0"},
						 {"netfront.trusted=0", "netfront.trusted=1"},
						 {"sysrq=0", "sysrq=0 panic=0"},
						 {"xen_blkfront", "en_blkfront"},
						 /* - is _ to Linux, quotes hold together, init's */
						 {"sysrq=0", "sysrq=0 xen-netfront.trusted=1"},
						 {"panic=5", "init=\"a panic=5 b\""},
						 {"panic=5", "-- panic=5"},
						 {"panic=5", "panic="},
						 /* neither is init's, and both hide nothing */
						 {"console=hvc0", "--x ro console=hvc0"},
						 {"console=hvc0", "  console=\"a b\"  "}};
	const size_t good = sizeof(changed) / sizeof(changed[0]) - 2;

	(void)state;
	judged(VERDICT_trusted, "tenant.profile", ROW_ok);
	for (unsigned i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
		char text[1024], digest[65], was[65];
		uint8_t sha256[32];
		static const char all[] = "console=hvc0 panic=5 xen_blkfront.trusted=0 "
					  "xen_netfront.trusted=0 sysctl.kernel.sysrq=0";
		const char *at = strstr(all, changed[i][0]);
		char joined[2200], from[1200], escaped[1024];
		size_t used = 0;
		uint8_t unused[48];

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - all), all, changed[i][1],
			 at + strlen(changed[i][0]));
		digest_both(all, strlen(all), sha256, unused);
		hex_encode(sha256, 32, was);
		digest_both(text, strlen(text), sha256, unused);
		hex_encode(sha256, 32, digest);
		memcpy(w.record[RECORD_LAUNCH].body.launch.cmdline, sha256, 32);
		recorded_make(&w);
		snprintf(from, sizeof(from), "%s\", \"cmdline_sha256\": \"%s", all, was);
		for (const char *c = text; *c; c++) {
			used += (size_t)sprintf(escaped + used, *c == '"' ? "\\%c" : "%c", *c);
		}
		snprintf(joined, sizeof(joined), "%s\", \"cmdline_sha256\": \"%s", escaped, digest);
		recorded_expect(&w, from, joined);
		judged(VERDICT_trusted, "tenant.profile", i < good ? ROW_warning : ROW_ok);
	}
}

static void host_only(void **state)
{
	(void)state;
	w.f.in.expect = w.f.in.bound = NULL;
	w.records = 2;
	recorded_make(&w);
	judged(VERDICT_trusted, "tenant.launch", ROW_note);
	assert_false(w.v.about.tenant);
}

/* ---- life and report ------------------------------------------------------------------------ */

static void destroyed(void **state)
{
	struct corbel_log_record *r = recorded_append(&w, CORBEL_LOG_destroy, 2);

	(void)state;
	r->body.destroy.launch = RECORD_LAUNCH;
	recorded_make(&w);
	bad("tenant.alive");
	r->body.destroy.launch = RECORD_DOM0; /* somebody else's end */
	recorded_make(&w);
	trusted();
}

static void reports(void **state)
{
	static const uint8_t old_nonce[32] = {1};
	unsigned count = 0;

	(void)state;
	w.shown[RECORD_REPORT] = false;
	recorded_make(&w);
	bad("report.nonce"); /* only an old one */
	w.shown[RECORD_OLD_REPORT] = false;
	recorded_make(&w);
	missing("report.nonce"); /* none */
	assert_int_equal(recorded_row(&w, "tenant.alive"), ROW_missing);
	case_fresh(NULL);
	recorded_report(&w, old_nonce); /* an old one behind ours decides nothing */
	recorded_make(&w);
	trusted();
	case_fresh(NULL);
	w.record[RECORD_REPORT].domid = 3;
	recorded_make(&w);
	bad("report.nonce");
	for (size_t i = 0; i < w.v.count; i++) { /* one fault, told once */
		count += !strcmp(w.v.row[i].component, "report.nonce");
	}
	assert_int_equal(count, 1);
	case_fresh(NULL);
	w.record[RECORD_REPORT].body.report.launch = 77;
	recorded_make(&w);
	missing("report.nonce");
	case_fresh(NULL);
	w.record[RECORD_REPORT].body.report.data[63] ^= 1;
	recorded_make(&w);
	bad("report.data");
	case_fresh(NULL);
	w.f.in.bound = NULL;
	judged(VERDICT_trusted, "report.data", ROW_warning);
	w.f.in.bound = "/nonexistent";
	missing("report.data");
	w.f.in.bound = w.f.root_file; /* another file */
	bad("report.data");
}

/* A report from before its domain's launch is nobody's, whatever it says. */
static void report_before_launch(void **state)
{
	struct corbel_log_record launch = w.record[RECORD_LAUNCH];
	struct corbel_log_record *report;

	(void)state;
	w.records = RECORD_LAUNCH;
	report = recorded_report(&w, w.f.in.nonce);
	report->body.report.launch = RECORD_LAUNCH + 1;
	launch.index = RECORD_LAUNCH + 1;
	w.record[RECORD_LAUNCH + 1] = launch;
	w.shown[RECORD_LAUNCH + 1] = true;
	w.records = RECORD_LAUNCH + 2;
	recorded_make(&w);
	bad("report.nonce");
}

/* Without an expectation the file that is bound is judged all the same. */
static void bound_alone(void **state)
{
	(void)state;
	w.f.in.expect = NULL;
	judged(VERDICT_trusted, "report.data", ROW_ok);
	assert_int_equal(recorded_row(&w, "tenant.launch"), -1);
	w.f.in.bound = w.f.root_file;
	bad("report.data");
}

/* Nothing to judge the policies by. */
static void no_reference(void **state)
{
	(void)state;
	w.references[0] = NULL;
	missing("tenant.policy");
	assert_int_equal(recorded_row(&w, "checkpoint.policy"), ROW_missing);
	assert_int_equal(recorded_row(&w, "checkpoint.switches"), ROW_missing);
}

static void means(const char *component, const char *words)
{
	if (!strstr(row_of(component)->meaning, words)) {
		fail_msg("'%s' expected in: %s", words, row_of(component)->meaning);
	}
}

/* What the rows tell the tenant of good and bad. */
static void meanings(void **state)
{
	(void)state;
	trusted();
	assert_int_equal(recorded_row(&w, "tenant.uuid"), -1); /* nobody asked for it */
	means("tenant.owner", "The owner signed this launch.");
	means("tenant.label", "is as expected");
	means("tenant.policy", "that the references have");
	means("report.data", "bound this file");
	means("tenant.alive", "answered after");
	assert_string_not_equal(row_of("tenant.owner")->found, "nobody's");
	recorded_expect(&w, "\"uuid\": \"\"", "\"uuid\": \"00000000-0000-0000-0000-000000000000\"");
	trusted();
	means("tenant.uuid", "As expected");
	recorded_expect(&w, "\"uuid\": \"\"", "\"uuid\": \"00000000-0000-0000-0000-000000000001\"");
	bad("tenant.uuid");
	means("tenant.uuid", "another UUID");
	recorded_expect(&w, "\"owner\": \"3", "\"owner\": \"4");
	bad("tenant.owner");
	means("tenant.owner", "is another");
	recorded_expect(&w, "tenant_a.t", "tenant_b.t");
	bad("tenant.label");
	means("tenant.label", "another label");
	recorded_expect(&w, NULL, NULL);
	memset(w.record[RECORD_LAUNCH].body.launch.owner, 0, 32);
	w.record[RECORD_LAUNCH].policy[0] ^= 1;
	w.record[RECORD_REPORT].body.report.data[63] ^= 1;
	recorded_make(&w);
	bad("tenant.owner");
	means("tenant.owner", "Nobody signed");
	means("tenant.policy", "that no reference has");
	means("report.data", "bound something else");
	recorded_expect(&w,
			"\"owner\": \"333333333333333333333333333333333333333333333333333333333"
			"3333333\"",
			"\"owner\": \"\"");
	bad("tenant.policy");
	assert_int_equal(recorded_row(&w, "tenant.owner"), ROW_ok);
	assert_string_equal(row_of("tenant.owner")->found, "nobody's");
}

/* Which sentence says that there is no report of this domain. */
static void no_reports(void **state)
{
	(void)state;
	w.shown[RECORD_REPORT] = w.shown[RECORD_OLD_REPORT] = w.shown[RECORD_LAUNCH] = false;
	w.shown[RECORD_DOM0] = false;
	recorded_make(&w);
	missing("report.nonce");
	means("report.nonce", "has no report of the domain");
	assert_int_equal(recorded_row(&w, "tenant.alive"), -1);
	means("tenant.launch", "no proved launch record");
	case_fresh(NULL);
	w.record[RECORD_REPORT].body.report.launch = 77;
	recorded_make(&w);
	missing("report.nonce");
	means("report.nonce", "has no launch record");
	case_fresh(NULL);
	w.shown[RECORD_REPORT] = false;
	recorded_make(&w);
	bad("report.nonce");
	means("report.nonce", "answer older questions");
	means("tenant.alive", "Only a report");
	case_fresh(NULL);
	w.record[RECORD_LAUNCH].host_flags &= ~CORBEL_HOST_MEASURED; /* then, not now */
	recorded_make(&w);
	bad("tenant.launch");
}

/* The newest report with the nonce counts, and its domain is the one that is judged. */
static void another_domain(void **state)
{
	struct corbel_log_record *r = recorded_append(&w, CORBEL_LOG_launch, 3);

	(void)state;
	r->body.launch.memory_pages = 1;
	recorded_make(&w);
	trusted();
	r = recorded_report(&w, w.f.in.nonce);
	r->domid = 3;
	r->body.report.launch = RECORD_USUAL;
	recorded_make(&w);
	bad("tenant.memory");
}

/* ---- the owner's least policy --------------------------------------------------------------- */

/* The same policy under another serial. */
static void switch_policy(const uint8_t *policy, uint64_t serial)
{
	struct corbel_log_record *r = recorded_append(&w, CORBEL_LOG_policy, CORBEL_LOG_NONE);

	memcpy(r->body.policy_change.before, policy, 32);
	r->policy_serial = serial;
	w.checkpoint.policy_switches++;
}

/* The hypervisor held the launch to the owner's least serial; a roll-back afterwards does not. */
static void below_owners_least(void **state)
{
	uint8_t policy[32];

	(void)state;
	memcpy(policy, w.checkpoint.policy, 32);
	switch_policy(policy, 3);
	w.checkpoint.policy_serial = 3;
	recorded_make(&w);
	judged(VERDICT_trusted, "tenant.min_policy", ROW_ok);
	w.record[w.records - 1].policy_serial = 2;
	w.checkpoint.policy_serial = 2;
	recorded_make(&w);
	bad("tenant.min_policy");
	switch_policy(policy, 9); /* and came back: it was in force all the same */
	w.checkpoint.policy_serial = 9;
	recorded_make(&w);
	bad("tenant.min_policy");
	means("tenant.min_policy", "Since the launch an older policy");
	w.record[RECORD_LAUNCH].body.launch.min_policy = 9; /* another is all that is said */
	recorded_make(&w);
	bad("tenant.min_policy");
	means("tenant.min_policy", "another least policy serial");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(expectations, case_fresh),
		cmocka_unit_test_setup(devices, case_fresh),
		cmocka_unit_test_setup(profile, case_fresh),
		cmocka_unit_test_setup(host_only, case_fresh),
		cmocka_unit_test_setup(destroyed, case_fresh),
		cmocka_unit_test_setup(reports, case_fresh),
		cmocka_unit_test_setup(report_before_launch, case_fresh),
		cmocka_unit_test_setup(bound_alone, case_fresh),
		cmocka_unit_test_setup(no_reference, case_fresh),
		cmocka_unit_test_setup(meanings, case_fresh),
		cmocka_unit_test_setup(no_reports, case_fresh),
		cmocka_unit_test_setup(another_domain, case_fresh),
		cmocka_unit_test_setup(below_owners_least, case_fresh),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
