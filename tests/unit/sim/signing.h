/* SPDX-License-Identifier: MIT */
/*
 * Keys and signatures for the builder's tests, made by OpenSSL: the builder checks them with other
 * code.
 */
#ifndef SIM_SIGNING_H
#define SIM_SIGNING_H
#define OPENSSL_SUPPRESS_DEPRECATED /* r and s as numbers: only the older calls give them */
#include <stdint.h>
#include <openssl/bn.h>
#include <openssl/ec.h>

struct signer {
	EC_KEY *key;
	uint8_t public[64]; /* X, Y */
	uint8_t digest[32]; /* by which the key is known, computed by OpenSSL */
};

void signer_make(struct signer *signer);                      /* a random key */
void signer_set(struct signer *signer, const BIGNUM *secret); /* this one */
void signer_free(struct signer *signer);
void sign(const struct signer *signer, const uint8_t digest[32], uint8_t signature[64]);
/* SHA-256 of the first `size` bytes at data, signed. */
void sign_bytes(const struct signer *signer, const void *data, size_t size, uint8_t signature[64]);
/* Whether OpenSSL takes the signature; a key that is none counts as no. */
int openssl_agrees(const uint8_t key[64], const uint8_t signature[64], const uint8_t digest[32]);
#endif
