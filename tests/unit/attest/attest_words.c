/* SPDX-License-Identifier: MIT */
/*
 * corbel-attest's words: wrong use of the command, and what it may write to.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/attest_fixture.h"

static void test_usage(void **state)
{
	static const struct {
		const char *words[6], *said;
	} cases[] = {
		{{"-o", "x"}, "expected one of --nonce"},
		{{"--nonce", NONCE_A}, "-o FILE is missing"},
		{{"--nonce", "a1a1", "-o", "x"}, "--nonce a1a1: expected 64 hex digits"},
		{{"--nonce", NONCE_A "00", "-o", "x"}, "expected 64 hex digits"},
		{{"--domain", "5", "-o", "x"}, "--nonce HEX is missing"},
		{{"--nonce", NONCE_A, "--domain", "web"},
		 "--domain web: expected a domain's number"},
		{{"--nonce", NONCE_A, "--domain", "5x"}, "--domain 5x: expected a domain's number"},
		{{"--nonce", NONCE_A, "--domain", "32767"}, "expected a domain's number"},
		{{"--nonce", NONCE_A, "--since", "0"}, "--since 0: expected the number of records"},
		{{"--nonce", NONCE_A, "--since", "-1"}, "--since -1: expected the number"},
		{{"--since", "18446744073709551616"}, "expected the number of records"},
		{{"--since", " 1"}, "--since  1: expected the number of records"},
		{{"--request", NONCE_A ":5"}, "expected NONCE:DOMAIN:FILE"},
		{{"--request", NONCE_A ":5:"}, "expected NONCE:DOMAIN:FILE"},
		{{"--request", "a1:5:x"}, "expected NONCE:DOMAIN:FILE, NONCE of 64 hex digits"},
		{{"--request", NONCE_A ":5:x", "-o", "y"}, "-o does not go with --request"},
		{{"--nonce", NONCE_A, "--request", NONCE_A "::x"}, "expected one of --nonce"},
		{{"--enroll", "--nonce", NONCE_A, "-o", "x"}, "expected one of --nonce"},
		{{"--enroll"}, "-o FILE is missing"},
		{{"--enroll", "--since", "1", "-o", "x"}, "--since does not go with --enroll"},
		{{"--activate", "c", "-o", "x"}, "--activate takes no other option"},
		{{"--nonce", NONCE_A, "-o", "x", "y"}, "`y' is too much"},
		{{"--store", "/no/such"}, "--store /no/such: the folder does not exist"},
		{{"--store", "/dev/null"}, "--store /dev/null: expected a folder"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const *w = cases[i].words;

		assert_said(RUN(w[0], w[1], w[2], w[3], w[4], w[5]), 2, cases[i].said);
		assert_string_equal(strchr(said, '\n'), "\n"); /* one line */
	}
	assert_int_equal(calls, 0);
	assert_done(RUN("--store", folder, "--nonce", NONCE_A, "-o", "x"));
}

/* As many as there is room for, and one more. */
static void test_many_words(void **state)
{
	static const char *words[2 * 1026 + 8];
	static char text[1026][80];
	size_t used = 0;

	(void)state;
	words[used++] = "--tcti";
	words[used++] = tcti;
	words[used++] = "--nonce";
	words[used++] = NONCE_A;
	for (unsigned i = 0; i < 257; i++) {
		words[used++] = "--domain";
		words[used++] = "0";
	}
	assert_said(run(words), 2, "--domain 0: expected no more than 256 domains");
	words[used - 2] = "-o";
	words[used - 1] = "e.json";
	assert_done(run(words));
	used = 2;
	for (unsigned i = 0; i < 1025; i++) {
		sprintf(text[i], NONCE_A "::-");
		words[used++] = "--request";
		words[used++] = text[i];
	}
	words[used] = NULL;
	assert_said(run(words), 2, "::-: expected no more than 1024 requests");
	words[used - 2] = NULL;
	assert_done(run(words));
	assert_int_equal(calls, 2);
}

/* Two verifiers' evidence has two names; the standard output may have both. */
static void test_same_output(void **state)
{
	(void)state;
	assert_said(RUN("--request", NONCE_A "::x", "--request", NONCE_B "::y", "--request",
			NONCE_C "::x"),
		    2, "--request: two verifiers' evidence would go to x");
	assert_int_equal(access("x", F_OK), -1);
	assert_done(RUN("--request", NONCE_A "::-", "--request", NONCE_B "::-"));
	assert_non_null(strstr(printed, NONCE_A));
	assert_non_null(strstr(printed, NONCE_B));
}

static void test_help(void **state)
{
	(void)state;
	assert_done(RUN("--help"));
	assert_non_null(strstr(printed, "usage: corbel attest --nonce HEX"));
	assert_int_equal(RUN("--what"), 2);
	assert_string_equal(printed, "");
}

static void test_no_tpm(void **state)
{
	(void)state;
	assert_said(run((const char *const[]){"--tcti", "device:/dev/no/tpm", "--nonce", NONCE_A,
					      "-o", "x", NULL}),
		    1, "no /dev/no/tpm: the host has no TPM");
	assert_said(run((const char *const[]){"--tcti", "device:/dev/null/tpm", "--nonce", NONCE_A,
					      "-o", "x", NULL}),
		    1, "cannot reach the TPM at device:/dev/null/tpm");
	assert_said(RUN("--nonce", NONCE_A, "-o", "none/x"), 1, "cannot write none/x");
}

/* What -o names stays what it is: a device, a link. */
static void test_output(void **state)
{
	struct stat status;

	(void)state;
	assert_int_equal(symlink("/dev/full", "full"), 0);
	assert_int_equal(symlink("target", "link"), 0);
	assert_said(RUN("--nonce", NONCE_A, "-o", "full"), 1,
		    "cannot write full: No space left on device");
	assert_int_equal(lstat("full", &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	for (int i = 0; i < 2; i++) { /* a new file behind it, then an old one */
		assert_int_equal(RUN("--nonce", NONCE_A, "-o", "link"), 0);
		assert_int_equal(lstat("link", &status), 0);
		assert_true(S_ISLNK(status.st_mode));
		assert_int_equal(lstat("target", &status), 0);
		assert_true(S_ISREG(status.st_mode) && status.st_size > 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_usage), TEST(test_many_words), TEST(test_same_output),
		TEST(test_help),  TEST(test_no_tpm),     TEST(test_output),
	};

	return cmocka_run_group_tests(tests, start_tpm, stop_tpm);
}
