/* SPDX-License-Identifier: MIT */
/*
 * The certificate of a TPM's endorsement key: its chain to the roots that the verifier gave, its
 * purpose, and what kind of TPM its maker says it is (TCG EK Credential Profile 2.5, 3.2).  The
 * certificate itself comes from the host; it is believed when the chain holds.
 */
#include "measured-boot/verify/identity.h"
#include "measured-boot/verify/json.h"
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_DEPTH_MAX 6
#define OID_EK          "2.23.133.8.1" /* tcg-kp-EKCertificate */
#define ATTRIBUTE_MAX   64
#define FOUND           420

/* The TPM attributes in the alternative name. */
struct tpm_attributes {
	char manufacturer[ATTRIBUTE_MAX], model[ATTRIBUTE_MAX], version[ATTRIBUTE_MAX];
};

X509 *certificate_parse(const struct bytes *der)
{
	const unsigned char *at = der->data;
	X509 *certificate = d2i_X509(NULL, &at, (long)der->length);

	if (at != der->data + der->length) {
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

/* ---- what the certificate says of itself -------------------------------------------------- */

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

/* An EK decrypts (RSA) or agrees on keys (ECC); one that may sign certificates, or is called a CA
 * without, is none. */
static bool has_ek_usage(X509 *certificate)
{
	uint32_t usage = X509_get_key_usage(certificate);

	return !(X509_get_extension_flags(certificate) & EXFLAG_CA) &&
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

static void read_directory(const X509_NAME *directory, struct tpm_attributes *out)
{
	int count = X509_NAME_entry_count(directory);

	for (int i = 0; i < count; i++) {
		read_attribute(X509_NAME_get_entry(directory, i), out);
	}
}

/* The alternative name is critical when the subject is empty; OpenSSL counts it as understood, so
 * it is for us to understand it. */
static bool read_attributes(X509 *certificate, struct tpm_attributes *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

	memset(out, 0, sizeof(*out));
	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DIRNAME) {
			read_directory(name->d.directoryName, out);
		}
	}
	GENERAL_NAMES_free(names);
	return out->manufacturer[0] && out->model[0] && out->version[0];
}

/* ---- the chain ---------------------------------------------------------------------------- */

static bool names_swtpm(const X509_NAME *name)
{
	char text[512] = "";

	X509_NAME_oneline(name, text, sizeof(text));
	return strcasestr(text, "swtpm") != NULL;
}

/* What is known of a chain. */
struct chain {
	bool good, test;  /* test: an emulator's CA is in it */
	bool unknown;     /* none of the given certificates vouches for it */
	char text[FOUND]; /* the root; or which certificate is at fault, and why */
};

/* "critical extension 1.2.3" for the first one that a verifier does not know, "" if there is
 * none. */
static void unknown_extension(X509 *certificate, char *out, size_t room)
{
	out[0] = 0;
	for (int i = 0; i < X509_get_ext_count(certificate); i++) {
		X509_EXTENSION *extension = X509_get_ext(certificate, i);
		char oid[80];

		if (X509_EXTENSION_get_critical(extension) &&
		    !X509_supported_extension(extension)) {
			OBJ_obj2txt(oid, sizeof(oid), X509_EXTENSION_get_object(extension), 1);
			snprintf(out, room, " (critical extension %s)", oid);
			return;
		}
	}
}

static bool is_unknown(int error)
{
	return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
	       error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
	       error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
	       error == X509_V_ERR_CERT_CHAIN_TOO_LONG;
}

static void chain_fault(X509_STORE_CTX *context, struct chain *out)
{
	int error = X509_STORE_CTX_get_error(context);
	X509 *certificate = X509_STORE_CTX_get_current_cert(context);
	char name[200] = "", extension[120] = "";

	out->unknown = is_unknown(error);
	if (certificate && X509_STORE_CTX_get_error_depth(context) > 0) {
		X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof(name));
	}
	if (certificate && error == X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION) {
		unknown_extension(certificate, extension, sizeof(extension));
	}
	snprintf(out->text, sizeof(out->text), "%s%s: %s%s",
		 name[0] ? "the maker's certificate " : "the TPM's own certificate", name,
		 X509_verify_cert_error_string(error), extension);
}

static void verify_chain(X509_STORE *store, X509 *certificate, struct chain *out)
{
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509) * chain;

	*out = (struct chain){.text = "out of memory"};
	if (!context || !X509_STORE_CTX_init(context, store, certificate, NULL)) {
		X509_STORE_CTX_free(context);
		return;
	}
	X509_STORE_CTX_set_depth(context, CHAIN_DEPTH_MAX);
	/* level 2: 112 bits; no SHA-1 signatures, no RSA below 2048 bits */
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context), 2);
	out->good = X509_verify_cert(context) == 1;
	chain = X509_STORE_CTX_get0_chain(context);
	for (int i = 0; chain && i < sk_X509_num(chain); i++) {
		out->test |= names_swtpm(X509_get_subject_name(sk_X509_value(chain, i)));
	}
	if (out->good) {
		X509_NAME_oneline(
			X509_get_subject_name(sk_X509_value(chain, sk_X509_num(chain) - 1)),
			out->text, sizeof(out->text));
	} else {
		chain_fault(context, out);
	}
	X509_STORE_CTX_free(context);
}

/* ---- rows --------------------------------------------------------------------------------- */

static void row_kind(struct verdict *verdict, const struct tpm_attributes *tpm, bool test,
		     bool allowed)
{
	char found[3 * ATTRIBUTE_MAX + 32];

	snprintf(found, sizeof(found), "%s %s %s", tpm->manufacturer, tpm->model, tpm->version);
	if (!test) {
		verdict_add(verdict, "ek.test-tpm", ROW_ok, "no emulator", found,
			    "The certificate is not one of a known TPM emulator.");
	} else if (allowed) {
		verdict_add(verdict, "ek.test-tpm", ROW_warning, "no emulator", found,
			    "A TPM emulator, accepted on request: whoever runs it can forge all of "
			    "this; for tests only.");
	} else {
		verdict_add(verdict, "ek.test-tpm", ROW_bad, "no emulator", found,
			    "A TPM emulator: whoever runs it can forge all of this.");
	}
}

static void row_chain(struct verdict *verdict, X509 *certificate, const struct chain *chain,
		      bool has_attributes)
{
	if (!chain->good) {
		verdict_add(verdict, "ek.chain", ROW_bad, "a chain to a given root", chain->text,
			    "%s",
			    chain->unknown ? "No given root vouches for this TPM."
					   : "A certificate between this TPM and a given root does "
					     "not hold.");
	} else if (!has_ek_purpose(certificate) || !has_ek_usage(certificate)) {
		verdict_add(verdict, "ek.chain", ROW_bad, "purpose " OID_EK, NULL,
			    "The certificate is not for the endorsement key of a TPM.");
	} else if (!has_attributes) {
		verdict_add(verdict, "ek.chain", ROW_bad, "a TPM's maker, model and version", NULL,
			    "The certificate does not say which TPM it is for.");
	} else {
		verdict_add(verdict, "ek.chain", ROW_ok, "a chain to a given root", chain->text,
			    "A TPM whose maker the verifier trusts.");
	}
}

void certificate_judge(struct verdict *verdict, X509 *certificate, const char *const *roots,
		       bool allow_test_tpm)
{
	struct tpm_attributes tpm;
	bool has_attributes = read_attributes(certificate, &tpm), test;
	struct chain chain = {0};
	char error[256];
	X509_STORE *store = makers_load(verdict, roots, error);

	if (!store) {
		verdict_add(verdict, "ek.chain", ROW_missing, "roots of TPM makers", NULL, "%s.",
			    error);
	} else {
		verify_chain(store, certificate, &chain);
		row_chain(verdict, certificate, &chain, has_attributes);
		X509_STORE_free(store);
	}
	test = chain.test || strcasestr(tpm.model, "swtpm") ||
	       names_swtpm(X509_get_issuer_name(certificate));
	row_kind(verdict, &tpm, test, allow_test_tpm);
}

/* ---- steps -------------------------------------------------------------------------------- */

void certificate_read(struct judge *judge)
{
	judge->ek_certificate = certificate_parse(&judge->e->ek_certificate);
	if (judge->ek_certificate &&
	    !certificate_key_digest(judge->ek_certificate, judge->ek_sha256)) {
		X509_free(judge->ek_certificate);
		judge->ek_certificate = NULL;
	}
}

void certificate_chain(struct judge *judge)
{
	if (!judge->ek_certificate) {
		verdict_add(judge->verdict, "ek.chain", ROW_bad, "an X.509 certificate", NULL,
			    "The certificate of the endorsement key cannot be read.");
		verdict_add(judge->verdict, "ek.test-tpm", ROW_missing, NULL, NULL,
			    "Nothing says what kind of TPM it is.");
		return;
	}
	certificate_judge(judge->verdict, judge->ek_certificate, judge->in->roots,
			  judge->in->allow_test_tpm);
}
