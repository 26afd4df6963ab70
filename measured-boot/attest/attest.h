/* SPDX-License-Identifier: MIT */
/*
 * corbel-attest, Dom0's agent: collects evidence and hands it out.  It is trusted by nobody: a
 * verifier believes only the TPM's signature and what follows from it.  Parts: options (options.c),
 * the TPM (tpm.c, key.c), the hypervisor's logs (records.c), the files (output.c), and the order of
 * things (evidence.c, enrol.c).
 */
#ifndef MEASURED_BOOT_ATTEST_H
#define MEASURED_BOOT_ATTEST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tss2/tss2_esys.h>

#include "abi/log.h"
#include "tools/lib/merkle.h"

#define ATTEST_OK    0
#define ATTEST_ERROR 1
#define ATTEST_USAGE 2

struct json_object;

/* options.c: the whole program; returns the exit status. */
int attest_main(int argc, char **argv);

/* Prints "corbel-attest: TEXT" to stderr; returns ATTEST_ERROR. */
int attest_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Memory that must be there; ends the process if it is not. */
void *attest_alloc(size_t size);

/* ---- tpm.c: plain commands ---------------------------------------------------------------- */

#define ATTEST_PCRS        14u /* 0-9, 17, 18, 19, 22 */
#define ATTEST_CERT_MAX    8192u
#define ATTEST_EK_HANDLE   0x81010001u
#define ATTEST_AK_HANDLE   0x8101C0B1u
#define ATTEST_EK_NV_INDEX 0x01C00002u

struct blob {
	uint8_t data[ATTEST_CERT_MAX];
	size_t length;
};

struct tpm {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR ak;
};

struct quote {
	struct blob attest, signature; /* TPMS_ATTEST, TPMT_SIGNATURE */
	uint8_t pcr[ATTEST_PCRS][32];  /* SHA-256 bank */
};

extern const uint8_t attest_pcr[ATTEST_PCRS];

/* Says what failed and the TPM's reason. */
int tpm_error(TSS2_RC rc, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool tpm_is_absent(TSS2_RC rc); /* no object under this handle */
int tpm_open(struct tpm *tpm, const char *tcti);
void tpm_close(struct tpm *tpm); /* of one that is open */
/* Signature over the PCRs of all active banks and the nonce, then the PCRs of the SHA-256 bank:
 * four commands. */
int tpm_quote(struct tpm *tpm, const uint8_t nonce[CORBEL_NONCE_LEN], struct quote *quote);
int tpm_read_certificate(struct tpm *tpm, struct blob *certificate);

/* ---- key.c: EK and AK ----------------------------------------------------------------------- */

/* What of the TPM does not change is kept beside the launch log, so that a quote costs few
 * commands: it is read anew when the AK is another one. */
struct identity {
	struct blob ek_certificate; /* DER */
	struct blob ak_public;      /* TPMT_PUBLIC */
};

/* Makes the AK if there is none yet; tpm->ak is ready for use. */
int key_ready(struct tpm *tpm, struct identity *identity);
int key_ek_public(struct tpm *tpm, struct blob *public);
/* The TPM's half of credential protection: credential is a TPM2B_ID_OBJECT, secret a
 * TPM2B_ENCRYPTED_SECRET. */
int key_activate(struct tpm *tpm, const struct blob *credential, const struct blob *secret,
		 struct blob *out);

/* ---- records.c: the logs ------------------------------------------------------------------ */

struct records {
	const struct corbel_log_record *record; /* the store's file, mapped */
	merkle_hash *leaf;
	uint64_t count;
	struct corbel_checkpoint checkpoint;
	uint8_t *boot_log;
	size_t boot_log_length;
};

/* Has the hypervisor put the log's root and the nonce into PCR 22; waits while the TPM is busy. */
int records_checkpoint(struct records *records, const uint8_t nonce[CORBEL_NONCE_LEN]);
int records_store(void); /* takes over what the hypervisor still keeps */
/* The records below checkpoint.size, from the store, held against checkpoint.root; the boot log. */
int records_load(struct records *records);
void records_free(struct records *records);
/* Index of the newest launch of this number; 0 if there is none. */
uint64_t records_launch(const struct records *records, uint16_t domid);

/* Sets wanted[i] for each record that goes into evidence for these launches, for a verifier with
 * this nonce: of what no verdict rests on (reports without the nonce, builders that ended in vain)
 * the newest only, else all.  An error: they are more than evidence has room for. */
int records_choose(const struct records *records, const uint64_t *launch, size_t launches,
		   const uint8_t nonce[CORBEL_NONCE_LEN], bool *wanted);

/* ---- evidence.c, enrol.c ------------------------------------------------------------------ */

#define ATTEST_DOMAINS_MAX  256u
#define ATTEST_REQUESTS_MAX 1024u

struct request {
	uint8_t nonce[CORBEL_NONCE_LEN];
	uint16_t domid[ATTEST_DOMAINS_MAX];
	size_t domids;
	const char *output;
};

struct options {
	struct request *request;
	size_t requests;
	bool batch;     /* --request: the quote's nonce is the root over all nonces */
	uint64_t since; /* 0: not asked for */
	const char *tcti, *activate;
	bool enrol;
};

int evidence_make(const struct options *options);
int enrol_make(const struct options *options);
int enrol_activate(const struct options *options);

/* ---- output.c ----------------------------------------------------------------------------- */

void output_text(struct json_object *object, const char *key, const char *text);
void output_number(struct json_object *object, const char *key, uint64_t number);
void output_hex(struct json_object *object, const char *key, const void *data, size_t length);
void output_base64(struct json_object *object, const char *key, const void *data, size_t length);
void output_proof(struct json_object *object, const char *key, const merkle_hash *proof,
		  size_t length);
/* As files_write(): a regular file is replaced when it is complete; "-" is stdout. */
int output_write(struct json_object *object, const char *path);

#endif
