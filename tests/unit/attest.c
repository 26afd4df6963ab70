/* SPDX-License-Identifier: MIT */
/*
 * corbel-attest against a real swtpm and a fake hypervisor: what it writes is read by the
 * verifier's own parts.  Also what it refuses to write.
 */
#include <errno.h>
#include <getopt.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "fake_log.h"
#include "measured-boot/attest/attest.h"
#include "measured-boot/lib/hex.h"
#include "measured-boot/verify/identity.h"
#include "measured-boot/verify/json.h"
#include "swtpm.h"
#include "tools/corbel/launchlog.h"

#define NONCE_A "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
#define NONCE_B "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
#define NONCE_C "c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3"

static char folder[64], tcti[128];

/* ---- the hypervisor's checkpoint ---------------------------------------------------------------
 */

static int again, checkpoint_error;
static bool wrong_pcr; /* somebody else's checkpoint comes between */
static unsigned calls; /* of checkpoint */
static void (*after_checkpoint)(void);

static void put32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++) {
		to[i] = (uint8_t)(value >> (24 - 8 * i));
	}
}

/* One command on PCR 22 at locality 2 with an empty password; `more` follows the session. */
static void command(uint32_t code, const uint8_t *more, size_t length)
{
	uint8_t in[256] = {0x80, 0x02}, out[4096];

	put32(in + 2, (uint32_t)(27 + length));
	put32(in + 6, code);
	put32(in + 10, CORBEL_CHECKPOINT_PCR);
	put32(in + 14, 9);
	put32(in + 18, TPM2_RS_PW);
	memcpy(in + 27, more, length);
	swtpm_execute(2, in, 27 + length, out);
	assert_int_equal(out[6] | out[7] | out[8] | out[9], 0);
}

static void extend(const void *data, size_t length)
{
	uint8_t more[4 + 2 + 32 + 2 + 48] = {0, 0, 0, 2, 0, TPM2_ALG_SHA256};

	SHA256(data, length, more + 6);
	more[39] = TPM2_ALG_SHA384;
	SHA384(data, length, more + 40);
	swtpm_connect();
	command(TPM2_CC_PCR_Reset, more, 0);
	command(TPM2_CC_PCR_Extend, more, sizeof(more));
	/* Back to locality 0, where corbel-attest is. */
	swtpm_execute(0, (const uint8_t[]){0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8}, 12,
		      (uint8_t[4096]){0});
	swtpm_disconnect();
}

static void root_of(uint64_t size, merkle_hash root)
{
	static merkle_hash leaf[FAKE_LOG_MAX];

	for (uint64_t i = 0; i < size; i++) {
		merkle_leaf(&fake_log->record[i], sizeof(fake_log->record[i]), leaf[i]);
	}
	merkle_root(leaf, size, root);
}

static int hypervisor(enum corbel_op op, void *argument)
{
	struct corbel_checkpoint *checkpoint = argument, other;

	if (op != CORBEL_OP_checkpoint) {
		return -ENOSYS;
	}
	calls++;
	if (again || checkpoint_error) {
		again -= again > 0;
		return checkpoint_error ? checkpoint_error : -EAGAIN;
	}
	memcpy(checkpoint->magic, CORBEL_CHECKPOINT_MAGIC, sizeof(checkpoint->magic));
	memcpy(checkpoint->boot_id, fake_log->boot_id, sizeof(checkpoint->boot_id));
	checkpoint->size = fake_log->count;
	root_of(fake_log->count, checkpoint->root);
	other = *checkpoint;
	other.nonce[0] ^= wrong_pcr;
	extend(&other, sizeof(other));
	if (after_checkpoint) {
		after_checkpoint();
	}
	return 0;
}

/* ---- running it
 * ----------------------------------------------------------------------------------
 */

static char *said, *printed; /* by the last run: stderr, stdout */

static int run(const char *const *words)
{
	FILE *saved_out = stdout, *saved_err = stderr;
	char *arguments[24] = {"corbel-attest"};
	size_t out_size, err_size;
	int count = 1, status;

	for (; words[count - 1]; count++) {
		arguments[count] = strdup(words[count - 1]);
	}
	free(said);
	free(printed);
	stdout = open_memstream(&printed, &out_size);
	stderr = open_memstream(&said, &err_size);
	optind = 0;
	status = attest_main(count, arguments);
	fclose(stdout);
	fclose(stderr);
	stdout = saved_out;
	stderr = saved_err;
	while (--count) {
		free(arguments[count]);
	}
	return status;
}
#define RUN(...) run((const char *const[]){"--tcti", tcti, __VA_ARGS__, NULL})

static void assert_done(int status)
{
	if (status || said[0]) {
		fail_msg("status %d: %s", status, said);
	}
}

static void assert_said(int status, int expected, const char *words)
{
	if (status != expected || !strstr(said, words)) {
		fail_msg("status %d, no `%s' in `%s'", status, words, said);
	}
}

static int set_up(void **state)
{
	(void)state;
	fake_log_init();
	fake_log->call = hypervisor;
	again = checkpoint_error = 0;
	wrong_pcr = false;
	calls = 0;
	after_checkpoint = NULL;
	strcpy(folder, "/tmp/corbel-attest-XXXXXX");
	launchlog_root = folder;
	return !mkdtemp(folder) || chdir(folder);
}

static int tear_down(void **state)
{
	char text[128];

	(void)state;
	snprintf(text, sizeof(text), "rm -rf %s", folder);
	return chdir("/") || system(text);
}

static int start_tpm(void **state)
{
	(void)state;
	swtpm_start_certified("sha256,sha384");
	swtpm_power_cycle();
	swtpm_disconnect();
	snprintf(tcti, sizeof(tcti), "swtpm:path=%s", swtpm_path());
	return 0;
}

static int stop_tpm(void **state)
{
	(void)state;
	swtpm_stop();
	free(said);
	free(printed);
	return 0;
}

/* ---- reading it
 * -----------------------------------------------------------------------------------
 */

static void read_evidence(const char *path, struct evidence *e)
{
	struct bytes file;
	char error[256];

	if (!file_read(path, 8 << 20, &file, error) ||
	    !verify_evidence_read(e, (const char *)file.data, file.length, error)) {
		fail_msg("%s: %s", path, error);
	}
	free(file.data);
}

/* Signature, nonce and selection by the verifier's code; PCR 22, proofs and records here. */
static void check(const struct evidence *e, const char *nonce)
{
	struct verify_inputs in = {0};
	struct verdict verdict = {0};
	struct judge judge = {.in = &in, .e = e, .v = &verdict};
	uint8_t extended[64] = {0}, expected[32];
	merkle_hash leaf;

	assert_true(hex_decode(nonce, in.nonce, 32));
	judge.ak = ak_judge(&verdict, &e->ak_public);
	assert_non_null(judge.ak);
	quote_check(&judge);
	verdict_close(&verdict);
	if (verdict.status != VERDICT_trusted) {
		verdict_text(&verdict, stderr);
	}
	assert_int_equal(verdict.status, VERDICT_trusted);
	assert_true(judge.quote_signed && judge.quote_fresh && judge.pcr_selection_ok);
	assert_memory_equal(e->nonce, in.nonce, 32);
	assert_memory_equal(e->checkpoint.nonce, judge.quote_nonce, 32);
	SHA256((const uint8_t *)&e->checkpoint, sizeof(e->checkpoint), extended + 32);
	SHA256(extended, sizeof(extended), expected);
	assert_memory_equal(e->pcr[22], expected, 32);
	assert_int_equal(e->pcr_present, QUOTE_PCRS);
	assert_int_equal(e->boot_log.length, FAKE_BOOT_LOG);
	assert_int_equal(e->boot_log.data[8999], (uint8_t)(8999 * 131 >> 3));
	for (size_t i = 0; i < e->entry_count; i++) {
		const struct log_entry *entry = &e->entry[i];

		assert_memory_equal(&entry->record, &fake_log->record[entry->index], 512);
		merkle_leaf(&entry->record, 512, leaf);
		assert_true(merkle_inclusion_verify(leaf, entry->index, e->checkpoint.size,
						    entry->proof, entry->proof_length,
						    e->checkpoint.root));
	}
	EVP_PKEY_free(judge.ak);
	verdict_free(&verdict);
}

/* Exactly these records, in this order; -1 ends the list. */
static void assert_records(const struct evidence *e, const int *index)
{
	size_t count = 0;

	for (; index[count] >= 0; count++) {
		assert_true(count < e->entry_count);
		assert_int_equal(e->entry[count].index, index[count]);
	}
	assert_int_equal(e->entry_count, count);
}
#define ASSERT_RECORDS(e, ...) assert_records(e, (const int[]){__VA_ARGS__, -1})

static void assert_evidence(const char *path, const char *nonce, const int *index)
{
	struct evidence e = {0};

	read_evidence(path, &e);
	check(&e, nonce);
	assert_records(&e, index);
	verify_evidence_free(&e);
}
#define EVIDENCE(path, nonce, ...) assert_evidence(path, nonce, (const int[]){__VA_ARGS__, -1})

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

/* ---- tests -------------------------------------------------------------------------------------
 */

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
static void add_later(void)
{
	char why[512];

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

static char *log_path(void)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/", folder);
	for (int i = 0; i < 32; i++) {
		strcat(path, "b0");
	}
	return strcat(path, ".log");
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

/* ---- identity
 * ------------------------------------------------------------------------------------ */

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
	assert_said(RUN("--activate", "host.json"), 2, "host.json: ");
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

/* ---- wrong use
 * ------------------------------------------------------------------------------------ */

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
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const *w = cases[i].words;

		assert_said(RUN(w[0], w[1], w[2], w[3], w[4], w[5]), 2, cases[i].said);
		assert_non_null(strstr(said, "usage: corbel attest"));
	}
	assert_int_equal(calls, 0);
}

static void test_no_tpm(void **state)
{
	(void)state;
	assert_said(run((const char *const[]){"--tcti", "device:/dev/null/tpm", "--nonce", NONCE_A,
					      "-o", "x", NULL}),
		    1, "cannot reach the TPM at device:/dev/null/tpm");
	assert_said(RUN("--nonce", NONCE_A, "-o", "none/x"), 1, "cannot write none/x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_host),
		TEST(test_domains),
		TEST(test_ended),
		TEST(test_many_reports),
		TEST(test_batch),
		TEST(test_since),
		TEST(test_later_records),
		TEST(test_busy),
		TEST(test_damaged_store),
		TEST(test_enrol),
		TEST(test_wrong_challenge),
		TEST(test_same_key),
		TEST(test_foreign_key),
		TEST(test_usage),
		TEST(test_no_tpm),
	};

	return cmocka_run_group_tests(tests, start_tpm, stop_tpm);
}
