/* SPDX-License-Identifier: MIT */
/*
 * Signatures, by BearSSL: its plain 31-bit integer code, which needs neither vector registers nor
 * an allocator.  Keys, signatures and digests are hostile; they are not secret.
 */
#include <bearssl/bearssl_ec.h>

#include "builder-domain/lib.h"
#include "builder-domain/signature.h"

int signature_is_valid(const uint8_t key[64], const uint8_t signature[64],
		       const uint8_t digest[SHA256_LEN])
{
	uint8_t point[65] = {4};
	br_ec_public_key public = {BR_EC_secp256r1, point, sizeof(point)};

	memcpy(point + 1, key, 64);
	return br_ecdsa_i31_vrfy_raw(&br_ec_p256_m31, digest, SHA256_LEN, &public, signature, 64) ==
	       1;
}

void key_digest(const uint8_t key[64], uint8_t digest[SHA256_LEN])
{
	uint8_t point[65] = {4};

	memcpy(point + 1, key, 64);
	sha256(point, sizeof(point), digest);
}
