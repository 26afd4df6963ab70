/* SPDX-License-Identifier: MIT */
/*
 * See attest_fixture.h.
 */
#include <errno.h>
#include <getopt.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attest/attest_fixture.h"
#include "tools/lib/hex.h"
#include "measured-boot/verify/identity.h"
#include "measured-boot/verify/json.h"
#include "tools/corbel/launchlog.h"

char folder[64], tcti[128];

/* ---- the hypervisor's checkpoint ---- */

int again, checkpoint_error;
bool wrong_pcr; /* somebody else's checkpoint comes between */
unsigned calls; /* of checkpoint */
void (*after_checkpoint)(struct corbel_checkpoint *answer);

void root_of(uint64_t size, merkle_hash root)
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
	tpm_extend(&other, sizeof(other));
	if (after_checkpoint) {
		after_checkpoint(checkpoint);
	}
	return 0;
}

/* ---- running it ---- */

#define RUN_WORDS 2200

char *said, *printed; /* by the last run: stderr, stdout */
const char *print_to;

int run(const char *const *words)
{
	FILE *saved_out = stdout, *saved_err = stderr;
	static char *arguments[RUN_WORDS] = {"corbel-attest"};
	size_t out_size, err_size;
	int count = 1, status;

	for (; words[count - 1]; count++) {
		arguments[count] = strdup(words[count - 1]);
	}
	free(said);
	free(printed);
	printed = print_to ? strdup("") : NULL;
	stdout = print_to ? fopen(print_to, "w") : open_memstream(&printed, &out_size);
	stderr = open_memstream(&said, &err_size);
	optind = 0;
	status = attest_main(count, arguments);
	fclose(stdout);
	fclose(stderr);
	stdout = saved_out;
	stderr = saved_err;
	while (--count) {
		free(arguments[count]);
		arguments[count] = NULL;
	}
	return status;
}

void assert_done(int status)
{
	if (status || said[0]) {
		fail_msg("status %d: %s", status, said);
	}
}

void assert_said(int status, int expected, const char *words)
{
	if (status != expected || !strstr(said, words)) {
		fail_msg("status %d, no `%s' in `%s'", status, words, said);
	}
}

int set_up(void **state)
{
	(void)state;
	fake_log_init();
	fake_log->call = hypervisor;
	again = checkpoint_error = 0;
	wrong_pcr = false;
	calls = 0;
	after_checkpoint = NULL;
	print_to = NULL;
	strcpy(folder, "/tmp/corbel-attest-XXXXXX");
	launchlog_root = folder;
	return !mkdtemp(folder) || chdir(folder);
}

int tear_down(void **state)
{
	char text[128];

	(void)state;
	free(said);
	free(printed);
	said = printed = NULL;
	snprintf(text, sizeof(text), "rm -rf %s", folder);
	return chdir("/") || system(text);
}

const char *log_path(void)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/", folder);
	for (int i = 0; i < 32; i++) {
		strcat(path, "b0");
	}
	return strcat(path, ".log");
}

/* ---- reading it ---- */

void read_evidence(const char *path, struct evidence *e)
{
	struct bytes file;
	char error[256];

	if (!file_read(path, 8 << 20, &file, error) ||
	    !verify_evidence_read(e, (const char *)file.data, file.length, error)) {
		fail_msg("%s: %s", path, error);
	}
	free(file.data);
}

void check(const struct evidence *e, const char *nonce)
{
	struct verify_inputs in = {0};
	struct verdict verdict = {0};
	struct judge judge = {.in = &in, .e = e, .verdict = &verdict};
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

void assert_evidence(const char *path, const char *nonce, const int *index)
{
	struct evidence e = {0};

	read_evidence(path, &e);
	check(&e, nonce);
	assert_records(&e, index);
	verify_evidence_free(&e);
}
