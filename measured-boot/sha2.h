/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 and SHA-384 (FIPS 180-4) for freestanding code: general registers only, no allocation.
 * Part of the measured image and of the builder; input bytes are hostile, but only ever hashed.
 */
#ifndef MEASURED_BOOT_SHA2_H
#define MEASURED_BOOT_SHA2_H
#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32
#define SHA384_LEN 48

struct sha256_ctx {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t block[64];
};

struct sha384_ctx {
	uint64_t state[8];
	uint64_t bytes; /* of 2^128 possible; 2^64 are enough */
	uint8_t block[128];
};

void sha256_init(struct sha256_ctx *c);
void sha256_update(struct sha256_ctx *c, const void *data, size_t len);
void sha256_final(struct sha256_ctx *c, uint8_t out[SHA256_LEN]);
void sha256(const void *data, size_t len, uint8_t out[SHA256_LEN]);

void sha384_init(struct sha384_ctx *c);
void sha384_update(struct sha384_ctx *c, const void *data, size_t len);
void sha384_final(struct sha384_ctx *c, uint8_t out[SHA384_LEN]);
void sha384(const void *data, size_t len, uint8_t out[SHA384_LEN]);
#endif
