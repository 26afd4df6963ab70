/* SPDX-License-Identifier: MIT */
/*
 * See p256.h.  Owns the translation between the crypto library's forms (PEM, DER) and the fixed
 * ones of the manifests.  No secret is written or printed here.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "tools/lib/files.h"
#include "tools/lib/p256.h"

void p256_sha256(const void *bytes, size_t size, uint8_t digest[32])
{
	EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL);
}

void p256_digest(const uint8_t point[64], uint8_t digest[32])
{
	uint8_t sec1[65] = {0x04};

	memcpy(sec1 + 1, point, 64);
	p256_sha256(sec1, sizeof(sec1), digest);
}

void p256_hex(const uint8_t *bytes, size_t size, char *text)
{
	for (size_t i = 0; i < size; i++) {
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	}
}

/* ---- keys ----------------------------------------------------------------------------------- */

static EVP_PKEY *read_pem(FILE *file, bool *is_private)
{
	EVP_PKEY *pkey = PEM_read_PrivateKey(file, NULL, NULL, NULL);

	*is_private = pkey != NULL;
	if (!pkey) {
		rewind(file);
		pkey = PEM_read_PUBKEY(file, NULL, NULL, NULL);
	}
	ERR_clear_error();
	return pkey;
}

/* What is wrong with the key, or NULL. */
static const char *take_point(struct p256_key *key, bool need_private)
{
	static char why[160];
	BIGNUM *x = NULL, *y = NULL;
	char group[64] = "";
	bool taken;

	if (!EVP_PKEY_is_a(key->handle, "EC")) {
		snprintf(why, sizeof(why), "an ECDSA key on P-256 is needed, this is %s",
			 EVP_PKEY_get0_type_name(key->handle) ?: "another kind");
		return why;
	}
	if (EVP_PKEY_get_group_name(key->handle, group, sizeof(group), NULL) != 1 ||
	    strcmp(group, "prime256v1")) {
		snprintf(why, sizeof(why), "the curve must be P-256 (prime256v1), this key's is %s",
			 group[0] ? group : "unnamed");
		return why;
	}
	if (need_private && !key->is_private) {
		return "a private key is needed to sign, this is a public one";
	}
	taken = EVP_PKEY_get_bn_param(key->handle, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
		EVP_PKEY_get_bn_param(key->handle, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
		BN_bn2binpad(x, key->point, 32) == 32 && BN_bn2binpad(y, key->point + 32, 32) == 32;
	BN_free(x);
	BN_free(y);
	return taken ? NULL : "has no public point";
}

int p256_load(struct p256_key *key, const char *path, bool need_private, char *error, size_t size)
{
	const char *why;
	FILE *file = files_open_argument(path, &why);

	memset(key, 0, sizeof(*key));
	if (!file) {
		snprintf(error, size, "%s: %s%s", path, why, errno ? "" : ", with a key in PEM");
		return -1;
	}
	key->handle = read_pem(file, &key->is_private);
	fclose(file);
	if (!key->handle) {
		snprintf(error, size,
			 "%s: expected a PEM file with a private or public key "
			 "(or the passphrase is wrong)",
			 path);
		return -1;
	}
	why = take_point(key, need_private);
	if (why) {
		snprintf(error, size, "%s: %s", path, why);
		p256_free(key);
		return -1;
	}
	p256_digest(key->point, key->digest);
	return 0;
}

void p256_free(struct p256_key *key)
{
	EVP_PKEY_free(key->handle);
	memset(key, 0, sizeof(*key));
}

/* ---- signatures ----------------------------------------------------------------------------- */

/* DER of ECDSA-Sig-Value (RFC 3279, 2.2.3) to r,s. */
static int from_der(const uint8_t *der, size_t size, uint8_t signature[64])
{
	ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &der, (long)size);
	const BIGNUM *r, *s;
	int ret;

	if (!parts) {
		return -1;
	}
	ECDSA_SIG_get0(parts, &r, &s);
	ret = BN_bn2binpad(r, signature, 32) == 32 && BN_bn2binpad(s, signature + 32, 32) == 32
		      ? 0
		      : -1;
	ECDSA_SIG_free(parts);
	return ret;
}

int p256_sign(const struct p256_key *key, const void *bytes, size_t size, uint8_t signature[64])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t der[128];
	size_t length = sizeof(der);
	int ret = -1;

	if (context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->handle) == 1 &&
	    EVP_DigestSign(context, der, &length, bytes, size) == 1) {
		ret = from_der(der, length, signature);
	}
	EVP_MD_CTX_free(context);
	return ret;
}

static EVP_PKEY *from_point(const uint8_t point[64])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;
	uint8_t sec1[65] = {0x04};

	memcpy(sec1 + 1, point, 64);
	if (context && builder &&
	    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, sec1,
					     sizeof(sec1)) &&
	    (params = OSSL_PARAM_BLD_to_param(builder)) != NULL &&
	    EVP_PKEY_fromdata_init(context) == 1) {
		EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params);
	}
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	return pkey;
}

static uint8_t *to_der(const uint8_t signature[64], int *size)
{
	ECDSA_SIG *parts = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
	uint8_t *der = NULL;

	if (parts && r && s && ECDSA_SIG_set0(parts, r, s) == 1) {
		r = s = NULL; /* the signature owns them now */
		*size = i2d_ECDSA_SIG(parts, &der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(parts);
	return der;
}

bool p256_verify(const uint8_t point[64], const void *bytes, size_t size,
		 const uint8_t signature[64])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY *pkey = from_point(point);
	int length = 0;
	uint8_t *der = to_der(signature, &length);
	bool good = context && pkey && der && length > 0 &&
		    EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, pkey) == 1 &&
		    EVP_DigestVerify(context, der, (size_t)length, bytes, size) == 1;

	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return good;
}
