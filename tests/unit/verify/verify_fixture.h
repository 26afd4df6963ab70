/* SPDX-License-Identifier: MIT */
/*
 * What the verifier's tests judge: a maker's CA, an endorsement key with its certificate, an
 * attestation key and quotes, all made by OpenSSL and tss2-mu, so that a test can make any of it
 * wrong.  Files lie in a directory of their own.
 */
#ifndef VERIFY_VERIFY_FIXTURE_H
#define VERIFY_VERIFY_FIXTURE_H
#include "measured-boot/verify/identity.h"

/* What a certificate of ours may lack or have. */
#define CERT_NO_PURPOSE    (1u << 0) /* no EKU */
#define CERT_NO_ATTRIBUTES (1u << 1) /* no TPM in the alternative name */
#define CERT_SWTPM         (1u << 2) /* the model is an emulator's */
#define CERT_CA            (1u << 3) /* may issue certificates */
#define CERT_EXPIRED       (1u << 4)
#define CERT_SHA1          (1u << 5)
#define CERT_SIGNS         (1u << 6) /* its use is to sign */

struct fixture {
	char directory[64];
	char root_file[96], hosts_file[96];
	const char *roots[2];
	EVP_PKEY *ca, *ek, *ak;
	X509 *root;
	TPMT_PUBLIC ak_public;
	TPMS_ATTEST attest;
	struct host host;
	/* judged: fixture_quote() fills all of it */
	struct evidence e;
	struct verify_inputs in;
	struct judge j;
	struct verdict v;
};

void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

EVP_PKEY *fixture_ec_key(void);
/* The public key of `type` ("RSA", "RSA-PSS") with this modulus and exponent 65537. */
EVP_PKEY *fixture_rsa_public(const char *type, const BIGNUM *modulus);
/* A certificate for `subject`, issued by `issuer`'s key; NULL issuer: by itself. */
X509 *fixture_certificate(EVP_PKEY *subject, const char *name, EVP_PKEY *issuer_key, X509 *issuer,
			  unsigned flags);
void fixture_write(const struct fixture *f, const char *name, const void *data, size_t length,
		   char path[96]);
void fixture_write_pem(const struct fixture *f, const char *name, X509 *certificate, char path[96]);

/* Signs a text with a new key; writes the signature and the public key in PEM. */
void fixture_sign_file(const struct fixture *f, const char *signature, const char *text,
		       const char *key_name, char key_path[96]);
/* Members of a JSON object, with `end` behind them. */
void fixture_hex(FILE *out, const char *key, const void *data, size_t length, const char *end);
void fixture_base64(FILE *out, const char *key, const void *data, size_t length, const char *end);

/* The public area of an AK as it must be, for this key. */
void fixture_ak_public(TPMT_PUBLIC *out, EVP_PKEY *key);
/* Put into evidence: the EK's certificate, the AK's public area, attest, its signature by `key`. */
void fixture_set_certificate(struct fixture *f, X509 *certificate);
void fixture_set_ak(struct fixture *f, const TPMT_PUBLIC *public);
void fixture_sign(struct fixture *f, EVP_PKEY *key);
/* The same for any bytes, as a key would that signs what it is given. */
void fixture_sign_bytes(struct fixture *f, EVP_PKEY *key, const uint8_t *attest, size_t length);
/* Writes hosts.json with the fixture's host. */
void fixture_enroll(struct fixture *f);
/* Good evidence: computed PCR values in j, the attest over them, all signed and enrolled. */
void fixture_quote(struct fixture *f);
/* pcrDigest over j's values. */
void fixture_digest(struct fixture *f);
/* Clears what was judged, keeps what is judged. */
void fixture_reset(struct fixture *f);

/* The worst result among the rows of this component; -1: there is no such row. */
int fixture_row(const struct verdict *v, const char *component);
/* Identity and quote steps; the computed PCR values stay. */
void fixture_judge(struct fixture *f);
#endif
