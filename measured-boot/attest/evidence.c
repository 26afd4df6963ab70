/* SPDX-License-Identifier: MIT */
/*
 * Evidence: the order of things and the file's form.  One checkpoint and one quote serve all
 * requests; each file has the records of its own domains and no others.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "measured-boot/attest/attest.h"
#include "tools/corbel/launchlog.h"

struct evidence {
	const struct options *options;
	struct tpm tpm;
	struct identity identity;
	struct quote quote;
	struct records records;
	struct merkle_tree tree;         /* of the records */
	merkle_hash *nonce_leaf;         /* of a batch */
	uint8_t nonce[CORBEL_NONCE_LEN]; /* the quote's */
};

static void find_nonce(struct evidence *e)
{
	const struct options *options = e->options;

	if (!options->batch) {
		memcpy(e->nonce, options->request[0].nonce, sizeof(e->nonce));
		return;
	}
	e->nonce_leaf = attest_alloc(options->requests * sizeof(merkle_hash));
	for (size_t i = 0; i < options->requests; i++) {
		merkle_leaf(options->request[i].nonce, CORBEL_NONCE_LEN, e->nonce_leaf[i]);
	}
	merkle_root(e->nonce_leaf, options->requests, e->nonce);
}

/* ---- collecting ---------------------------------------------------------------------------- */

/* Another's checkpoint between ours and the quote would put his nonce into PCR 22. */
static int lock_attest(void)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/attest.lock", launchlog_root);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		attest_error("cannot open %s: %s", path, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX)) {
		attest_error("cannot lock %s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static int check_pcr(const struct evidence *e)
{
	uint8_t extend[2 * SHA256_DIGEST_LENGTH] = {0}, expected[SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)&e->records.checkpoint, sizeof(e->records.checkpoint),
	       extend + SHA256_DIGEST_LENGTH);
	SHA256(extend, sizeof(extend), expected);
	if (memcmp(expected, e->quote.pcr[ATTEST_PCRS - 1], sizeof(expected)) != 0) {
		return attest_error("PCR %d does not hold the checkpoint: somebody else asked for "
				    "one meanwhile, or this is not the host's TPM",
				    CORBEL_CHECKPOINT_PCR);
	}
	return ATTEST_OK;
}

static int collect(struct evidence *e)
{
	int lock, ret;

	ret = records_store();
	ret = ret ? ret : key_ready(&e->tpm, &e->identity);
	if (ret) {
		return ret;
	}
	lock = lock_attest();
	if (lock < 0) {
		return ATTEST_ERROR;
	}
	ret = records_checkpoint(&e->records, e->nonce);
	ret = ret ? ret : tpm_quote(&e->tpm, e->nonce, &e->quote);
	close(lock);
	ret = ret ? ret : check_pcr(e);
	return ret ? ret : records_load(&e->records);
}

/* ---- the file ------------------------------------------------------------------------------ */

static struct json_object *add_object(struct json_object *in, const char *key)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(in, key, object);
	return object;
}

static void add_host(const struct evidence *e, struct json_object *root)
{
	struct json_object *host = add_object(root, "host"), *quote, *pcrs;
	char key[4];

	output_base64(host, "ek_certificate", e->identity.ek_certificate.data,
		      e->identity.ek_certificate.length);
	output_hex(host, "ak_public", e->identity.ak_public.data, e->identity.ak_public.length);
	quote = add_object(root, "quote");
	output_hex(quote, "attest", e->quote.attest.data, e->quote.attest.length);
	output_hex(quote, "signature", e->quote.signature.data, e->quote.signature.length);
	pcrs = add_object(root, "pcrs");
	for (size_t i = 0; i < ATTEST_PCRS; i++) {
		snprintf(key, sizeof(key), "%u", attest_pcr[i]);
		output_hex(pcrs, key, e->quote.pcr[i], sizeof(e->quote.pcr[i]));
	}
}

static void add_batch(const struct evidence *e, struct json_object *root, size_t index)
{
	struct json_object *batch = add_object(root, "batch");
	merkle_hash proof[MERKLE_INCLUSION_MAX];

	output_number(batch, "index", index);
	output_number(batch, "size", e->options->requests);
	output_proof(batch, "proof", proof,
		     merkle_inclusion(e->nonce_leaf, e->options->requests, index, proof));
}

static void add_since(const struct evidence *e, struct json_object *root)
{
	struct json_object *since = add_object(root, "since");
	merkle_hash proof[MERKLE_CONSISTENCY_MAX];

	output_number(since, "size", e->options->since);
	output_proof(
		since, "proof", proof,
		merkle_consistency(e->records.leaf, e->records.count, e->options->since, proof));
}

static void add_records(const struct evidence *e, const bool *wanted, struct json_object *root)
{
	const struct records *records = &e->records;
	struct json_object *array = json_object_new_array();
	merkle_hash proof[MERKLE_INCLUSION_MAX];

	for (uint64_t i = 0; i < records->count; i++) {
		struct json_object *entry;

		if (!wanted[i]) {
			continue;
		}
		entry = json_object_new_object();
		output_number(entry, "index", i);
		output_base64(entry, "record", &records->record[i], sizeof(records->record[i]));
		output_proof(entry, "proof", proof, merkle_tree_inclusion(&e->tree, i, proof));
		json_object_array_add(array, entry);
	}
	json_object_object_add(root, "records", array);
}

/* Dom0's launch if the request names no domain. */
static int find_launches(const struct evidence *e, const struct request *request, uint64_t *launch,
			 size_t *launches)
{
	*launches = 0;
	if (!request->domids) {
		launch[(*launches)++] = 1;
	}
	for (size_t i = 0; i < request->domids; i++) {
		launch[*launches] = records_launch(&e->records, request->domid[i]);
		if (!launch[(*launches)++]) {
			return attest_error("domain %u was not launched in this boot",
					    request->domid[i]);
		}
	}
	return ATTEST_OK;
}

static int write_one(const struct evidence *e, size_t index)
{
	const struct request *request = &e->options->request[index];
	uint64_t launch[ATTEST_DOMAINS_MAX];
	struct json_object *root;
	size_t launches;
	bool *wanted;
	int ret = find_launches(e, request, launch, &launches);

	if (ret) {
		return ret;
	}
	wanted = attest_alloc(e->records.count * sizeof(*wanted));
	ret = records_choose(&e->records, launch, launches, request->nonce, wanted);
	if (ret) {
		free(wanted);
		return ret;
	}
	root = json_object_new_object();
	output_text(root, "format", "corbel.evidence.1");
	output_hex(root, "nonce", request->nonce, sizeof(request->nonce));
	if (e->options->batch) {
		add_batch(e, root, index);
	}
	add_host(e, root);
	output_base64(root, "boot_log", e->records.boot_log, e->records.boot_log_length);
	output_hex(root, "checkpoint", &e->records.checkpoint, sizeof(e->records.checkpoint));
	if (e->options->since) {
		add_since(e, root);
	}
	add_records(e, wanted, root);
	ret = output_write(root, request->output);
	json_object_put(root);
	free(wanted);
	return ret;
}

/* One request that cannot be served is not the others' fault. */
static int write_all(struct evidence *e)
{
	int ret = ATTEST_OK;

	if (!merkle_tree_make(&e->tree, e->records.leaf, e->records.count)) {
		return attest_error("no memory for a tree of %llu records",
				    (unsigned long long)e->records.count);
	}
	for (size_t i = 0; i < e->options->requests; i++) {
		int one = write_one(e, i);

		ret = ret ? ret : one;
	}
	merkle_tree_free(&e->tree);
	return ret;
}

int evidence_make(const struct options *options)
{
	static struct evidence e;
	int ret;

	memset(&e, 0, sizeof(e));
	e.options = options;
	find_nonce(&e);
	ret = tpm_open(&e.tpm, options->tcti);
	if (!ret) {
		ret = collect(&e);
		tpm_close(&e.tpm);
	}
	if (!ret && options->since > e.records.count) {
		ret = attest_error("--since %llu: the log has %llu records: was the host booted "
				   "anew?",
				   (unsigned long long)options->since,
				   (unsigned long long)e.records.count);
	}
	ret = ret ? ret : write_all(&e);
	records_free(&e.records);
	free(e.nonce_leaf);
	return ret;
}
