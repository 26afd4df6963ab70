/* SPDX-License-Identifier: MIT */
/*
 * Hex and base64 (RFC 4648 section 4), both ways.  Readers are strict, since they read other
 * people's files: no white space, no missing padding, no stray bits behind the last byte.
 */
#ifndef TOOLS_LIB_HEX_H
#define TOOLS_LIB_HEX_H
#include "base/must_check.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lower-case digits and a NUL: `out` has room for 2 * length + 1. */
void hex_encode(const void *data, size_t length, char *out);
/* True if `text` is exactly 2 * length hex digits; both cases are read. */
MUST_CHECK bool hex_decode(const char *text, uint8_t *out, size_t length);

/* Characters of `length` bytes in base64, without the NUL that base64_encode() also writes. */
#define BASE64_SIZE(length) (((length) + 2) / 3 * 4)
void base64_encode(const void *data, size_t length, char *out);
/* `out` has room for strlen(text) / 4 * 3 bytes; *length is what was written. */
MUST_CHECK bool base64_decode(const char *text, uint8_t *out, size_t *length);
#endif
