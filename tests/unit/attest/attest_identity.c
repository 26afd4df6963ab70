/* SPDX-License-Identifier: MIT */
/*
 * corbel-attest's keys: enrolment with the verifier's own code, one AK for ever, keys that are not
 * ours.  And wrong use of the command.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/attest_fixture.h"
#include "measured-boot/verify/identity.h"
#include "sim/swtpm.h"

static void make_challenge(void)
{
	static char issuer[128], root[128];
	const char *const roots[] = {issuer, root, NULL};
	struct enroll_inputs in = {.name = "host-1",
				   .evidence = "host.json",
				   .challenge = "challenge.json",
				   .pending = "secret.json",
				   .roots = roots,
				   .allow_test_tpm = true};
	FILE *out = fopen("/dev/null", "w");

	snprintf(issuer, sizeof(issuer), "%s/issuercert.pem", swtpm_dir());
	snprintf(root, sizeof(root), "%s/swtpm-localca-rootca-cert.pem", swtpm_dir());
	assert_done(RUN("--enroll", "-o", "host.json"));
	assert_int_equal(enroll(&in, out), 0);
	fclose(out);
}

static void test_enrol(void **state)
{
	(void)state;
	make_challenge();
	assert_done(RUN("--activate", "challenge.json"));
	printed[strcspn(printed, "\n")] = '\0';
	assert_int_equal(admit("hosts.json", "secret.json", printed, false), 0);
	assert_said(RUN("--activate", "host.json"), 2,
		    "host.json: is a corbel.enroll.1, expected corbel.challenge.1");
	assert_said(RUN("--activate", "nothing.json"), 2, "nothing.json");
}

/* What was not made for this key is not answered. */
static void test_wrong_challenge(void **state)
{
	char text[4096], *at;
	FILE *file;

	(void)state;
	make_challenge();
	file = fopen("challenge.json", "r+");
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	at = strstr(text, "\"credential\"") + 40;
	*at = *at == '0' ? '1' : '0';
	rewind(file);
	fputs(text, file);
	fclose(file);
	assert_said(RUN("--activate", "challenge.json"), 1,
		    "the challenge is not for this TPM and its AK");
	assert_string_equal(printed, "");
	file = fopen("challenge.json", "w");
	fputs("{\"format\": \"corbel.challenge.1\", \"credential\": \"00\", \"secret\": \"00\"}",
	      file);
	fclose(file);
	assert_said(RUN("--activate", "challenge.json"), 1, "expected a TPM2B_ID_OBJECT");
}

/* The AK is made once; what is remembered of it is not believed blindly. */
static void test_same_key(void **state)
{
	struct evidence first = {0}, second = {0};

	(void)state;
	assert_done(RUN("--nonce", NONCE_A, "-o", "a.json"));
	assert_int_equal(access("ak.public", F_OK), 0);
	assert_int_equal(truncate("ak.public", 40), 0);
	assert_int_equal(truncate("ek.der", 40), 0);
	assert_done(RUN("--nonce", NONCE_B, "-o", "b.json"));
	read_evidence("a.json", &first);
	read_evidence("b.json", &second);
	check(&second, NONCE_B);
	assert_int_equal(first.ak_public.length, second.ak_public.length);
	assert_memory_equal(first.ak_public.data, second.ak_public.data, first.ak_public.length);
	assert_int_equal(first.ek_certificate.length, second.ek_certificate.length);
	assert_memory_equal(first.ek_certificate.data, second.ek_certificate.data,
			    first.ek_certificate.length);
	verify_evidence_free(&first);
	verify_evidence_free(&second);
}

/* Puts a key that is not restricted where the AK belongs. */
static void test_foreign_key(void **state)
{
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text),
		 "export TPM2TOOLS_TCTI='%s'; exec >/dev/null 2>tools.log; set -e\n"
		 "tpm2_evictcontrol -C o -c 0x%x\n"
		 "tpm2_createprimary -C o -G ecc256:ecdsa -a 'sign|fixedtpm|fixedparent|"
		 "sensitivedataorigin|userwithauth' -c p.ctx\n"
		 "tpm2_evictcontrol -C o -c p.ctx 0x%x\n"
		 "tpm2_flushcontext -t",
		 tcti, ATTEST_AK_HANDLE, ATTEST_AK_HANDLE);
	assert_done(RUN("--nonce", NONCE_A, "-o", "a.json"));
	assert_int_equal(system(text), 0);
	assert_said(RUN("--nonce", NONCE_A, "-o", "x.json"), 1,
		    "the key at 0x8101c0b1 is not an AK made here");
	snprintf(text, sizeof(text),
		 "TPM2TOOLS_TCTI='%s' tpm2_evictcontrol -C o -c 0x%x >tools.log", tcti,
		 ATTEST_AK_HANDLE);
	assert_int_equal(system(text), 0);
	assert_done(RUN("--nonce", NONCE_A, "-o", "a.json")); /* another one is made */
	EVIDENCE("a.json", NONCE_A, 0, 1);
}

/* ---- wrong use ---- */

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
		{{"--nonce", NONCE_A, "--domain", "32767"}, "expected a domain's number"},
		{{"--nonce", NONCE_A, "--since", "0"}, "--since 0: expected the number of records"},
		{{"--nonce", NONCE_A, "--since", "-1"}, "--since -1: expected the number"},
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
		TEST(test_enrol),       TEST(test_wrong_challenge), TEST(test_same_key),
		TEST(test_foreign_key), TEST(test_usage),           TEST(test_no_tpm),
		TEST(test_output),
	};

	return cmocka_run_group_tests(tests, start_tpm, stop_tpm);
}
