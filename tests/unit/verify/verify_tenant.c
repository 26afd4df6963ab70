/* SPDX-License-Identifier: MIT */
/*
 * The tenant's part of a verdict, and limits: the launch record against what the tenant expects,
 * its life and its report, minimum versions and revocations.  Everything here is truly in the log.
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
#include "measured-boot/shared/hex.h"

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

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		recorded_expect(&w, cases[i].from, cases[i].to);
		bad(cases[i].row);
	}
	recorded_expect(&w, "\"uuid\": \"\"", "\"uuid\": \"00000000-0000-0000-0000-000000000000\"");
	trusted();
	recorded_expect(&w, "console=hvc0", "console=hvc1"); /* not what its digest says */
	missing("tenant.launch");
	recorded_expect(&w, "\"uuid\": \"\"", "\"uuid\": \"0\"");
	missing("tenant.launch");
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

static void profile(void **state)
{
	static const char *const changed[][2] = {{"panic=5", "panic=0"},
						 {"netfront.trusted=0", "netfront.trusted=1"},
						 {"sysrq=0", "sysrq=0 panic=0"},
						 {"xen_blkfront", "en_blkfront"},
						 /* - is _ to Linux, quotes hold together, init's */
						 {"sysrq=0", "sysrq=0 xen-netfront.trusted=1"},
						 {"panic=5", "init=\"a panic=5 b\""},
						 {"panic=5", "-- panic=5"}};

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
		judged(VERDICT_trusted, "tenant.profile", ROW_warning);
	}
}

static void host_only(void **state)
{
	(void)state;
	w.f.in.expect = w.f.in.bound = NULL;
	w.records = 2;
	recorded_make(&w);
	judged(VERDICT_trusted, "tenant.launch", ROW_note);
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

/* ---- limits --------------------------------------------------------------------------------- */

static void limit(const char *hypervisor, const char *builder, const char *policy,
		  const char *revoked)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "{\"format\": \"corbel.limits.1\", \"hypervisor_svn\": %s, \"builder_svn\": %s, "
		 "\"policy_serial\": %s, \"revoked\": [%s]}",
		 hypervisor, builder, policy, revoked);
	fixture_write(&w.f, "limits.json", text, strlen(text), w.limits);
	w.f.in.limits = w.limits;
}

static void revoked(const uint8_t *digest, bool is)
{
	char text[128] = "\"";

	hex_encode(digest, 32, text + 1);
	strcat(text, "\"");
	limit("1", "1", "7", text);
	if (is) {
		bad("limits.revoked");
	} else {
		trusted();
	}
}

static void limits(void **state)
{
	static const uint8_t nothing[32] = {5};
	struct corbel_log_launch *launch = &w.record[RECORD_LAUNCH].body.launch;

	(void)state;
	limit("1", "1", "7", "");
	trusted();
	limit("2", "1", "7", "");
	bad("limits.hypervisor");
	limit("1", "2", "7", "");
	bad("limits.builder");
	limit("1", "1", "8", "");
	bad("limits.policy");
	revoked(nothing, false);
	revoked(launch->kernel, true);
	revoked(launch->initrd, true);
	revoked(launch->cmdline, true);
	revoked(launch->owner, true);
	revoked(w.checkpoint.policy, true);
	revoked(w.f.host.ek_sha256, true);
	revoked(w.f.host.ak_name + 2, true);
	for (unsigned i = 0; i < 6; i++) {
		revoked(recorded_event(&w, 9, i)->sha256, true);
	}
	revoked(recorded_event(&w, 4, 2)->sha256, true);
	limit("1", "1", "7", "1");
	missing("limits.hypervisor");
}

/* The same policy under another serial. */
static void switch_policy(const uint8_t *policy, uint64_t serial)
{
	struct corbel_log_record *r = recorded_append(&w, CORBEL_LOG_policy, CORBEL_LOG_NONE);

	memcpy(r->body.policy_change.before, policy, 32);
	r->policy_serial = serial;
	w.checkpoint.policy_switches++;
}

/* An older policy was in force since the launch: the newest serial does not hide it. */
static void policy_rolled_back(void **state)
{
	uint8_t policy[32];

	(void)state;
	memcpy(policy, w.checkpoint.policy, 32);
	limit("1", "1", "7", "");
	switch_policy(policy, 6);
	switch_policy(policy, 9);
	recorded_make(&w);
	bad("limits.policy");
}

/* Of the host alone: the policy that it booted with counts, whichever launches Dom0 shows. */
static void host_policies(void **state)
{
	uint8_t policy[32];

	(void)state;
	memcpy(policy, w.checkpoint.policy, 32);
	limit("1", "1", "7", "");
	w.f.in.expect = w.f.in.bound = NULL;
	switch_policy(policy, 6);
	switch_policy(policy, 7);
	recorded_append(&w, CORBEL_LOG_launch, 3);
	recorded_make(&w);
	bad("limits.policy");
	memset(w.shown, true, sizeof(w.shown));
	w.shown[RECORD_DOM0] = w.shown[RECORD_LAUNCH] = false;
	recorded_make(&w);
	bad("limits.policy");
	/* booted with an older one, and no launch record given at all */
	case_fresh(NULL);
	limit("1", "1", "8", "");
	w.f.in.expect = w.f.in.bound = NULL;
	switch_policy(policy, 8);
	w.checkpoint.policy_serial = 8;
	w.shown[RECORD_DOM0] = w.shown[RECORD_LAUNCH] = false;
	recorded_make(&w);
	bad("limits.policy");
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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(expectations, case_fresh),
		cmocka_unit_test_setup(profile, case_fresh),
		cmocka_unit_test_setup(host_only, case_fresh),
		cmocka_unit_test_setup(destroyed, case_fresh),
		cmocka_unit_test_setup(reports, case_fresh),
		cmocka_unit_test_setup(another_domain, case_fresh),
		cmocka_unit_test_setup(limits, case_fresh),
		cmocka_unit_test_setup(policy_rolled_back, case_fresh),
		cmocka_unit_test_setup(host_policies, case_fresh),
		cmocka_unit_test_setup(below_owners_least, case_fresh),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
