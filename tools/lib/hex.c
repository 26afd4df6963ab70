/* SPDX-License-Identifier: MIT */
/*
 * Hex and base64 (RFC 4648 section 4), both ways.  Strict readers: see hex.h.
 */
#include "tools/lib/hex.h"

#include <string.h>

static const char hex_digit[] = "0123456789abcdef";

void hex_encode(const void *data, size_t length, char *out)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < length; i++) {
		out[2 * i] = hex_digit[byte[i] >> 4];
		out[2 * i + 1] = hex_digit[byte[i] & 15];
	}
	out[2 * length] = 0;
}

/* Value of a digit, -1 if it is none. */
static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9') {
		return digit - '0';
	}
	if (digit >= 'a' && digit <= 'f') {
		return digit - 'a' + 10;
	}
	if (digit >= 'A' && digit <= 'F') {
		return digit - 'A' + 10;
	}
	return -1;
}

bool hex_decode(const char *text, uint8_t *out, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		int high = hex_value(text[2 * i]);
		int low;

		/* Where the text ends early there is no second digit to look at. */
		if (high < 0) {
			return false;
		}
		low = hex_value(text[2 * i + 1]);
		if (low < 0) {
			return false;
		}
		out[i] = high << 4 | low;
	}
	return text[2 * length] == 0;
}

/* RFC 4648 section 4: a group is 24 bits, three bytes or four digits. */
#define BASE64_BYTES  3
#define BASE64_DIGITS 4
#define BASE64_PAD    '='

static const char base64_digit[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t length, char *out)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < length; i += BASE64_BYTES) {
		size_t left = length - i;
		uint32_t group = (uint32_t)byte[i] << 16;

		if (left > 1) {
			group |= (uint32_t)byte[i + 1] << 8;
		}
		if (left > 2) {
			group |= byte[i + 2];
		}
		out[0] = base64_digit[group >> 18];
		out[1] = base64_digit[group >> 12 & 63];
		out[2] = BASE64_PAD;
		out[3] = BASE64_PAD;
		if (left > 1) {
			out[2] = base64_digit[group >> 6 & 63];
		}
		if (left > 2) {
			out[3] = base64_digit[group & 63];
		}
		out += BASE64_DIGITS;
	}
	*out = 0;
}

/* Value of a digit, -1 if it is none; the digits' NUL is none. */
static int base64_value(char digit)
{
	const char *found = memchr(base64_digit, digit, sizeof(base64_digit) - 1);

	if (!found) {
		return -1;
	}
	return (int)(found - base64_digit);
}

/* One group of four characters; `bytes` of its three are there, the rest is padding. */
static bool base64_group(const char *text, unsigned bytes, uint8_t *out)
{
	unsigned digits = bytes + 1;
	uint32_t group = 0;
	uint32_t stray;

	for (unsigned i = 0; i < digits; i++) {
		int value = base64_value(text[i]);

		if (value < 0) {
			return false;
		}
		group |= (uint32_t)value << (18 - 6 * i);
	}
	for (unsigned i = digits; i < BASE64_DIGITS; i++) {
		if (text[i] != BASE64_PAD) {
			return false;
		}
	}
	for (unsigned i = 0; i < bytes; i++) {
		out[i] = group >> (16 - 8 * i);
	}
	/* Bits of the last digit that belong to no byte: else two texts would mean the same. */
	stray = group & (0xFFFFFFu >> (8 * bytes));
	return stray == 0;
}

/* How many bytes the four characters stand for, by their padding. */
static unsigned group_bytes(const char *text)
{
	if (text[3] != BASE64_PAD) {
		return 3;
	}
	if (text[2] != BASE64_PAD) {
		return 2;
	}
	return 1;
}

bool base64_decode(const char *text, uint8_t *out, size_t *length)
{
	size_t characters = strlen(text);

	*length = 0;
	if (characters % BASE64_DIGITS != 0) {
		return false;
	}
	for (size_t i = 0; i < characters; i += BASE64_DIGITS) {
		unsigned bytes = BASE64_BYTES;

		/* Padding is for the last group alone. */
		if (i + BASE64_DIGITS == characters) {
			bytes = group_bytes(text + i);
		}
		if (!base64_group(text + i, bytes, out + *length)) {
			return false;
		}
		*length += bytes;
	}
	return true;
}
