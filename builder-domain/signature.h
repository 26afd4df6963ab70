/* SPDX-License-Identifier: MIT */
/*
 * ECDSA on P-256 (FIPS 186-4, 6.4), verification only.  Numbers are big endian, 32 bytes each.
 */
#ifndef BUILDER_SIGNATURE_H
#define BUILDER_SIGNATURE_H
#include "base/must_check.h"
#include <stdint.h>

#include "measured-boot/shared/sha2.h"

/* Whether `signature` (r, s) over the digest is of `key` (X, Y).  Any bytes may be given. */
MUST_CHECK int signature_is_valid(const uint8_t key[64], const uint8_t signature[64],
				  const uint8_t digest[SHA256_LEN]);

/* By which owners and operators are known: SHA-256 of 0x04, X, Y (SEC 1, 2.3.3). */
void key_digest(const uint8_t key[64], uint8_t digest[SHA256_LEN]);
#endif
