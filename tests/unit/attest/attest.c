/* SPDX-License-Identifier: MIT */
/*
 * corbel-attest's evidence: which records are in it and for whom, one quote for several, and what
 * it refuses to write.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attest/attest_fixture.h"
#include "tools/corbel/launchlog.h"

/* 0 boot, 1 Dom0, 2 domain 5, 3 domain 6, 4 report of 5, 5 report of 6, 6 policy, 7 builder,
 * 8 end of 5, 9 domain 5 again, 10 its report */
static void fill_log(void)
{
	fake_log_add(CORBEL_LOG_launch, 5);
	fake_log_add(CORBEL_LOG_launch, 6);
	fake_log_add(CORBEL_LOG_report, 5)->body.report.launch = 2;
	fake_log_add(CORBEL_LOG_report, 6)->body.report.launch = 3;
	fake_log_add(CORBEL_LOG_policy, CORBEL_LOG_NONE);
	fake_log_add(CORBEL_LOG_builder, CORBEL_DOMID_BUILDER);
	fake_log_add(CORBEL_LOG_destroy, 5)->body.destroy.launch = 2;
	fake_log_add(CORBEL_LOG_launch, 5);
	fake_log_add(CORBEL_LOG_report, 5)->body.report.launch = 9;
}

static void test_host(void **state)
{
	(void)state;
	fill_log();
	assert_done(RUN("--nonce", NONCE_A, "-o", "e.json"));
	EVIDENCE("e.json", NONCE_A, 0, 1, 6, 7);
	assert_int_equal(fake_log->stored, 11);
}

static void test_domains(void **state)
{
	(void)state;
	fill_log();
	assert_done(RUN("--nonce", NONCE_A, "--domain", "6", "-o", "e.json"));
	EVIDENCE("e.json", NONCE_A, 0, 3, 5, 6, 7);
	assert_done(RUN("--nonce", NONCE_B, "--domain", "5", "-o", "e.json"));
	EVIDENCE("e.json", NONCE_B, 0, 6, 7, 9, 10); /* not the earlier domain 5 */
	assert_done(RUN("--nonce", NONCE_B, "--domain", "6", "--domain=0", "-o", "e.json"));
	EVIDENCE("e.json", NONCE_B, 0, 1, 3, 5, 6, 7);
	assert_said(RUN("--nonce", NONCE_B, "--domain", "7", "-o", "none.json"), 1,
		    "domain 7 was not launched in this boot");
	assert_int_equal(access("none.json", F_OK), -1);
}

static void test_ended(void **state)
{
	(void)state;
	fake_log_add(CORBEL_LOG_launch, 5);
	fake_log_add(CORBEL_LOG_destroy, 5)->body.destroy.launch = 2;
	assert_done(RUN("--nonce", NONCE_A, "--domain", "5", "-o", "e.json"));
	EVIDENCE("e.json", NONCE_A, 0, 2, 3);
}

/* A domain that reports all day does not make its evidence grow for ever, nor lose its report. */
static void test_many_reports(void **state)
{
	struct evidence e = {0};

	(void)state;
	fake_log_add(CORBEL_LOG_launch, 5);
	for (int i = 0; i < 300; i++) {
		struct corbel_log_report *report = &fake_log_add(CORBEL_LOG_report, 5)->body.report;

		report->launch = 2;
		memset(report->data, i == 17 ? 0xa1 : i, 32);
		if (i % 100 == 0) { /* the ring is not larger */
			assert_done(RUN("--nonce", NONCE_B, "-o", "b.json"));
		}
	}
	assert_done(RUN("--nonce", NONCE_A, "--domain", "5", "-o", "e.json"));
	read_evidence("e.json", &e);
	check(&e, NONCE_A);
	/* boot, launch, the one with the nonce, i = 161 (0xa1 too), and 64 of the newest */
	assert_int_equal(e.entry_count, 2 + 2 + 64);
	assert_int_equal(e.entry[2].index, 20);
	assert_int_equal(e.entry[67].index, 302);
	verify_evidence_free(&e);
}

/* More than evidence has room for is said, and none is written. */
static void test_too_many(void **state)
{
	char why[512];

	(void)state;
	fake_log_add(CORBEL_LOG_launch, 5);
	for (int i = 0; i < 1025; i++) {
		struct corbel_log_report *report = &fake_log_add(CORBEL_LOG_report, 5)->body.report;

		report->launch = 2;
		memset(report->data, 0xa1, 32);
		if (i % 100 == 0) {
			assert_int_equal(launchlog_store(why, sizeof(why)), 0);
		}
	}
	assert_said(RUN("--nonce", NONCE_A, "--domain", "5", "-o", "many.json"), ATTEST_ERROR,
		    "1025 reports carry this nonce, and evidence has room for 1024");
	assert_int_not_equal(access("many.json", F_OK), 0);
	assert_done(RUN("--nonce", NONCE_B, "--domain", "5", "-o", "many.json"));
	unlink("many.json");
	for (int i = 0; i < 4096; i++) {
		fake_log_add(CORBEL_LOG_policy, CORBEL_LOG_NONE);
		if (i % 100 == 0) {
			assert_int_equal(launchlog_store(why, sizeof(why)), 0);
		}
	}
	assert_said(RUN("--nonce", NONCE_B, "-o", "many.json"), ATTEST_ERROR,
		    "records, and a verifier reads 4096");
	assert_int_not_equal(access("many.json", F_OK), 0);
}

/* Images that do not build, again and again: the host can still be attested, as of others. */
static void test_many_builders(void **state)
{
	struct evidence e = {0};
	char why[512];

	(void)state;
	for (int i = 0; i < 4000; i++) {
		fake_log_add(CORBEL_LOG_builder, CORBEL_DOMID_BUILDER);
		if (i % 200 == 0) {
			assert_int_equal(launchlog_store(why, sizeof(why)), 0);
		}
	}
	fake_log_add(CORBEL_LOG_policy, CORBEL_LOG_NONE);
	fake_log_add(CORBEL_LOG_launch, 5);
	assert_done(RUN("--nonce", NONCE_A, "--domain", "5", "-o", "e.json"));
	read_evidence("e.json", &e);
	check(&e, NONCE_A);
	assert_int_equal(e.entry_count, 1 + 256 + 2);
	assert_int_equal(e.entry[0].index, 0);
	assert_int_equal(e.entry[1].index, 4002 - 256);
	verify_evidence_free(&e);
}

static void test_batch(void **state)
{
	struct evidence e = {0};

	(void)state;
	fill_log();
	assert_done(RUN("--request", NONCE_A ":5:a.json", "--request", NONCE_B ":6:b.json",
			"--request", NONCE_C "::c.json"));
	assert_int_equal(calls, 1);
	EVIDENCE("a.json", NONCE_A, 0, 6, 7, 9, 10);
	EVIDENCE("b.json", NONCE_B, 0, 3, 5, 6, 7);
	EVIDENCE("c.json", NONCE_C, 0, 1, 6, 7);
	read_evidence("b.json", &e);
	assert_int_equal(e.batch_size, 3);
	assert_int_equal(e.batch_index, 1);
	verify_evidence_free(&e);
	assert_done(RUN("--request", NONCE_A ":5:one.json")); /* a batch of one */
	EVIDENCE("one.json", NONCE_A, 0, 6, 7, 9, 10);
	/* One that is not there is not the others' fault. */
	assert_said(RUN("--request", NONCE_A ":9:x.json", "--request", NONCE_B ":6:y.json"), 1,
		    "domain 9 was not launched");
	assert_int_equal(access("x.json", F_OK), -1);
	EVIDENCE("y.json", NONCE_B, 0, 3, 5, 6, 7);
}

static void test_since(void **state)
{
	struct evidence e = {0};
	merkle_hash old;

	(void)state;
	root_of(2, old);
	fill_log();
	assert_done(RUN("--nonce", NONCE_A, "--since", "2", "-o", "e.json"));
	read_evidence("e.json", &e);
	check(&e, NONCE_A);
	assert_int_equal(e.since_size, 2);
	assert_true(merkle_consistency_verify(2, old, 11, e.checkpoint.root, e.since_proof,
					      e.since_proof_length));
	verify_evidence_free(&e);
	assert_done(RUN("--nonce", NONCE_A, "--since", "11", "-o", "e.json"));
	assert_said(RUN("--nonce", NONCE_A, "--since", "12", "-o", "x.json"), 1,
		    "--since 12: the log has 11 records");
	assert_int_equal(access("x.json", F_OK), -1);
}

/* And the daemon stores it before we look. */
static void add_later(struct corbel_checkpoint *answer)
{
	char why[512];

	(void)answer;
	fake_log_add(CORBEL_LOG_policy, CORBEL_LOG_NONE);
	assert_int_equal(launchlog_store(why, sizeof(why)), 0);
}

static void test_later_records(void **state)
{
	(void)state;
	after_checkpoint = add_later;
	assert_done(RUN("--nonce", NONCE_A, "-o", "e.json"));
	EVIDENCE("e.json", NONCE_A, 0, 1);
	assert_int_equal(fake_log->stored, 3);
}

static void test_busy(void **state)
{
	(void)state;
	again = 7;
	assert_done(RUN("--nonce", NONCE_A, "-o", "e.json"));
	EVIDENCE("e.json", NONCE_A, 0, 1);
	assert_int_equal(calls, 8);
	checkpoint_error = -ENODEV;
	assert_said(RUN("--nonce", NONCE_A, "-o", "x.json"), 1, "this host is unmeasured");
	checkpoint_error = -EPERM;
	assert_said(RUN("--nonce", NONCE_A, "-o", "x.json"), 1, "not permitted: xen:checkpoint");
	checkpoint_error = 0;
	wrong_pcr = true;
	assert_said(RUN("--nonce", NONCE_A, "-o", "x.json"), 1,
		    "PCR 22 does not hold the checkpoint");
	assert_int_equal(access("x.json", F_OK), -1);
}

/* Lost is what the hypervisor cannot give again; altered is any byte. */
static void test_damaged_store(void **state)
{
	FILE *file;

	(void)state;
	fill_log();
	assert_done(RUN("--nonce", NONCE_A, "-o", "e.json"));
	file = fopen(log_path(), "r+");
	assert_non_null(file);
	fseek(file, 3 * 512 + 400, SEEK_SET);
	fputc(1, file);
	fflush(file);
	assert_said(RUN("--nonce", NONCE_A, "-o", "x.json"), 1,
		    "the stored launch log is not the hypervisor's: a record is lost or altered");
	fseek(file, 4 * 512, SEEK_SET);
	assert_int_equal(fwrite(&fake_log->record[3], 512, 1, file), 1);
	fflush(file);
	assert_said(RUN("--nonce", NONCE_A, "-o", "x.json"), 1, ".log, record 4)");
	fclose(file);
	assert_int_equal(truncate(log_path(), 4 * 512), 0);
	assert_said(RUN("--nonce", NONCE_A, "-o", "x.json"), 1, "records after it are lost");
	assert_int_equal(access("x.json", F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_host),         TEST(test_domains),       TEST(test_ended),
		TEST(test_many_reports), TEST(test_too_many),      TEST(test_many_builders),
		TEST(test_batch),        TEST(test_since),         TEST(test_later_records),
		TEST(test_busy),         TEST(test_damaged_store),
	};

	return cmocka_run_group_tests(tests, start_tpm, stop_tpm);
}
