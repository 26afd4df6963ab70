/* SPDX-License-Identifier: MIT */
/*
 * Reads evidence: JSON text from a host that nobody trusts yet, into struct evidence.  Everything
 * has an upper bound, unknown keys are refused, and nothing here judges: that a field could be read
 * says nothing about its truth.
 */
#include "measured-boot/verify/json.h"
#include <stdlib.h>
#include <string.h>

#define CERTIFICATE_MAX 8192u
#define PUBLIC_MAX      1024u
#define ATTEST_MAX      2048u
#define BOOT_LOG_MAX    (1u << 20)
/* Positions in a log: far above any real one, and sums of them do not overflow. */
#define LOG_SIZE_MAX (1ULL << 48)

/* Reads an array of hashes; returns their number. */
static size_t read_proof(struct json_node array, uint8_t (*proof)[32], size_t max)
{
	size_t count = json_is_array(&array, max) ? json_count(&array) : 0;

	for (size_t i = 0; i < count; i++) {
		json_hex(json_item(&array, i), proof[i], 32);
	}
	return count;
}

static void read_batch(struct evidence *e, const struct json_node *root)
{
	struct json_node batch;

	if (!json_has(root, "batch")) {
		return;
	}
	batch = json_member(root, "batch");
	json_only(&batch, (const char *[]){"index", "size", "proof", NULL});
	e->batch_index = json_number(json_member(&batch, "index"), LOG_SIZE_MAX);
	e->batch_size = json_number(json_member(&batch, "size"), LOG_SIZE_MAX);
	e->batch_proof_length = read_proof(json_member(&batch, "proof"), e->batch_proof, PROOF_MAX);
	if (json_ok(root->file) && e->batch_index >= e->batch_size) {
		json_fault(&batch, "expected an index below the size");
	}
}

static void read_since(struct evidence *e, const struct json_node *root)
{
	struct json_node since;

	if (!json_has(root, "since")) {
		return;
	}
	since = json_member(root, "since");
	json_only(&since, (const char *[]){"size", "proof", NULL});
	e->since_size = json_number(json_member(&since, "size"), LOG_SIZE_MAX);
	e->since_proof_length =
		read_proof(json_member(&since, "proof"), e->since_proof, 2 * PROOF_MAX);
	if (json_ok(root->file) && e->since_size == 0) {
		json_fault(&since, "expected a size of at least 1");
	}
}

static void read_quote(struct evidence *e, const struct json_node *root)
{
	struct json_node host = json_member(root, "host"), quote = json_member(root, "quote");

	json_only(&host, (const char *[]){"ek_certificate", "ak_public", NULL});
	json_base64(json_member(&host, "ek_certificate"), CERTIFICATE_MAX, &e->ek_certificate);
	json_hex_bytes(json_member(&host, "ak_public"), PUBLIC_MAX, &e->ak_public);
	json_only(&quote, (const char *[]){"attest", "signature", NULL});
	json_hex_bytes(json_member(&quote, "attest"), ATTEST_MAX, &e->attest);
	json_hex_bytes(json_member(&quote, "signature"), ATTEST_MAX, &e->signature);
}

static void read_pcrs(struct evidence *e, const struct json_node *root)
{
	struct json_node pcrs = json_member(root, "pcrs");
	size_t known = 0;

	for (unsigned i = 0; i < 24; i++) {
		char key[4];

		snprintf(key, sizeof(key), "%u", i);
		if (json_has(&pcrs, key)) {
			json_hex(json_member(&pcrs, key), e->pcr[i], 32);
			e->pcr_present |= 1u << i;
			known++;
		}
	}
	if (json_is_object(&pcrs) && json_count(&pcrs) != known) {
		json_fault(&pcrs, "expected keys \"0\" to \"23\" only");
	}
}

static void read_record(struct log_entry *entry, const struct json_node *item)
{
	struct bytes record;

	json_only(item, (const char *[]){"index", "record", "proof", NULL});
	entry->index = json_number(json_member(item, "index"), LOG_SIZE_MAX);
	json_base64(json_member(item, "record"), sizeof(entry->record), &record);
	if (json_ok(item->file) && record.length != sizeof(entry->record)) {
		json_fault(item, "record: expected base64 of %zu bytes", sizeof(entry->record));
	}
	if (json_ok(item->file)) {
		memcpy(&entry->record, record.data, sizeof(entry->record));
	}
	free(record.data);
	entry->proof_length = read_proof(json_member(item, "proof"), entry->proof, PROOF_MAX);
}

static void read_records(struct evidence *e, const struct json_node *root)
{
	struct json_node records = json_member(root, "records");
	size_t count = json_is_array(&records, EVIDENCE_RECORDS_MAX) ? json_count(&records) : 0;

	if (count == 0) {
		return;
	}
	e->entry = calloc(count, sizeof(e->entry[0]));
	if (!e->entry) {
		json_fault(&records, "out of memory");
		return;
	}
	e->entry_count = count;
	for (size_t i = 0; i < count && json_ok(root->file); i++) {
		struct json_node item = json_item(&records, i);

		read_record(&e->entry[i], &item);
		if (i && e->entry[i].index <= e->entry[i - 1].index) {
			json_fault(&item, "index: expected more than %llu, the one before",
				   (unsigned long long)e->entry[i - 1].index);
		}
	}
}

bool verify_evidence_read(struct evidence *e, const char *text, size_t length, char error[256])
{
	struct json_file f;
	struct json_node root;
	bool good;

	memset(e, 0, sizeof(*e));
	if (json_open(&f, &root, "evidence", text, length)) {
		json_format(&root, EVIDENCE_FORMAT);
		json_only(&root,
			  (const char *[]){"format", "nonce", "batch", "host", "quote", "pcrs",
					   "boot_log", "checkpoint", "since", "records", NULL});
		json_hex(json_member(&root, "nonce"), e->nonce, sizeof(e->nonce));
		read_batch(e, &root);
		read_quote(e, &root);
		read_pcrs(e, &root);
		json_base64(json_member(&root, "boot_log"), BOOT_LOG_MAX, &e->boot_log);
		json_hex(json_member(&root, "checkpoint"), (uint8_t *)&e->checkpoint,
			 sizeof(e->checkpoint));
		read_since(e, &root);
		read_records(e, &root);
	}
	good = json_ok(&f);
	if (!good) {
		memcpy(error, f.error, sizeof(f.error));
		verify_evidence_free(e);
	}
	json_close(&f);
	return good;
}

void verify_evidence_free(struct evidence *e)
{
	free(e->ek_certificate.data);
	free(e->ak_public.data);
	free(e->attest.data);
	free(e->signature.data);
	free(e->boot_log.data);
	free(e->entry);
	memset(e, 0, sizeof(*e));
}
