/* SPDX-License-Identifier: MIT */
/*
 * corbel-attest's keys: enrolment with the verifier's own code, one AK for ever, keys that are not
 * ours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_enrol),
		TEST(test_wrong_challenge),
		TEST(test_same_key),
		TEST(test_foreign_key),
	};

	return cmocka_run_group_tests(tests, start_tpm, stop_tpm);
}
