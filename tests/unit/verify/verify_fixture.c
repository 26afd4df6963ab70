/* SPDX-License-Identifier: MIT */
/* Keys, certificates and quotes for the verifier's tests: see verify_fixture.h. */
#include "verify/verify_fixture.h"
#include "tools/lib/hex.h"
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

static void need(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "verify fixture: %s\n", what);
		abort();
	}
}

/* ---- certificates ------------------------------------------------------------------------- */

EVP_PKEY *fixture_ec_key(void)
{
	return EVP_EC_gen("P-256");
}

EVP_PKEY *fixture_rsa_public(const char *type, const BIGNUM *modulus)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *parameters;
	EVP_PKEY *key = NULL;

	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus);
	OSSL_PARAM_BLD_push_uint(build, OSSL_PKEY_PARAM_RSA_E, 65537);
	parameters = OSSL_PARAM_BLD_to_param(build);
	need(EVP_PKEY_fromdata_init(context) == 1, type);
	need(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1, type);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(context);
	return key;
}

static void add_conf(X509 *c, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	need(e && X509_add_ext(c, e, -1), "extension");
	X509_EXTENSION_free(e);
}

static void add_attributes(X509 *c, bool swtpm)
{
	const char *value[][2] = {{"2.23.133.2.1", swtpm ? "id:00001014" : "id:54455354"},
				  {"2.23.133.2.2", swtpm ? "swtpm" : "Board 1"},
				  {"2.23.133.2.3", "id:00010002"}};
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name = GENERAL_NAME_new();
	X509_NAME *directory = X509_NAME_new();

	for (int i = 0; i < 3; i++) {
		ASN1_OBJECT *oid = OBJ_txt2obj(value[i][0], 1);

		need(X509_NAME_add_entry_by_OBJ(directory, oid, MBSTRING_UTF8,
						(const unsigned char *)value[i][1], -1, -1, 0),
		     "TPM attribute");
		ASN1_OBJECT_free(oid);
	}
	GENERAL_NAME_set0_value(name, GEN_DIRNAME, directory);
	sk_GENERAL_NAME_push(names, name);
	need(X509_add1_ext_i2d(c, NID_subject_alt_name, names, 1, 0), "alternative name");
	GENERAL_NAMES_free(names);
}

X509 *fixture_certificate(EVP_PKEY *subject, const char *name, EVP_PKEY *issuer_key, X509 *issuer,
			  unsigned flags)
{
	static long serial = 1;
	X509 *c = X509_new();
	bool ca = flags & CERT_CA;

	X509_set_version(c, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
	X509_gmtime_adj(X509_getm_notBefore(c), -7200);
	if (flags & CERT_EXPIRED) {
		X509_gmtime_adj(X509_getm_notAfter(c), -3600);
	} else { /* has no end (RFC 5280, 4.1.2.5), as those of TPMs: what is made here is kept */
		need(ASN1_TIME_set_string_X509(X509_getm_notAfter(c), "99991231235959Z"), "time");
	}
	X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer : c));
	X509_set_pubkey(c, subject);
	add_conf(c, NID_basic_constraints, ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	add_conf(c, NID_key_usage,
		 ca || flags & CERT_SIGNS ? "critical,keyCertSign" : "critical,keyEncipherment");
	if (!ca && !(flags & CERT_NO_PURPOSE)) {
		add_conf(c, NID_ext_key_usage, "2.23.133.8.1");
	}
	if (!ca && !(flags & CERT_NO_ATTRIBUTES)) {
		add_attributes(c, flags & CERT_SWTPM);
	}
	need(X509_sign(c, issuer_key, flags & CERT_SHA1 ? EVP_sha1() : EVP_sha256()), "X509_sign");
	return c;
}

void fixture_write(const struct fixture *f, const char *name, const void *data, size_t length,
		   char path[96])
{
	FILE *out;

	snprintf(path, 96, "%s/%s", f->directory, name);
	out = fopen(path, "w");
	need(out && fwrite(data, 1, length, out) == length && fclose(out) == 0, path);
}

void fixture_write_pem(const struct fixture *f, const char *name, X509 *certificate, char path[96])
{
	FILE *out;

	snprintf(path, 96, "%s/%s", f->directory, name);
	out = fopen(path, "a");
	need(out && PEM_write_X509(out, certificate) && fclose(out) == 0, path);
}

void fixture_sign_file(const struct fixture *f, const char *signature, const char *text,
		       const char *key_name, char key_path[96])
{
	EVP_PKEY *key = fixture_ec_key();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[128];
	size_t length = sizeof(der);
	char path[96];
	FILE *out;

	need(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		     EVP_DigestSign(context, der, &length, (const uint8_t *)text, strlen(text)) ==
			     1,
	     "signature of a file");
	fixture_write(f, signature, der, length, path);
	snprintf(key_path, 96, "%s/%s", f->directory, key_name);
	out = fopen(key_path, "w");
	need(out && PEM_write_PUBKEY(out, key) && fclose(out) == 0, key_path);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
}

void fixture_hex(FILE *out, const char *key, const void *data, size_t length, const char *end)
{
	char *text = malloc(2 * length + 1);

	hex_encode(data, length, text);
	fprintf(out, "\"%s\": \"%s\"%s", key, text, end);
	free(text);
}

void fixture_base64(FILE *out, const char *key, const void *data, size_t length, const char *end)
{
	char *text = malloc(BASE64_SIZE(length) + 1);

	base64_encode(data, length, text);
	fprintf(out, "\"%s\": \"%s\"%s", key, text, end);
	free(text);
}

/* ---- evidence ----------------------------------------------------------------------------- */

static void set(struct bytes *to, const void *data, size_t length)
{
	free(to->data);
	to->data = malloc(length);
	to->length = length;
	memcpy(to->data, data, length);
}

void fixture_set_certificate(struct fixture *f, X509 *certificate)
{
	unsigned char *der = NULL;
	int length = i2d_X509(certificate, &der);

	need(length > 0, "i2d_X509");
	set(&f->e.ek_certificate, der, (size_t)length);
	OPENSSL_free(der);
}

void fixture_set_ak(struct fixture *f, const TPMT_PUBLIC *public)
{
	uint8_t buffer[1024];
	size_t length = 0;

	need(Tss2_MU_TPMT_PUBLIC_Marshal(public, buffer, sizeof(buffer), &length) == 0, "public");
	set(&f->e.ak_public, buffer, length);
}

void fixture_ak_public(TPMT_PUBLIC *out, EVP_PKEY *key)
{
	uint8_t point[65];
	size_t length;

	need(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
					     &length) == 1,
	     "public key");
	*out = (TPMT_PUBLIC){
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
				    TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
				    TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
		.parameters.eccDetail = {.symmetric.algorithm = TPM2_ALG_NULL,
					 .scheme = {.scheme = TPM2_ALG_ECDSA,
						    .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
					 .curveID = TPM2_ECC_NIST_P256,
					 .kdf.scheme = TPM2_ALG_NULL},
	};
	out->unique.ecc.x.size = out->unique.ecc.y.size = 32;
	memcpy(out->unique.ecc.x.buffer, point + 1, 32);
	memcpy(out->unique.ecc.y.buffer, point + 33, 32);
}

void fixture_sign_bytes(struct fixture *f, EVP_PKEY *key, const uint8_t *attest, size_t length)
{
	uint8_t der[128], packed[256];
	const unsigned char *at = der;
	size_t der_length = sizeof(der), packed_length = 0;
	TPMT_SIGNATURE s = {.sigAlg = TPM2_ALG_ECDSA,
			    .signature.ecdsa = {.hash = TPM2_ALG_SHA256,
						.signatureR.size = 32,
						.signatureS.size = 32}};
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	ECDSA_SIG *numbers;

	need(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		     EVP_DigestSign(context, der, &der_length, attest, length) == 1,
	     "signature");
	set(&f->e.attest, attest, length);
	EVP_MD_CTX_free(context);
	numbers = d2i_ECDSA_SIG(NULL, &at, (long)der_length);
	BN_bn2binpad(ECDSA_SIG_get0_r(numbers), s.signature.ecdsa.signatureR.buffer, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(numbers), s.signature.ecdsa.signatureS.buffer, 32);
	ECDSA_SIG_free(numbers);
	need(Tss2_MU_TPMT_SIGNATURE_Marshal(&s, packed, sizeof(packed), &packed_length) == 0,
	     "TPMT_SIGNATURE");
	set(&f->e.signature, packed, packed_length);
}

void fixture_sign(struct fixture *f, EVP_PKEY *key)
{
	uint8_t buffer[sizeof(TPMS_ATTEST)];
	size_t length = 0;

	need(Tss2_MU_TPMS_ATTEST_Marshal(&f->attest, buffer, sizeof(buffer), &length) == 0,
	     "attest");
	fixture_sign_bytes(f, key, buffer, length);
}

void fixture_digest(struct fixture *f)
{
	static const unsigned pcr[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 18, 19, 22};
	uint8_t all[14 * (32 + 48)];

	for (unsigned i = 0; i < 14; i++) {
		memcpy(all + 32 * i, f->j.pcr256[pcr[i]], 32);
		memcpy(all + 14 * 32 + 48 * i, f->j.pcr384[pcr[i]], 48);
	}
	f->attest.attested.quote.pcrDigest.size = 32;
	SHA256(all, sizeof(all), f->attest.attested.quote.pcrDigest.buffer);
}

void fixture_enroll(struct fixture *f)
{
	struct host_list list = {&f->host, 1};
	char error[256];

	need(hosts_write(f->hosts_file, &list, error), error);
}

static void good_attest(struct fixture *f)
{
	f->attest = (TPMS_ATTEST){
		.magic = TPM2_GENERATED_VALUE,
		.type = TPM2_ST_ATTEST_QUOTE,
		.extraData.size = CORBEL_NONCE_LEN,
		.clockInfo = {.clock = 5, .resetCount = 7, .restartCount = 2, .safe = TPM2_YES},
		.attested.quote.pcrSelect = {
			.count = 2,
			.pcrSelections = {{TPM2_ALG_SHA256, 3, {0xFF, 0x03, 0x4E}},
					  {TPM2_ALG_SHA384, 3, {0xFF, 0x03, 0x4E}}}}};
	memcpy(f->attest.extraData.buffer, f->in.nonce, CORBEL_NONCE_LEN);
	fixture_digest(f);
}

void fixture_quote(struct fixture *f)
{
	X509 *certificate = fixture_certificate(f->ek, "board", f->ca, f->root, 0);

	fixture_reset(f);
	for (unsigned i = 0; i < 24; i++) {
		memset(f->j.pcr256[i], (int)(0x20 + i), 32);
		memset(f->j.pcr384[i], (int)(0x40 + i), 48);
		memcpy(f->e.pcr[i], f->j.pcr256[i], 32);
	}
	f->j.pcr_known = f->e.pcr_present = QUOTE_PCRS;
	f->j.bank[0] = TPM2_ALG_SHA256;
	f->j.bank[1] = TPM2_ALG_SHA384;
	f->j.banks = 2;
	fixture_set_certificate(f, certificate);
	fixture_ak_public(&f->ak_public, f->ak);
	fixture_set_ak(f, &f->ak_public);
	good_attest(f);
	fixture_sign(f, f->ak);
	strcpy(f->host.name, "host-1");
	need(certificate_key_digest(certificate, f->host.ek_sha256), "EK digest");
	public_name(&f->e.ak_public, f->host.ak_name);
	fixture_enroll(f);
	f->e.batch_size = 0;
	memcpy(f->e.nonce, f->in.nonce, sizeof(f->e.nonce));
	f->in.roots = f->roots;
	f->in.hosts = f->hosts_file;
	f->in.allow_test_tpm = false;
	X509_free(certificate);
}

void fixture_reset(struct fixture *f)
{
	struct judge clean = {
		.in = &f->in, .e = &f->e, .verdict = &f->v, .pcr_known = f->j.pcr_known};

	memcpy(clean.pcr256, f->j.pcr256, sizeof(clean.pcr256));
	memcpy(clean.pcr384, f->j.pcr384, sizeof(clean.pcr384));
	memcpy(clean.foreign, f->j.foreign, sizeof(clean.foreign));
	memcpy(clean.bank, f->j.bank, sizeof(clean.bank));
	clean.banks = f->j.banks;
	verdict_free(&f->v);
	X509_free(f->j.ek_certificate);
	EVP_PKEY_free(f->j.ak);
	f->j = clean;
}

void fixture_judge(struct fixture *f)
{
	fixture_reset(f);
	certificate_read(&f->j);
	host_enrolled(&f->j);
	certificate_chain(&f->j);
	ak_check(&f->j);
	quote_check(&f->j);
	quote_pcrs(&f->j);
	verdict_close(&f->v);
}

int fixture_row(const struct verdict *v, const char *component)
{
	int worst = -1;

	for (size_t i = 0; i < v->count; i++) {
		if (strcmp(v->row[i].component, component) == 0 && (int)v->row[i].result > worst) {
			worst = (int)v->row[i].result;
		}
	}
	return worst;
}

/* ---- life --------------------------------------------------------------------------------- */

void fixture_open(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->directory, "/tmp/corbel-verify.XXXXXX");
	need(mkdtemp(f->directory), "temporary directory");
	snprintf(f->hosts_file, sizeof(f->hosts_file), "%s/hosts.json", f->directory);
	f->ca = fixture_ec_key();
	f->ak = fixture_ec_key();
	f->ek = EVP_RSA_gen(2048);
	f->root = fixture_certificate(f->ca, "Test TPM maker", f->ca, NULL, CERT_CA);
	fixture_write_pem(f, "root.pem", f->root, f->root_file);
	f->roots[0] = f->root_file;
	memset(f->in.nonce, 0xA5, sizeof(f->in.nonce));
}

void fixture_close(struct fixture *f)
{
	char command[128];

	fixture_reset(f);
	verify_evidence_free(&f->e);
	EVP_PKEY_free(f->ca);
	EVP_PKEY_free(f->ek);
	EVP_PKEY_free(f->ak);
	X509_free(f->root);
	snprintf(command, sizeof(command), "rm -rf %s", f->directory);
	need(system(command) == 0, command);
}
