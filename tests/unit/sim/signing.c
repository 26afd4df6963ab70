/* SPDX-License-Identifier: MIT */
/*
 * Keys and signatures of the builder's tests.  OpenSSL's older calls on purpose: they give r and s
 * as numbers.
 */
#include "tests/unit/sim/signing.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>

static void demand(int condition)
{
	if (!condition) {
		abort();
	}
}

static void describe(struct signer *signer)
{
	uint8_t point[65];

	demand(EC_POINT_point2oct(EC_KEY_get0_group(signer->key),
				  EC_KEY_get0_public_key(signer->key),
				  POINT_CONVERSION_UNCOMPRESSED, point, sizeof(point), NULL) == 65);
	memcpy(signer->public, point + 1, 64);
	SHA256(point, sizeof(point), signer->digest);
}

void signer_make(struct signer *signer)
{
	signer->key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	demand(signer->key != NULL && EC_KEY_generate_key(signer->key));
	describe(signer);
}

void signer_set(struct signer *signer, const BIGNUM *secret)
{
	EC_POINT *point;

	signer->key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	demand(signer->key != NULL);
	point = EC_POINT_new(EC_KEY_get0_group(signer->key));
	demand(point != NULL &&
	       EC_POINT_mul(EC_KEY_get0_group(signer->key), point, secret, NULL, NULL, NULL) &&
	       EC_KEY_set_private_key(signer->key, secret) &&
	       EC_KEY_set_public_key(signer->key, point));
	EC_POINT_free(point);
	describe(signer);
}

void signer_free(struct signer *signer)
{
	EC_KEY_free(signer->key);
}

void sign(const struct signer *signer, const uint8_t digest[32], uint8_t signature[64])
{
	ECDSA_SIG *made = ECDSA_do_sign(digest, 32, signer->key);

	demand(made != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(made), signature, 32) == 32 &&
	       BN_bn2binpad(ECDSA_SIG_get0_s(made), signature + 32, 32) == 32);
	ECDSA_SIG_free(made);
}

void sign_bytes(const struct signer *signer, const void *data, size_t size, uint8_t signature[64])
{
	uint8_t digest[32];

	SHA256(data, size, digest);
	sign(signer, digest, signature);
}

int openssl_agrees(const uint8_t key[64], const uint8_t signature[64], const uint8_t digest[32])
{
	EC_KEY *public = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	ECDSA_SIG *given = ECDSA_SIG_new();
	uint8_t point[65] = {4};
	const uint8_t *at = point;
	int verdict = 0;

	memcpy(point + 1, key, 64);
	demand(public != NULL && given != NULL);
	demand(ECDSA_SIG_set0(given, BN_bin2bn(signature, 32, NULL),
			      BN_bin2bn(signature + 32, 32, NULL)));
	if (o2i_ECPublicKey(&public, &at, sizeof(point)) != NULL) {
		verdict = ECDSA_do_verify(digest, 32, given, public) == 1;
	}
	ECDSA_SIG_free(given);
	EC_KEY_free(public);
	return verdict;
}
