/* SPDX-License-Identifier: MIT */
/*
 * Signatures as builder-domain/abi.h has them: ECDSA on P-256 over SHA-256, keys as X,Y and
 * signatures as r,s of 32 big-endian bytes each.  Keys come from PEM files.  Shared by
 * `corbel-policy sign` and corbel-sign.  Host side: the builder verifies again with code of its
 * own.
 */
#ifndef LIB_P256_H
#define LIB_P256_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct p256_key {
	void *handle;       /* of the crypto library */
	uint8_t point[64];  /* X, Y */
	uint8_t digest[32]; /* SHA-256 of 0x04, X, Y: what the key is known by */
	bool is_private;
};

/* Reads a private or public key.  Returns 0, or -1 with error naming the file and what is wrong. */
int p256_load(struct p256_key *key, const char *path, bool need_private, char *error, size_t size);
void p256_free(struct p256_key *key);

/* Returns 0, or -1: the crypto library failed. */
int p256_sign(const struct p256_key *key, const void *bytes, size_t size, uint8_t signature[64]);

/* Whether signature is point's over the bytes; false also when point is not on the curve. */
bool p256_verify(const uint8_t point[64], const void *bytes, size_t size,
		 const uint8_t signature[64]);

void p256_digest(const uint8_t point[64], uint8_t digest[32]);
void p256_sha256(const void *bytes, size_t size, uint8_t digest[32]);

/* 2 * size digits and NUL. */
void p256_hex(const uint8_t *bytes, size_t size, char *text);

#endif
