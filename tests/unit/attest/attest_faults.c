/* SPDX-License-Identifier: MIT */
/*
 * corbel-attest when its TPM, the hypervisor or the store of the launch log is not as it should be:
 * each fault ends it with its own reason and no evidence.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attest/attest_fixture.h"
#include "sim/fake_esys.h"
#include "tools/corbel/launchlog.h"

#define ATTEST() RUN("--nonce", NONCE_A, "-o", "e.json")
#define ENROL()  RUN("--enroll", "-o", "e.json")

/* One line was said, with these words; nothing was written, and nothing is left in the TPM. */
static void assert_failed(int status, const char *words)
{
	assert_said(status, ATTEST_ERROR, words);
	assert_string_equal(strchr(said, '\n'), "\n");
	assert_int_equal(access("e.json", F_OK), -1);
	assert_int_equal(fake_esys.held, 0);
}

static int new_tpm(void **state)
{
	fake_esys_init();
	return set_up(state);
}

static void fault(const char *function, unsigned nth, TPM2_HANDLE handle)
{
	fake_esys.fail = function;
	fake_esys.nth = nth;
	fake_esys.handle = handle;
}

/* ---- commands of the TPM ------------------------------------------------------------------ */

static void test_commands(void **state)
{
	static const struct {
		const char *function;
		unsigned nth;
		TPM2_HANDLE handle;
		const char *said;
	} cases[] = {
		{"Esys_Initialize", 0, 0, "cannot use the TPM at fake: "},
		{"Esys_TR_FromTPMPublic", 0, ATTEST_AK_HANDLE,
		 "cannot look at the AK at 0x8101c0b1: "},
		{"Esys_TR_FromTPMPublic", 0, ATTEST_EK_HANDLE,
		 "cannot look at the EK at 0x81010001: "},
		{"Esys_TR_FromTPMPublic", 0, ATTEST_EK_NV_INDEX,
		 "cannot find the EK certificate in NV 0x1c00002: "},
		{"Esys_StartAuthSession", 0, 0, "the TPM starts no session: "},
		{"Esys_StartAuthSession", 1, 0, "the TPM starts no session: "},
		{"Esys_PolicySecret", 0, 0,
		 "the endorsement hierarchy is not open (its auth is set?): "},
		{"Esys_Create", 0, 0, "the TPM makes no AK: "},
		{"Esys_Load", 0, 0, "the TPM does not load the AK: "},
		{"Esys_EvictControl", 0, 0, "the TPM does not keep the AK at 0x8101c0b1: "},
		{"Esys_ReadPublic", 0, ATTEST_AK_HANDLE, "cannot read a key's public part: "},
		{"Esys_NV_ReadPublic", 0, 0, "cannot look at the EK certificate in NV 0x1c00002: "},
		{"Esys_NV_Read", 2, 0, "cannot read the EK certificate in NV 0x1c00002: "},
		{"Esys_GetCapability", 0, 0, "cannot ask for the active PCR banks: "},
		{"Esys_Quote", 0, 0, "the TPM refuses the quote: "},
		{"Esys_PCR_Read", 0, 0, "cannot read the PCRs: "},
		{"Esys_PCR_Read", 1, 0, "cannot read the PCRs: "},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_tpm(state);
		fault(cases[i].function, cases[i].nth, cases[i].handle);
		assert_failed(ATTEST(), cases[i].said);
		assert_non_null(strstr(said, " (0x101)")); /* TPM_RC_FAILURE */
		tear_down(state);
	}
	set_up(state);
}

static void test_nothing_there(void **state)
{
	(void)state;
	fake_esys.has_ek = false;
	assert_failed(ATTEST(), "this TPM has no RSA EK at 0x81010001: it was not provisioned\n");
	assert_false(fake_esys.has_ak);
	assert_failed(RUN("--nonce", NONCE_A, "--since", "1", "-o", "e.json"), "has no RSA EK");
	fake_esys.has_ek = true;
	fake_esys.has_certificate = false;
	assert_failed(ATTEST(), "this TPM has no EK certificate (NV 0x1c00002)\n");
}

/* What is remembered is the key's that is there. */
static void test_remembered(void **state)
{
	struct stat status;

	(void)state;
	assert_done(ATTEST());
	fault("Esys_ReadPublic", 0, 0);
	assert_done(ATTEST());
	fault("Esys_NV_ReadPublic", 0, 0);
	assert_done(ATTEST());
	unlink("e.json");
	fault("Esys_TR_GetName", 0, 0);
	fake_esys.commands = 0;
	assert_done(ATTEST());
	assert_int_not_equal(fake_esys.commands, 0);
	/* a certificate for which there is no room is read anew */
	assert_int_equal(truncate("ek.der", sizeof(fake_esys.nv)), 0);
	fault(NULL, 0, 0);
	assert_done(ATTEST());
	assert_int_equal(stat("ek.der", &status), 0);
	assert_int_equal(status.st_size, 1004);
	assert_int_equal(truncate("ek.der", 0), 0);
	assert_done(ATTEST());
	assert_int_equal(stat("ek.der", &status), 0);
	assert_int_equal(status.st_size, 1004);
	/* what cannot be kept costs a command next time */
	unlink("ek.der");
	assert_int_equal(mkdir("ek.der", 0700), 0);
	unlink("ak.public");
	assert_int_equal(symlink("/dev/full", "ak.public.new"), 0);
	assert_done(ATTEST());
	assert_int_equal(access("ek.der.new", F_OK), -1);
	assert_int_equal(access("ak.public", F_OK), -1);
	assert_int_equal(mkdir("ak.public.new", 0700), 0);
	assert_done(ATTEST());
	/* one so long that it is written at once */
	memcpy(fake_esys.nv, "\x30\x82\x1f\xf0", 4);
	fake_esys.nv_size = ATTEST_CERT_MAX;
	assert_int_equal(rmdir("ek.der"), 0);
	assert_int_equal(symlink("/dev/full", "ek.der.new"), 0);
	assert_done(ATTEST());
	assert_int_equal(lstat("ek.der", &status), -1);
}

/* What is remembered is of another key. */
static void test_other_key(void **state)
{
	struct evidence first = {0}, second = {0};

	(void)state;
	assert_done(ATTEST());
	read_evidence("e.json", &first);
	fake_esys.ak.publicArea.unique.ecc.x.buffer[0] ^= 1;
	fake_esys.nv[100] ^= 1;
	assert_done(ATTEST());
	read_evidence("e.json", &second);
	assert_memory_not_equal(first.ak_public.data, second.ak_public.data,
				first.ak_public.length);
	assert_memory_not_equal(first.ek_certificate.data, second.ek_certificate.data, 1004);
	verify_evidence_free(&first);
	verify_evidence_free(&second);
}

static void assert_foreign(void)
{
	unlink("ak.public");
	unlink("e.json");
	assert_failed(ATTEST(), "the key at 0x8101c0b1 is not an AK made here");
}

static void test_foreign_keys(void **state)
{
	TPM2B_PUBLIC ours;

	(void)state;
	assert_done(ATTEST());
	ours = fake_esys.ak;
	fake_esys.ak.publicArea.objectAttributes &= ~TPMA_OBJECT_RESTRICTED;
	assert_foreign();
	fake_esys.ak = ours;
	fake_esys.ak.publicArea.authPolicy.size = 32;
	assert_foreign();
	fake_esys.ak = fake_esys.ek;
	assert_foreign();
	fake_esys.ak = ours;
	fake_esys.ak.publicArea.type = TPM2_ALG_ERROR;
	unlink("ak.public");
	assert_failed(ATTEST(), "the TPM's key has no form that can be written: ");
	fake_esys.ak = ours;
	assert_done(ATTEST());
}

/* ---- what the TPM answers ----------------------------------------------------------------- */

static void one_less(TPML_PCR_SELECTION *selection, TPML_DIGEST *values)
{
	(void)selection;
	values->count--;
}

static void no_bank(TPML_PCR_SELECTION *selection, TPML_DIGEST *values)
{
	(void)values;
	selection->count = 0;
}

static void other_pcrs(TPML_PCR_SELECTION *selection, TPML_DIGEST *values)
{
	(void)values;
	selection->pcrSelections[0].pcrSelect[2] ^= 1;
}

static void short_digest(TPML_PCR_SELECTION *selection, TPML_DIGEST *values)
{
	(void)selection;
	values->digests[1].size = 31;
}

static void test_pcrs(void **state)
{
	(void)state;
	fake_esys.answer = one_less;
	assert_failed(ATTEST(), "the TPM gave 7 of 8 PCRs: is its SHA-256 bank active?");
	fake_esys.answer = no_bank;
	assert_failed(ATTEST(), "the TPM gave 8 of 8 PCRs: is its SHA-256 bank active?");
	fake_esys.answer = other_pcrs;
	assert_failed(ATTEST(), "the TPM gave 8 of 8 PCRs: is its SHA-256 bank active?");
	fake_esys.bad_signature = true;
	assert_failed(ATTEST(), "the TPM's signature has no form that can be written: ");
	fake_esys.bad_signature = false;
	fake_esys.answer = short_digest;
	assert_failed(ATTEST(), "the TPM gave PCR 1 with 31 bytes");
}

/* Banks without a PCR are not active. */
static void test_banks(void **state)
{
	TPML_PCR_SELECTION *banks = &fake_esys.banks;
	struct evidence e = {0};

	(void)state;
	banks->count = 3;
	banks->pcrSelections[1] = (TPMS_PCR_SELECTION){TPM2_ALG_SHA1, 3, {0}};
	banks->pcrSelections[2] = (TPMS_PCR_SELECTION){TPM2_ALG_SHA384, 3, {0, 1, 0}};
	assert_done(ATTEST());
	EVIDENCE("e.json", NONCE_A, 0, 1);
	read_evidence("e.json", &e);
	assert_memory_equal(e.attest.data + e.attest.length - 34 - 12,
			    "\x00\x0B\x03\xFF\x03\x4E\x00\x0C\x03\xFF\x03\x4E", 12);
	verify_evidence_free(&e);
	unlink("e.json");
	memset(banks->pcrSelections[0].pcrSelect, 0, 3);
	assert_failed(ATTEST(), "the TPM's SHA-256 bank is not active: ");
	banks->pcrSelections[2].sizeofSelect = 200; /* more than there are */
	assert_failed(ATTEST(), "the TPM's SHA-256 bank is not active: ");
}

static void test_certificate(void **state)
{
	static const struct {
		const char head[5];
		int length; /* -1: it is none */
	} cases[] = {{"\x30\x82\x03\xe8", 1004}, {"\x30\x81\xff\0", 258}, {"\x30\x7f\0\0", 129},
		     {"\x30\x80\0\0", -1},       {"\x30\x83\0\1", -1},    {"\x31\x82\x03\xe8", -1},
		     {"\x30\x82\x04\xac", 1200}, {"\x30\x82\x04\xad", -1}};
	struct evidence e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unlink("ek.der");
		unlink("e.json");
		memcpy(fake_esys.nv, cases[i].head, 4);
		if (cases[i].length < 0) {
			assert_failed(ATTEST(), "NV 0x1c00002 holds no certificate in DER");
			continue;
		}
		assert_done(ATTEST());
		read_evidence("e.json", &e);
		assert_int_equal(e.ek_certificate.length, cases[i].length);
		assert_memory_equal(e.ek_certificate.data, fake_esys.nv, cases[i].length);
		verify_evidence_free(&e);
	}
	unlink("ek.der");
	unlink("e.json");
	fake_esys.nv_size = 3;
	memcpy(fake_esys.nv, "\x30\x01", 2);
	assert_failed(ATTEST(), "NV 0x1c00002 holds no certificate in DER");
	fake_esys.nv_size = ATTEST_CERT_MAX + 1;
	assert_failed(ATTEST(), "NV 0x1c00002 has 8193 bytes, more than a certificate");
	fake_esys.nv_size = ATTEST_CERT_MAX;
	fake_esys.nv_more = 1;
	assert_failed(ATTEST(), "the TPM gave a wrong length of NV 0x1c00002");
	fake_esys.nv_more = -512;
	assert_failed(ATTEST(), "the TPM gave a wrong length of NV 0x1c00002");
}

/* ---- the hypervisor ----------------------------------------------------------------------- */

static void other_magic(struct corbel_checkpoint *answer)
{
	answer->magic[0] ^= 1;
}

static void other_nonce(struct corbel_checkpoint *answer)
{
	answer->nonce[31] ^= 1;
}

static void other_boot(struct corbel_checkpoint *answer)
{
	answer->boot_id[0] ^= 1;
	tpm_extend(answer, sizeof(*answer));
}

static void one_more(struct corbel_checkpoint *answer)
{
	answer->size++;
	tpm_extend(answer, sizeof(*answer));
}

/* Nobody else asks for a checkpoint between this one and the quote. */
static void see_lock(struct corbel_checkpoint *answer)
{
	FILE *file = fopen("attest.lock", "r");

	(void)answer;
	assert_non_null(file);
	assert_int_equal(flock(fileno(file), LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	fclose(file);
}

static void test_checkpoint(void **state)
{
	(void)state;
	again = 10000;
	assert_failed(ATTEST(), "no checkpoint: the TPM was busy for 30 s: who holds it?");
	assert_in_range(calls, 30, 33);
	again = 0;
	checkpoint_error = -EIO;
	assert_failed(ATTEST(), "no checkpoint: Input/output error");
	checkpoint_error = 0;
	after_checkpoint = other_magic;
	assert_failed(ATTEST(), "the hypervisor's checkpoint is not for this nonce");
	after_checkpoint = other_nonce;
	assert_failed(ATTEST(), "the hypervisor's checkpoint is not for this nonce");
	after_checkpoint = other_boot;
	assert_failed(ATTEST(), "the checkpoint is of another boot");
	after_checkpoint = one_more;
	assert_failed(ATTEST(), "b0.log has 2 records, 3 are needed");
	after_checkpoint = see_lock;
	assert_done(ATTEST());
	unlink("e.json");
	unlink("attest.lock");
	calls = 0;
	assert_int_equal(mkdir("attest.lock", 0700), 0);
	assert_failed(ATTEST(), "attest.lock: Is a directory");
	assert_int_equal(calls, 0);
}

static void test_logs(void **state)
{
	(void)state;
	fake_log->error = -EIO;
	fake_esys.commands = 0;
	assert_failed(ATTEST(), "Input/output error");
	fake_log->error = 0;
	fake_log->boot_error = -EPERM;
	assert_failed(ATTEST(), "cannot read the boot log: not permitted: xen:measure");
	fake_log->boot_error = -EIO;
	assert_failed(ATTEST(), "cannot read the boot log: Input/output error");
	fake_log->boot_error = 0;
	fake_log->bad_boot = true;
	assert_failed(ATTEST(), "corbel-attest: the boot log: ");
	fake_log->bad_boot = false;
	launchlog_root = "/dev/null/x";
	assert_failed(ATTEST(), "/dev/null/x");
	assert_int_equal(calls, 3);
}

/* The first record that cannot be right is named. */
static void test_store(void **state)
{
	static const size_t wrong[] = {offsetof(struct corbel_log_record, magic),
				       offsetof(struct corbel_log_record, index),
				       offsetof(struct corbel_log_record, boot_id)};
	FILE *file;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		tear_down(state);
		new_tpm(state);
		fake_log_add(CORBEL_LOG_policy, CORBEL_LOG_NONE);
		assert_done(ATTEST());
		unlink("e.json");
		file = fopen(log_path(), "r+");
		assert_non_null(file);
		fseek(file, (long)(512 + wrong[i]), SEEK_SET);
		fputc('x', file);
		fclose(file);
		assert_failed(ATTEST(), ".log, record 1)");
	}
}

/* ---- enrolment ---------------------------------------------------------------------------- */

static void challenge(const char *credential, const char *secret)
{
	FILE *file = fopen("challenge.json", "w");

	assert_non_null(file);
	fprintf(file,
		"{\"format\": \"corbel.challenge.1\", \"credential\": \"%s\", \"secret\": \"%s\"}",
		credential, secret);
	fclose(file);
}

static void test_enrol(void **state)
{
	(void)state;
	assert_failed(
		run((const char *const[]){"--tcti", "other", "--enroll", "-o", "e.json", NULL}),
		"cannot reach the TPM at other: ");
	fault("Esys_NV_ReadPublic", 0, 0);
	assert_failed(ENROL(), "cannot look at the EK certificate");
	fault("Esys_TR_FromTPMPublic", 1, ATTEST_EK_HANDLE);
	assert_done(ENROL());
	unlink("e.json");
	fault("Esys_TR_FromTPMPublic", 0, ATTEST_EK_HANDLE);
	assert_failed(ENROL(), "cannot look at the EK at ");
	fault("Esys_ReadPublic", 0, ATTEST_EK_HANDLE);
	assert_failed(ENROL(), "cannot read a key's public part: ");
	assert_done(ENROL());
	assert_int_equal(fake_esys.held, 0);
}

#define ACTIVATE() RUN("--activate", "challenge.json")

static void test_activate(void **state)
{
	(void)state;
	challenge("0003abcdef", "0000");
	assert_done(ACTIVATE());
	assert_string_equal(printed, "abcdef\n");
	print_to = "/dev/full";
	assert_failed(ACTIVATE(), "cannot write to stdout");
	print_to = NULL;
	assert_int_equal(fake_esys.held, 0);
	fault("Esys_TR_FromTPMPublic", 0, ATTEST_EK_HANDLE);
	assert_failed(ACTIVATE(), "cannot look at the EK at ");
	fault("Esys_StartAuthSession", 0, 0);
	assert_failed(ACTIVATE(), "the TPM starts no session: ");
	fault("Esys_ActivateCredential", 0, 0);
	assert_failed(ACTIVATE(), "the challenge is not for this TPM and its AK: ");
	assert_string_equal(printed, "");
	challenge("0003abcdef00", "0000");
	assert_failed(ACTIVATE(), "challenge: credential: expected a TPM2B_ID_OBJECT");
	challenge("0003abcd", "0000");
	assert_failed(ACTIVATE(), "challenge: credential: expected a TPM2B_ID_OBJECT");
	challenge("0003abcdef", "000000");
	assert_failed(ACTIVATE(), "challenge: secret: expected a TPM2B_ENCRYPTED_SECRET");
	challenge("0003abcdef", "0001");
	assert_failed(ACTIVATE(), "challenge: secret: expected a TPM2B_ENCRYPTED_SECRET");
	challenge("x", "0000");
	assert_said(ACTIVATE(), ATTEST_USAGE, "challenge.json: ");
	fake_esys.commands = 0;
	assert_said(RUN("--activate", "none.json"), ATTEST_USAGE, "none.json: ");
	assert_int_equal(fake_esys.commands, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, new_tpm, tear_down)
		TEST(test_commands),  TEST(test_nothing_there), TEST(test_remembered),
		TEST(test_other_key), TEST(test_foreign_keys),  TEST(test_pcrs),
		TEST(test_banks),     TEST(test_certificate),   TEST(test_checkpoint),
		TEST(test_logs),      TEST(test_store),         TEST(test_enrol),
		TEST(test_activate),
	};

	return cmocka_run_group_tests(tests, start_tpm, stop_tpm);
}
