/* SPDX-License-Identifier: MIT */
/*
 * What the table and the JSON of a verdict (verdict.c, verdict_json.c) share; not for others.
 */
#ifndef MEASURED_BOOT_VERIFY_VERDICT_H
#define MEASURED_BOOT_VERIFY_VERDICT_H
#include "measured-boot/verify/verify.h"

#define DIGEST_MAX 64u
#define HEX_TEXT   (2 * DIGEST_MAX + 1)

/* Hex digits in `text`, NULL of no digest. */
const char *verdict_hex(const uint8_t *digest, size_t length, char text[HEX_TEXT]);

/* SHA-256 of an input, NULL if it could not be read. */
const uint8_t *verdict_input_digest(const struct verdict_input *input);

/* Whether row `at` is the first of its component that decided. */
bool verdict_decided(const struct verdict *verdict, size_t at);
#endif
