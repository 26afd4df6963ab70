/* SPDX-License-Identifier: MIT */
/*
 * Who signs: the endorsement key's certificate, the attestation key, and the list of hosts whose
 * keys the verifier knows.  Shared by the judgement (steps.h) and by enrolment.
 */
#ifndef MEASURED_BOOT_VERIFY_IDENTITY_H
#define MEASURED_BOOT_VERIFY_IDENTITY_H
#include "measured-boot/verify/steps.h"
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <tss2/tss2_tpm2_types.h>

#define HOST_NAME_MAX_LEN 63u

/* ---- certificate.c ------------------------------------------------------------------------ */

/* NULL: not one DER certificate and nothing behind it. */
X509 *certificate_parse(const struct bytes *der);
/* SHA-256 of the SubjectPublicKeyInfo in DER. */
bool certificate_key_digest(const X509 *certificate, uint8_t out[32]);
/* Rows ek.chain and ek.test-tpm.  `roots`: PEM files, NULL-terminated; no other certificate is
 * trusted, and a chain must end in a self-signed one of them. */
void certificate_judge(struct verdict *verdict, X509 *certificate, const char *const *roots,
		       bool allow_test_tpm);

/* ---- ak.c --------------------------------------------------------------------------------- */

/* TPMT_PUBLIC in its one canonical form, to the last byte. */
bool public_parse(const struct bytes *bytes, TPMT_PUBLIC *out);
void public_name(const struct bytes *bytes, uint8_t name[NAME_LEN]);
/* Row ak.attributes.  The key, or NULL when it is not what an AK of ours must be. */
EVP_PKEY *ak_judge(struct verdict *verdict, const struct bytes *bytes);

/* ---- hosts.c ------------------------------------------------------------------------------ */

struct host {
	char name[HOST_NAME_MAX_LEN + 1];
	uint8_t ek_sha256[32];
	uint8_t ak_name[NAME_LEN];
};
struct host_list {
	struct host *host;
	size_t count;
};

/* False: `error` says why; nothing is left allocated. */
bool hosts_read(struct verdict *verdict, const char *path, struct host_list *out, char error[256]);
/* makers.c: all certificates of these PEM files; NULL: `error` says which file, and which
 * certificate of it, cannot be read. */
X509_STORE *makers_load(struct verdict *verdict, const char *const *roots, char error[256]);
/* Replaces the file as a whole: a reader sees the old one or the new one. */
bool hosts_write(const char *path, const struct host_list *list, char error[256]);
/* Letters, digits, '.', '-', '_'. */
bool host_name_valid(const char *name);

/* ---- credential.c ------------------------------------------------------------------------- */

/* TPM2_MakeCredential without a TPM (TPM 2.0 part 1, chapter 24): only the TPM that holds the EK
 * and an object of this name can get `secret` back, which has at most 32 bytes.  ek: RSA-2048 or
 * larger, nameAlg SHA-256, AES-128-CFB.  Both outputs are whole TPM2B structures; data is
 * malloc()ed. */
bool credential_make(EVP_PKEY *ek, const uint8_t name[NAME_LEN], const uint8_t *secret,
		     size_t length, struct bytes *credential, struct bytes *encrypted_seed);

/* ---- enroll.c: the two verbs; exit status -------------------------------------------------- */

struct enroll_inputs {
	const char *name, *evidence;     /* host.json of `corbel attest --enroll` */
	const char *challenge, *pending; /* written */
	const char *const *roots;
	bool allow_test_tpm;
};
int enroll(const struct enroll_inputs *in, FILE *out);
int admit(const char *hosts, const char *pending, const char *secret_hex, bool replace);
#endif
