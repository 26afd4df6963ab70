/* SPDX-License-Identifier: MIT */
/*
 * libcorbel-verify: judges the evidence of one host, and of one domain on it.  Runs anywhere; needs
 * no TPM and no network.  Every byte of evidence is hostile: it is parsed within bounds, and
 * nothing in it is believed before something trusted vouches for it.  Default is deny.
 *
 * The trusted inputs are the verifier's own: roots, enrolled hosts, references, firmware profile,
 * limits, expectation, nonce.  All of them are files that `corbel-reference` and `corbel-verify
 * enroll` make; docs/ATTESTATION.md has their formats to the byte.
 *
 * Use: fill struct verify_inputs, verify_evidence_read(), verify_judge(), look at verdict.status,
 * print with verdict_text(), verdict_json() or verdict_html().  No global state: one evidence per
 * call, any number of threads.
 */
#ifndef CORBEL_VERIFY_H
#define CORBEL_VERIFY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "abi/log.h"

/* ---- verdict ------------------------------------------------------------------------------ */

enum verdict_status { VERDICT_trusted = 0, VERDICT_not_trusted = 1, VERDICT_cannot_judge = 2 };

enum row_result {
	ROW_ok,      /* as expected */
	ROW_note,    /* worth knowing, decides nothing */
	ROW_warning, /* trusted, but see what it means */
	ROW_bad,     /* not as expected: not trusted */
	ROW_missing  /* could not be judged: something is not there */
};

/* One line of the table.  Strings are owned by the verdict; text from evidence has been checked or
 * escaped before it gets here (printable ASCII only). */
struct verdict_row {
	const char *component; /* stable name, e.g. "dom0.kernel": see docs/ATTESTATION.md */
	char *expected, *found;
	enum row_result result;
	char *meaning; /* one sentence for a person */
};

#define VERDICT_INPUTS_MAX 80u

/* One of the verifier's own files, and the bytes that were judged by. */
struct verdict_input {
	char file[256];
	bool read;
	uint8_t sha256[32];
};

/* What a verdict is about, so that it can be told from another one later. */
struct verdict_subject {
	bool host;    /* a host's evidence was judged; else nothing below is shown */
	bool genuine; /* the TPM vouches for boot_id; else it is what the evidence says */
	uint8_t boot_id[32], nonce[CORBEL_NONCE_LEN];
	bool tenant_asked, tenant; /* a tenant was to be judged; its launch is on record: */
	uint64_t launch_record;
	char host_name[64]; /* as enrolled; empty: the host is not */
	/* set by verify_evidence_name(); the name must live as long */
	const char *evidence; /* NULL: not said */
	uint8_t evidence_sha256[32];
	struct verdict_input input[VERDICT_INPUTS_MAX];
	size_t inputs;
};

struct verdict {
	struct verdict_subject about;
	struct verdict_row *row;
	size_t count, room;
	bool strict;                /* a warning is as bad as a bad row */
	enum verdict_status status; /* set by verdict_close() */
};

/* Adds a row; formats as printf.  found and expected may be NULL.  Never fails: out of memory ends
 * the process. */
void verdict_add(struct verdict *verdict, const char *component, enum row_result result,
		 const char *expected, const char *found, const char *meaning, ...)
	__attribute__((format(printf, 6, 7)));
/* The same for digests, shown in hex; expected or found may be NULL. */
void verdict_add_digest(struct verdict *verdict, const char *component, enum row_result result,
			const uint8_t *expected, const uint8_t *found, size_t length,
			const char *meaning, ...) __attribute__((format(printf, 7, 8)));
/* A row whose result is whether two digests are equal: ROW_ok with `good`, or ROW_bad with
 * `bad`. */
bool verdict_compare(struct verdict *verdict, const char *component, const uint8_t *expected,
		     const uint8_t *found, size_t length, const char *good, const char *bad);
/* Any bad row (if strict, any warning): not trusted; else any missing row, or no row at all: cannot
 * judge; else trusted. */
void verdict_close(struct verdict *verdict);
void verdict_free(struct verdict *verdict);

/* "trusted", "not trusted", "cannot judge"; "ok", "note", "warning", "bad", "missing". */
const char *verdict_word(enum verdict_status status);
const char *row_word(enum row_result result);

/* verdict_text() is what the verdict is about, the rows, and one line that begins with the word and
 * names what failed; verdict_rows() is the rows alone. */
void verdict_text(const struct verdict *verdict, FILE *out);
void verdict_rows(const struct verdict *verdict, FILE *out);
size_t verdict_count(const struct verdict *verdict, enum row_result result);
void verdict_json(const struct verdict *verdict, FILE *out);
/* The same form for what could not even be begun: cannot judge, and why. */
void verdict_json_error(const char *why, FILE *out);
/* One page with no outside reference: title, verdict, boot chain drawn, table. */
void verdict_html(const struct verdict *verdict, const char *title, FILE *out);

/* ---- evidence ------------------------------------------------------------------------------- */

#define EVIDENCE_FORMAT      "corbel.evidence.1"
#define EVIDENCE_MAX         (8u << 20) /* bytes of a file */
#define EVIDENCE_RECORDS_MAX 4096u
#define PROOF_MAX            64u

struct bytes {
	uint8_t *data;
	size_t length;
};

struct log_entry {
	uint64_t index;
	struct corbel_log_record record; /* bytes as stored; record.index is not believed */
	uint8_t proof[PROOF_MAX][32];
	size_t proof_length;
};

struct evidence {
	uint8_t nonce[CORBEL_NONCE_LEN]; /* as the file claims */
	struct bytes ek_certificate;     /* DER */
	struct bytes ak_public;          /* TPMT_PUBLIC */
	struct bytes attest, signature;  /* TPMS_ATTEST, TPMT_SIGNATURE */
	uint8_t pcr[24][32]; /* SHA-256 bank as read: must be the quoted ones, names what differs */
	uint32_t pcr_present;                /* bit per PCR */
	struct bytes boot_log;               /* TCG crypto-agile log, firmware's then Corbel's */
	struct corbel_checkpoint checkpoint; /* bytes whose digest is in PCR 22 */
	struct log_entry *entry;             /* ascending index, no index twice */
	size_t entry_count;
	/* The quote's nonce is the root of a tree of verifiers' nonces (a batch), ours its leaf
	 * batch_index of batch_size; batch_size 0: the quote's nonce is ours. */
	uint64_t batch_index, batch_size;
	uint8_t batch_proof[PROOF_MAX][32];
	size_t batch_proof_length;
	/* That the tree of `since_size` leaves is a prefix of this one; since_size 0: not given. */
	uint64_t since_size;
	uint8_t since_proof[2 * PROOF_MAX][32];
	size_t since_proof_length;
};

/* Parses a file's bytes.  False: `error` says what and where; nothing is left allocated. */
bool verify_evidence_read(struct evidence *e, const char *text, size_t length, char error[256]);
void verify_evidence_free(struct evidence *e);

/* ---- what the verifier trusts ------------------------------------------------------------- */

struct verify_inputs {
	uint8_t nonce[CORBEL_NONCE_LEN];
	const char *const *roots; /* PEM files, NULL-terminated: certificates of TPM makers */
	const char *hosts;        /* JSON: enrolled hosts */
	const char *const
		*references;      /* JSON files made by `corbel-reference host`, NULL-terminated */
	const char *firmware;     /* JSON profile and, with .sig behind its name, its signature */
	const char *firmware_key; /* PEM public key that signs profiles */
	const char *limits;       /* JSON: minimum versions and revocations; NULL: none */
	const char *expect;       /* JSON made by `corbel-reference tenant`; NULL: host only */
	const char *bound;        /* file whose bytes the report must bind; NULL: none */
	const char *since;        /* older evidence of the same boot; NULL: none */
	bool allow_test_tpm;      /* accept swtpm's certificates, and say so */
	bool strict;              /* nothing that the verdict warns of is trusted */
};

/* Judges in the documented order and closes the verdict.  Goes on after a failed check as far as
 * what follows still means something. */
void verify_judge(const struct verify_inputs *in, const struct evidence *e,
		  struct verdict *verdict);
/* Puts the name and the digest of these bytes of evidence into v->about; optional. */
void verify_evidence_name(struct verdict *verdict, const char *name, const struct bytes *evidence);
#endif
