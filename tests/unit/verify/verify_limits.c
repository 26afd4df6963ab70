/* SPDX-License-Identifier: MIT */
/*
 * Minimum versions and revocations, of what is truly in the logs.
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

/* One of the rows names this as revoked. */
static void says_revoked(const char *what)
{
	for (size_t i = 0; i < w.v.count; i++) {
		if (!strcmp(w.v.row[i].component, "limits.revoked") &&
		    strstr(w.v.row[i].meaning, what)) {
			return;
		}
	}
	fail_msg("not revoked: %s", what);
}

/* Remarks of the log measure nothing, so nothing in them is revoked; without log or boot record the
 * rest is looked up. */
static void limits_without(void **state)
{
	static uint8_t remark[32] = {0x77};
	struct boot_event event = {.type = EV_NO_ACTION, .data = remark, .size = sizeof(remark)};

	(void)state;
	memcpy(event.sha256, remark, 32);
	recorded_insert(&w, 2, &event);
	recorded_make(&w);
	revoked(remark, false);
	assert_string_equal(row_of("limits.revoked")->expected, "none of 1 digests");
	w.shown[RECORD_BOOT] = false;
	recorded_make(&w);
	missing("limits.hypervisor");
	assert_int_equal(recorded_row(&w, "limits.builder"), ROW_missing);
	assert_int_equal(recorded_row(&w, "limits.policy"), ROW_ok);
	case_fresh(NULL);
	revoked(w.record[RECORD_LAUNCH].body.launch.kernel, true);
	w.f.e.boot_log.length = 0;
	bad("boot.log");
	says_revoked("kernel");
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
	/* the record's builder too, not the loader's alone */
	revoked(w.record[RECORD_BOOT].body.boot.builder_image, true);
	says_revoked("the builder.");
	revoked(w.checkpoint.policy, true);
	says_revoked("the policy in force.");
	says_revoked("a policy that was in force.");
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

/* A file that says no limits is no file that has none. */
static void no_limits(void **state)
{
	static const char head[] = "{\"format\": \"corbel.limits.1\", \"hypervisor_svn\": 1, "
				   "\"builder_svn\": 1, \"policy_serial\": 7, \"revoked\": ";
	size_t room = sizeof(head) + 4200 * 70, at;
	char *text = malloc(room);

	(void)state;
	w.f.in.limits = w.limits;
	at = (size_t)sprintf(text, "%s7}", head);
	fixture_write(&w.f, "limits.json", text, at, w.limits);
	missing("limits.hypervisor");
	at = (size_t)sprintf(text, "%s[", head);
	for (unsigned i = 0; i < 4097; i++) { /* more digests than are read */
		at += (size_t)sprintf(text + at, "%s\"%064u\"", i ? "," : "", i);
	}
	at += (size_t)sprintf(text + at, "]}");
	fixture_write(&w.f, "limits.json", text, at, w.limits);
	missing("limits.hypervisor");
	w.f.in.limits = "/nonexistent";
	missing("limits.hypervisor");
	free(text);
}

/* The oldest policy of the domain's life: neither the newest nor one from before the launch. */
static void life_of_the_domain(void **state)
{
	struct corbel_log_record *r;
	uint8_t policy[32];

	(void)state;
	limit("1", "1", "8", "");
	w.record[RECORD_LAUNCH].policy_serial = 9; /* launched under 9, now there is 7 */
	recorded_make(&w);
	bad("limits.policy");
	case_fresh(NULL);
	memcpy(policy, w.checkpoint.policy, 32);
	switch_policy(policy, 6);
	switch_policy(policy, 7);
	r = recorded_append(&w, CORBEL_LOG_launch, 3);
	r->body.launch = w.record[RECORD_LAUNCH].body.launch;
	r = recorded_report(&w, w.f.in.nonce);
	r->domid = 3;
	r->body.report.launch = w.records - 2;
	recorded_make(&w);
	limit("1", "1", "7", "");
	trusted();
	limit("1", "1", "8", "");
	bad("limits.policy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(limits, case_fresh),
		cmocka_unit_test_setup(limits_without, case_fresh),
		cmocka_unit_test_setup(no_limits, case_fresh),
		cmocka_unit_test_setup(life_of_the_domain, case_fresh),
		cmocka_unit_test_setup(policy_rolled_back, case_fresh),
		cmocka_unit_test_setup(host_policies, case_fresh),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
