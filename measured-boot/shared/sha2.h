/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 and SHA-384 (FIPS 180-4) for freestanding code: general registers only, no allocation.
 * Part of the measured image and of the builder; input bytes are hostile, but only ever hashed.
 */
#ifndef MEASURED_BOOT_SHARED_SHA2_H
#define MEASURED_BOOT_SHARED_SHA2_H
#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32
#define SHA384_LEN 48

struct sha2_ctx {
	uint64_t state[8]; /* SHA-256: the low halves */
	uint64_t bytes;    /* below 2^61: nothing here hashes more */
	uint8_t size;      /* of a block */
	uint8_t length;    /* of the digest */
	uint8_t block[128];
};

/* Which of the two it is, is decided at the start. */
void sha256_init(struct sha2_ctx *context);
void sha384_init(struct sha2_ctx *context);
void sha2_update(struct sha2_ctx *context, const void *data, size_t len);
void sha2_final(struct sha2_ctx *context, uint8_t *out); /* SHA256_LEN or SHA384_LEN bytes */

void sha256(const void *data, size_t len, uint8_t out[SHA256_LEN]);
void sha384(const void *data, size_t len, uint8_t out[SHA384_LEN]);
#endif
