/* SPDX-License-Identifier: MIT */
/*
 * Signatures, by BearSSL: its plain 31-bit integer code, which needs neither vector registers nor
 * an allocator.  Keys, signatures and digests are hostile; they are not secret.
 */
#include <bearssl/bearssl_ec.h>

#include "builder-domain/lib.h"
#include "builder-domain/signature.h"

/* An uncompressed point: 0x04, X, Y (SEC 1, 2.3.3). */
#define POINT_LEN          65
#define POINT_UNCOMPRESSED 0x04

static void point_of(const uint8_t key[64], uint8_t point[POINT_LEN])
{
	point[0] = POINT_UNCOMPRESSED;
	memcpy(point + 1, key, POINT_LEN - 1);
}

int signature_is_valid(const uint8_t key[64], const uint8_t signature[64],
		       const uint8_t digest[SHA256_LEN])
{
	uint8_t point[POINT_LEN];
	br_ec_public_key public = {
		.curve = BR_EC_secp256r1,
		.q = point,
		.qlen = sizeof(point),
	};

	point_of(key, point);
	/* 1: valid.  0 also for a key that is no point of the curve. */
	return br_ecdsa_i31_vrfy_raw(&br_ec_p256_m31, digest, SHA256_LEN, &public, signature, 64) ==
	       1;
}

void key_digest(const uint8_t key[64], uint8_t digest[SHA256_LEN])
{
	uint8_t point[POINT_LEN];

	point_of(key, point);
	sha256(point, sizeof(point), digest);
}
