/* SPDX-License-Identifier: MIT */
/*
 * A secret for one key pair, in one exchange: what a verifier hands to a tenant that he has found
 * trusted.  Whoever carries the envelope learns nothing, and cannot change it unseen.  It does not
 * say who made it: the tenant takes any secret, the verifier is the one who must be careful.
 *
 *	point     65 bytes   0x04, X, Y: a fresh key of P-256
 *	text      1..1024    the secret, AES-256 in counter mode, counter and nonce from zero
 *	tag       32         HMAC-SHA-256 over point and text
 *
 * The keys, AES first and then HMAC's, are the 64 bytes of HKDF-SHA-256 (RFC 5869) with salt = the
 * verifier's nonce, input = X of the shared point (SP 800-56A 5.7.1.2), information =
 * "corbel.envelope.1" with its NUL, point, the receiver's point.  A key of its own for each
 * envelope, so the counter may start anew.
 */
#ifndef REPORT_ENVELOPE_H
#define REPORT_ENVELOPE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENVELOPE_SECRET_MAX 1024u
#define ENVELOPE_POINT      65u
#define ENVELOPE_OVERHEAD   (ENVELOPE_POINT + 32u)
#define ENVELOPE_MAX        (ENVELOPE_OVERHEAD + ENVELOPE_SECRET_MAX)
#define ENVELOPE_KEY_LEN    32u
#define ENVELOPE_PUBLIC_LEN 91u /* SubjectPublicKeyInfo in DER (RFC 5480), as OpenSSL reads it */
#define ENVELOPE_NONCE_LEN  32u

/* A new key pair.  False: no random numbers. */
bool envelope_key(uint8_t key[ENVELOPE_KEY_LEN], uint8_t public_key[ENVELOPE_PUBLIC_LEN]);

/* Length of what was written to out, 0 if the public key is none, or without random numbers. */
size_t envelope_seal(uint8_t out[ENVELOPE_MAX], const uint8_t public_key[ENVELOPE_PUBLIC_LEN],
		     const uint8_t nonce[ENVELOPE_NONCE_LEN], const uint8_t *secret, size_t size);

/* Length of the secret, 0 if the envelope is not for this key and nonce, or was changed. */
size_t envelope_open(uint8_t secret[ENVELOPE_SECRET_MAX], const uint8_t key[ENVELOPE_KEY_LEN],
		     const uint8_t nonce[ENVELOPE_NONCE_LEN], const uint8_t *envelope, size_t size);
#endif
