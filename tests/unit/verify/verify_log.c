/* SPDX-License-Identifier: MIT */
/*
 * The launch log's part of a verdict: records, proofs, forks, switches of policy.
 * Evidence that truly came from a bad state (log, checkpoint and
 * quote agree) must be named; evidence that was put together must not be trusted.
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

/* ---- records and proofs -------------------------------------------------------------------- */

static void usual(void **state)
{
	char *text, error[256];
	struct evidence read, kept = w.f.e;

	(void)state;
	trusted();
	text = recorded_json(&w);
	assert_true(verify_evidence_read(&read, text, strlen(text), error));
	free(text);
	w.f.e = read;
	trusted();
	verify_evidence_free(&w.f.e);
	w.f.e = kept;
}

static void altered_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < w.f.e.entry_count; i++) {
		for (size_t at = 0; at < sizeof(struct corbel_log_record); at += 37) {
			uint8_t *byte = (uint8_t *)&w.f.e.entry[i].record + at;

			*byte ^= 1;
			bad("log.inclusion");
			*byte ^= 1;
		}
	}
	trusted();
}

static void altered_proofs(void **state)
{
	struct log_entry *entry = &w.f.e.entry[RECORD_LAUNCH], kept = *entry;

	(void)state;
	entry->proof[1][7] ^= 1;
	bad("log.inclusion");
	*entry = kept;
	entry->proof_length--;
	bad("log.inclusion");
	*entry = kept;
	entry->proof_length = 0;
	bad("log.inclusion");
	*entry = kept;
	entry->index = RECORD_OLD_REPORT;
	bad("log.inclusion");
	*entry = kept;
	entry->index = 99; /* beyond the log */
	bad("log.inclusion");
	*entry = kept;
	trusted();
}

/* A record and a proof of another host's log. */
static void foreign_record(void **state)
{
	struct log_entry foreign;

	(void)state;
	w.record[RECORD_LAUNCH].body.launch.kernel[0] ^= 1;
	recorded_entries(&w);
	foreign = w.f.e.entry[RECORD_LAUNCH];
	w.record[RECORD_LAUNCH].body.launch.kernel[0] ^= 1;
	recorded_make(&w);
	w.f.e.entry[RECORD_LAUNCH] = foreign;
	bad("log.inclusion");
}

/* Proved records that no hypervisor writes. */
static void impossible_records(void **state)
{
	(void)state;
	w.record[RECORD_LAUNCH].index = 7;
	recorded_make(&w);
	bad("log.inclusion");
	case_fresh(NULL);
	w.record[RECORD_REPORT].boot_id[0] ^= 1; /* a report of another boot */
	recorded_make(&w);
	bad("log.inclusion");
	case_fresh(NULL);
	w.record[RECORD_DOM0].type = CORBEL_LOG_boot;
	recorded_make(&w);
	bad("log.inclusion");
	case_fresh(NULL);
	w.record[RECORD_DOM0].type = 77;
	recorded_make(&w);
	bad("log.inclusion");
	case_fresh(NULL);
	w.record[RECORD_BOOT].magic[0] = 'X';
	recorded_make(&w);
	bad("log.inclusion");
}

static void no_records(void **state)
{
	(void)state;
	w.f.e.entry_count = 0;
	missing("log.inclusion");
	case_fresh(NULL);
	w.shown[RECORD_BOOT] = false;
	recorded_make(&w);
	missing("log.boot");
	case_fresh(NULL);
	w.shown[RECORD_LAUNCH] = false;
	recorded_make(&w);
	missing("tenant.launch");
}

/* ---- checkpoint ---------------------------------------------------------------------------- */

static void stale_checkpoint(void **state)
{
	(void)state;
	w.f.e.checkpoint.nonce[0] ^= 1; /* PCR 22 and quote agree with it */
	recorded_quote(&w);
	bad("checkpoint.nonce");
	assert_false(w.v.about.genuine);
	case_fresh(NULL);
	w.f.e.checkpoint.magic[7] = '2';
	recorded_quote(&w);
	bad("checkpoint.nonce");
	case_fresh(NULL);
	w.f.e.checkpoint.size--; /* other bytes than those in PCR 22 */
	bad("quote.pcrs");
	assert_int_equal(recorded_row(&w, "checkpoint.pcr22"), ROW_bad);
	case_fresh(NULL);
	w.f.e.pcr_present = 0;
	w.f.e.checkpoint.size--;
	bad("quote.pcrs");
	assert_int_equal(recorded_row(&w, "checkpoint.pcr22"), ROW_missing);
}

/* The row names the row to look at, not one that is good; the counters are shown. */
static void causes(void **state)
{
	const char *hosts = w.f.in.hosts;

	(void)state;
	w.f.in.hosts = NULL;
	missing("checkpoint.pcr22");
	assert_non_null(strstr(row_of("checkpoint.pcr22")->meaning, "see host.enrolled."));
	w.f.in.hosts = hosts;
	w.f.in.nonce[0] ^= 1;
	bad("quote.nonce");
	assert_non_null(strstr(row_of("checkpoint.pcr22")->meaning, "see quote.nonce."));
	/* made for the quote's question, but that is an old one */
	assert_int_equal(recorded_row(&w, "checkpoint.nonce"), ROW_missing);
	w.f.in.nonce[0] ^= 1;
	w.f.e.signature.data[20] ^= 1;
	bad("quote.signature");
	assert_non_null(strstr(row_of("checkpoint.pcr22")->meaning, "see quote.signature."));
	w.f.e.signature.data[20] ^= 1;
	w.f.host.ak_name[9] ^= 1;
	fixture_enroll(&w.f);
	bad("ak.credential");
	assert_non_null(strstr(row_of("checkpoint.pcr22")->meaning, "see ak.credential."));
	w.f.host.ak_name[9] ^= 1;
	fixture_enroll(&w.f);
	w.f.e.checkpoint.audit_denied = 7;
	w.f.e.checkpoint.trace_lost = 3;
	recorded_quote(&w);
	judged(VERDICT_trusted, "checkpoint.audit", ROW_note);
	assert_string_equal(row_of("checkpoint.audit")->found, "7 refusals, 3 lost");
}

static void flags(void **state)
{
	static const struct {
		uint32_t clear, set;
		const char *row;
	} cases[] = {
		{CORBEL_HOST_MEASURED, 0, "host.measured"},
		{CORBEL_HOST_TPM, 0, "host.measured"},
		{CORBEL_HOST_EFI, 0, "host.measured"},
		{CORBEL_HOST_NO_DEVICES, 0, "host.iommu"},
		{0, CORBEL_HOST_DEBUG, "host.debug"},
		{0, CORBEL_HOST_WEAK_ENTROPY, "host.entropy"},
		{0, 1u << 31, "checkpoint.flags"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w.checkpoint.host_flags =
			(w.checkpoint.host_flags & ~cases[i].clear) | cases[i].set;
		recorded_make(&w);
		bad(cases[i].row);
		case_fresh(NULL);
	}
	w.checkpoint.host_flags ^= CORBEL_HOST_IOMMU | CORBEL_HOST_NO_DEVICES;
	recorded_make(&w);
	trusted();
	w.checkpoint.host_flags |= CORBEL_HOST_SMT;
	recorded_make(&w);
	judged(VERDICT_trusted, "host.smt", ROW_warning);
	case_fresh(NULL);
	w.record[RECORD_LAUNCH].host_flags |= CORBEL_HOST_DEBUG; /* only when it was launched */
	recorded_make(&w);
	bad("tenant.launch");
}

/* The flags in words, and what each row makes of them. */
static void flags_in_words(void **state)
{
	static const struct {
		const char *row, *good, *bad;
	} rows[] = {
		{"checkpoint.flags", "says of its host", "does not know"},
		{"host.measured", "Every step", "was not measured"},
		{"host.debug", "No debug build", "A debug build"},
		{"host.entropy", "a good source", "can be guessed"},
		{"host.iommu", "No domain has a device", "A device, and so Dom0"},
		{"host.smt", "One thread", "two threads"},
		{"host.ibpb", "is flushed", "cannot flush"},
	};

	(void)state;
	trusted();
	assert_string_equal(row_of("checkpoint.flags")->found, "measured tpm efi no-devices");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_non_null(strstr(row_of(rows[i].row)->meaning, rows[i].good));
	}
	w.checkpoint.host_flags = CORBEL_HOST_DEBUG | CORBEL_HOST_WEAK_ENTROPY | CORBEL_HOST_SMT |
				  CORBEL_HOST_NO_IBPB | 1u << 31;
	recorded_make(&w);
	bad("checkpoint.flags");
	assert_string_equal(row_of("checkpoint.flags")->found,
			    "debug weak-entropy smt no-ibpb unknown 0x80000000");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_non_null(strstr(row_of(rows[i].row)->meaning, rows[i].bad));
	}
	case_fresh(NULL);
	w.checkpoint.host_flags ^= CORBEL_HOST_IOMMU | CORBEL_HOST_NO_DEVICES;
	recorded_make(&w);
	trusted();
	assert_non_null(strstr(row_of("host.iommu")->meaning, "Devices reach no"));
}

static void boot_record(void **state)
{
	struct corbel_log_boot *boot = &w.record[RECORD_BOOT].body.boot;

	(void)state;
	boot->hypervisor_svn = 2;
	recorded_make(&w);
	bad("log.boot");
	case_fresh(NULL);
	boot->builder_svn = 0;
	recorded_make(&w);
	bad("log.boot");
	case_fresh(NULL);
	boot->builder_image[9] ^= 1;
	recorded_make(&w);
	bad("log.boot");
	case_fresh(NULL);
	boot->tpm_error = 0x101;
	recorded_make(&w);
	bad("log.boot");
	case_fresh(NULL);
	w.record[RECORD_BOOT].policy_serial = 6;
	recorded_make(&w);
	bad("log.boot");
	case_fresh(NULL);
	w.record[RECORD_BOOT].policy[0] ^= 1;
	recorded_make(&w);
	bad("log.boot");
	case_fresh(NULL);
	boot->reset_count++;
	recorded_make(&w);
	bad("quote.clock");
}

/* ---- switches of policy --------------------------------------------------------------------- */

/* To another policy and back again. */
static void switch_policy(const uint8_t *first, const uint8_t *second, uint64_t serial)
{
	struct corbel_log_record *r = recorded_append(&w, CORBEL_LOG_policy, CORBEL_LOG_NONE);

	memcpy(r->body.policy_change.before, first, 32);
	memcpy(r->policy, second, 32);
	r->policy_serial = serial;
	w.checkpoint.policy_switches++;
}

static void switches(void **state)
{
	static const uint8_t other[32] = {0xAB};
	uint8_t policy[32];

	(void)state;
	memcpy(policy, w.checkpoint.policy, 32);
	switch_policy(policy, policy, 8);
	recorded_make(&w);
	trusted();
	assert_int_equal(recorded_row(&w, "checkpoint.switches"), ROW_ok);
	w.shown[RECORD_USUAL] = false; /* one is held back */
	recorded_make(&w);
	missing("checkpoint.switches");
	w.shown[RECORD_USUAL] = true;
	w.checkpoint.policy_switches = 0;
	recorded_make(&w);
	bad("checkpoint.switches");
	case_fresh(NULL);
	switch_policy(policy, other, 8);
	switch_policy(other, policy, 9);
	recorded_make(&w);
	bad("checkpoint.switches"); /* an unknown one was in force for a while */
	case_fresh(NULL);
	switch_policy(other, policy, 8);
	recorded_make(&w);
	bad("checkpoint.switches"); /* not from the one before */
	case_fresh(NULL);
	memcpy(w.checkpoint.policy, other, 32);
	recorded_make(&w);
	bad("checkpoint.policy");
	assert_int_equal(recorded_row(&w, "checkpoint.switches"), ROW_bad);
	case_fresh(NULL);
	memcpy(w.record[RECORD_LAUNCH].policy, other, 32);
	recorded_make(&w);
	bad("tenant.policy");
}

static unsigned rows_of(const char *component)
{
	unsigned count = 0;

	for (size_t i = 0; i < w.v.count; i++) {
		count += !strcmp(w.v.row[i].component, component);
	}
	return count;
}

/* What cannot be judged is not called bad, and one fault is told once. */
static void switches_unjudged(void **state)
{
	static const uint8_t other[32] = {0xAB}, third[32] = {0xCD};
	const char *reference = w.references[0];
	uint8_t policy[32];

	(void)state;
	memcpy(policy, w.checkpoint.policy, 32);
	w.shown[RECORD_BOOT] = false;
	recorded_make(&w);
	missing("checkpoint.switches");
	assert_non_null(strstr(row_of("checkpoint.switches")->meaning, "Without boot record"));
	switch_policy(policy, policy, 8);
	recorded_make(&w);
	missing("checkpoint.switches");
	case_fresh(NULL);
	switch_policy(policy, policy, 8);
	recorded_make(&w);
	w.references[0] = NULL;
	missing("checkpoint.switches");
	w.references[0] = reference;
	case_fresh(NULL);
	switch_policy(policy, other, 8);
	switch_policy(third, third, 9);
	recorded_make(&w);
	bad("checkpoint.switches");
	assert_int_equal(rows_of("checkpoint.switches"), 1);
}

/* ---- since older evidence
 * ------------------------------------------------------------------------
 */

/* Older evidence: what is there now, in a file. */
static void keep(char path[96])
{
	char *text = recorded_json(&w);

	fixture_write(&w.f, "old.json", text, strlen(text), path);
	free(text);
	w.f.in.since = path;
}

static void since(void **state)
{
	char path[96];

	(void)state;
	keep(path);
	trusted(); /* the very same log needs no proof */
	recorded_append(&w, CORBEL_LOG_launch, 3);
	w.shown[RECORD_USUAL] = false;
	recorded_append(&w, CORBEL_LOG_builder, CORBEL_LOG_NONE);
	recorded_make(&w);
	missing("log.consistency"); /* no proof */
	recorded_since(&w, RECORD_USUAL);
	judged(VERDICT_trusted, "log.consistency", ROW_ok);
	recorded_since(&w, RECORD_USUAL - 1);
	missing("log.consistency"); /* of another size */
	recorded_since(&w, RECORD_USUAL);
	w.f.e.since_proof[0][0] ^= 1;
	bad("log.consistency");
	w.f.in.since = "/nonexistent";
	missing("log.consistency");
	w.f.in.since = NULL; /* a proof that nobody asked for */
	judged(VERDICT_trusted, "log.consistency", ROW_note);
	assert_string_equal(row_of("log.consistency")->found, "a proof since older evidence");
}

static void fork_of_the_log(void **state)
{
	char path[96];

	(void)state;
	keep(path);
	w.record[RECORD_DOM0].salt[0] ^= 1;
	recorded_append(&w, CORBEL_LOG_launch, 3);
	w.shown[RECORD_USUAL] = false;
	recorded_make(&w);
	recorded_since(&w, RECORD_USUAL);
	bad("log.consistency");
	case_fresh(NULL);
	w.f.in.since = path;
	w.record[RECORD_DOM0].salt[0] ^= 1;
	recorded_make(&w);
	bad("log.consistency"); /* the same size, another root */
	case_fresh(NULL);
	w.f.in.since = path;
	w.records = RECORD_USUAL - 1;
	recorded_make(&w);
	bad("log.consistency"); /* rolled back */
	case_fresh(NULL);
	w.f.in.since = path;
	memset(w.checkpoint.boot_id, 0xB1, 32);
	for (size_t i = 0; i < w.records; i++) {
		memset(w.record[i].boot_id, 0xB1, 32);
	}
	recorded_make(&w);
	bad("log.consistency");
	for (size_t i = 0; i < w.v.count; i++) {
		if (!strcmp(w.v.row[i].component, "log.consistency")) {
			assert_non_null(strstr(w.v.row[i].meaning, "another boot"));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(usual, case_fresh),
		cmocka_unit_test_setup(altered_records, case_fresh),
		cmocka_unit_test_setup(altered_proofs, case_fresh),
		cmocka_unit_test_setup(foreign_record, case_fresh),
		cmocka_unit_test_setup(impossible_records, case_fresh),
		cmocka_unit_test_setup(no_records, case_fresh),
		cmocka_unit_test_setup(stale_checkpoint, case_fresh),
		cmocka_unit_test_setup(causes, case_fresh),
		cmocka_unit_test_setup(flags, case_fresh),
		cmocka_unit_test_setup(flags_in_words, case_fresh),
		cmocka_unit_test_setup(boot_record, case_fresh),
		cmocka_unit_test_setup(switches, case_fresh),
		cmocka_unit_test_setup(switches_unjudged, case_fresh),
		cmocka_unit_test_setup(since, case_fresh),
		cmocka_unit_test_setup(fork_of_the_log, case_fresh),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
