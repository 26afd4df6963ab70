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
	uint8_t block[128];
};

/* A context is for the function that has begun it. */
void sha256_init(struct sha2_ctx *context);
void sha256_update(struct sha2_ctx *context, const void *data, size_t len);
void sha256_final(struct sha2_ctx *context, uint8_t out[SHA256_LEN]);

void sha384_init(struct sha2_ctx *context);
void sha384_update(struct sha2_ctx *context, const void *data, size_t len);
void sha384_final(struct sha2_ctx *context, uint8_t out[SHA384_LEN]);

void sha256(const void *data, size_t len, uint8_t out[SHA256_LEN]);
void sha384(const void *data, size_t len, uint8_t out[SHA384_LEN]);
#endif
