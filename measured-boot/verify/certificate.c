/* SPDX-License-Identifier: MIT */
/*
 * The certificate of a TPM's endorsement key: its chain to the roots that the verifier gave, its
 * purpose, and what kind of TPM its maker says it is (TCG EK Credential Profile 2.5, 3.2).  The
 * certificate itself comes from the host; it is believed when the chain holds.
 */
#include "measured-boot/verify/identity.h"
#include "measured-boot/verify/json.h"
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define ROOTS_FILE_MAX  (1u << 20)
#define CHAIN_DEPTH_MAX 6
#define OID_EK          "2.23.133.8.1" /* tcg-kp-EKCertificate */
#define ATTRIBUTE_MAX   64

/* The TPM attributes in the alternative name. */
struct tpm_attributes {
	char manufacturer[ATTRIBUTE_MAX], model[ATTRIBUTE_MAX], version[ATTRIBUTE_MAX];
};

X509 *certificate_parse(const struct bytes *der)
{
	const unsigned char *at = der->data;
	X509 *certificate = d2i_X509(NULL, &at, (long)der->length);

	if (certificate && at != der->data + der->length) {
		X509_free(certificate);
		return NULL;
	}
	return certificate;
}

bool certificate_key_digest(const X509 *certificate, uint8_t out[32])
{
	unsigned char *der = NULL;
	int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
	bool good = length > 0 && EVP_Digest(der, (size_t)length, out, NULL, EVP_sha256(), NULL);

	OPENSSL_free(der);
	return good;
}

/* ---- what the certificate says of itself ------------------------------------------------------
 */

static bool has_ek_purpose(X509 *certificate)
{
	EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	bool found = false;

	for (int i = 0; usage && i < sk_ASN1_OBJECT_num(usage); i++) {
		char oid[32];

		found |= OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usage, i), 1) > 0 &&
			 strcmp(oid, OID_EK) == 0;
	}
	EXTENDED_KEY_USAGE_free(usage);
	return found;
}

/* An EK decrypts (RSA) or agrees on keys (ECC); one that may sign certificates is none. */
static bool has_ek_usage(X509 *certificate)
{
	uint32_t usage = X509_get_key_usage(certificate);

	return X509_check_ca(certificate) == 0 &&
	       (usage & (KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT)) && !(usage & KU_KEY_CERT_SIGN);
}

static void read_attribute(const X509_NAME_ENTRY *entry, struct tpm_attributes *out)
{
	const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
	char oid[32], *to = NULL;
	unsigned char *text = NULL;
	int length;

	OBJ_obj2txt(oid, sizeof(oid), X509_NAME_ENTRY_get_object(entry), 1);
	if (strcmp(oid, "2.23.133.2.1") == 0) {
		to = out->manufacturer;
	} else if (strcmp(oid, "2.23.133.2.2") == 0) {
		to = out->model;
	} else if (strcmp(oid, "2.23.133.2.3") == 0) {
		to = out->version;
	}
	length = to ? ASN1_STRING_to_UTF8(&text, value) : -1;
	if (length > 0) {
		snprintf(to, ATTRIBUTE_MAX, "%.*s", length, (char *)text);
	}
	OPENSSL_free(text);
}

/* The alternative name is critical when the subject is empty; OpenSSL counts it as understood, so
 * it is for us to understand it. */
static bool read_attributes(X509 *certificate, struct tpm_attributes *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	memset(out, 0, sizeof(*out));
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		for (int j = 0;
		     name->type == GEN_DIRNAME && j < X509_NAME_entry_count(name->d.directoryName);
		     j++) {
			read_attribute(X509_NAME_get_entry(name->d.directoryName, j), out);
		}
	}
	GENERAL_NAMES_free(names);
	return out->manufacturer[0] && out->model[0] && out->version[0];
}

/* ---- the chain --------------------------------------------------------------------------------
 */

static bool add_roots(X509_STORE *store, const char *path, char error[256])
{
	struct bytes pem;
	BIO *bio;
	X509 *certificate;
	size_t count = 0;

	if (!file_read(path, ROOTS_FILE_MAX, &pem, error)) {
		return false;
	}
	bio = BIO_new_mem_buf(pem.data, (int)pem.length);
	while (bio && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		count += (size_t)X509_STORE_add_cert(store, certificate);
		X509_free(certificate);
	}
	BIO_free(bio);
	free(pem.data);
	if (count == 0) {
		snprintf(error, 256, "%.150s: expected PEM certificates of TPM makers", path);
	}
	return count != 0;
}

static X509_STORE *load_roots(const char *const *roots, char error[256])
{
	X509_STORE *store = X509_STORE_new();
	bool good = store && roots && roots[0];

	snprintf(error, 256, "No certificates of TPM makers were given");
	for (size_t i = 0; good && roots[i]; i++) {
		good = add_roots(store, roots[i], error);
	}
	if (!good) {
		X509_STORE_free(store);
		store = NULL;
	}
	return store;
}

static bool names_swtpm(const X509_NAME *name)
{
	char text[512];

	return X509_NAME_oneline(name, text, sizeof(text)) && strcasestr(text, "swtpm");
}

/* True: a chain was found; `root` names its end, `test` is set if an emulator's CA is in it. */
static bool verify_chain(X509_STORE *store, X509 *certificate, char root[256], bool *test)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509) * chain;
	bool good;

	*test = false;
	snprintf(root, 256, "out of memory");
	if (!context || !X509_STORE_CTX_init(context, store, certificate, NULL)) {
		X509_STORE_CTX_free(context);
		return false;
	}
	X509_STORE_CTX_set_depth(context, CHAIN_DEPTH_MAX);
	/* level 2: 112 bits; no SHA-1 signatures, no RSA below 2048 bits */
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context), 2);
	good = X509_verify_cert(context) == 1;
	chain = X509_STORE_CTX_get0_chain(context);
	for (int i = 0; chain && i < sk_X509_num(chain); i++) {
		*test |= names_swtpm(X509_get_subject_name(sk_X509_value(chain, i)));
	}
	if (good) {
		X509_NAME_oneline(
			X509_get_subject_name(sk_X509_value(chain, sk_X509_num(chain) - 1)), root,
			256);
	} else {
		snprintf(root, 256, "%s",
			 X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	}
	X509_STORE_CTX_free(context);
	return good;
}

/* ---- rows -------------------------------------------------------------------------------------
 */

static void row_kind(struct verdict *v, const struct tpm_attributes *tpm, bool test, bool allowed)
{
	char found[3 * ATTRIBUTE_MAX + 32];

	snprintf(found, sizeof(found), "%s %s %s", tpm->manufacturer, tpm->model, tpm->version);
	if (!test) {
		verdict_add(v, "ek.test-tpm", ROW_ok, "no emulator", found,
			    "The certificate is not one of a known TPM emulator.");
	} else if (allowed) {
		verdict_add(v, "ek.test-tpm", ROW_warning, "no emulator", found,
			    "A TPM emulator, accepted on request: whoever runs it can forge all of "
			    "this; for tests only.");
	} else {
		verdict_add(v, "ek.test-tpm", ROW_bad, "no emulator", found,
			    "A TPM emulator: whoever runs it can forge all of this.");
	}
}

void certificate_judge(struct verdict *v, X509 *certificate, const char *const *roots,
		       bool allow_test_tpm)
{
	struct tpm_attributes tpm;
	bool has_attributes = read_attributes(certificate, &tpm), test = false, chained;
	char text[256];
	X509_STORE *store = load_roots(roots, text);

	if (!store) {
		verdict_add(v, "ek.chain", ROW_missing, "roots of TPM makers", NULL, "%s.", text);
	} else {
		chained = verify_chain(store, certificate, text, &test);
		if (!chained) {
			verdict_add(v, "ek.chain", ROW_bad, "a chain to a given root", text,
				    "No given root vouches for this TPM.");
		} else if (!has_ek_purpose(certificate) || !has_ek_usage(certificate)) {
			verdict_add(v, "ek.chain", ROW_bad, "purpose " OID_EK, NULL,
				    "The certificate is not for the endorsement key of a TPM.");
		} else if (!has_attributes) {
			verdict_add(v, "ek.chain", ROW_bad, "a TPM's maker, model and version",
				    NULL, "The certificate does not say which TPM it is for.");
		} else {
			verdict_add(v, "ek.chain", ROW_ok, "a chain to a given root", text,
				    "A TPM whose maker the verifier trusts.");
		}
		X509_STORE_free(store);
	}
	test |= strcasestr(tpm.model, "swtpm") || names_swtpm(X509_get_issuer_name(certificate));
	row_kind(v, &tpm, test, allow_test_tpm);
}

/* ---- steps ------------------------------------------------------------------------------------
 */

void certificate_read(struct judge *j)
{
	j->ek_certificate = certificate_parse(&j->e->ek_certificate);
	if (j->ek_certificate && !certificate_key_digest(j->ek_certificate, j->ek_sha256)) {
		X509_free(j->ek_certificate);
		j->ek_certificate = NULL;
	}
}

void certificate_chain(struct judge *j)
{
	if (!j->ek_certificate) {
		verdict_add(j->v, "ek.chain", ROW_bad, "an X.509 certificate", NULL,
			    "The certificate of the endorsement key cannot be read.");
		verdict_add(j->v, "ek.test-tpm", ROW_missing, NULL, NULL,
			    "Nothing says what kind of TPM it is.");
		return;
	}
	certificate_judge(j->v, j->ek_certificate, j->in->roots, j->in->allow_test_tpm);
}
