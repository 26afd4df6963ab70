/* SPDX-License-Identifier: MIT */
/*
 * Hex and base64 (RFC 4648 section 4), both ways.  Strict readers: see hex.h.
 */
#include "measured-boot/shared/hex.h"

#include <string.h>

void hex_encode(const void *data, size_t length, char *out)
{
	static const char digit[] = "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < length; i++) {
		*out++ = digit[p[i] >> 4];
		*out++ = digit[p[i] & 15];
	}
	*out = 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

bool hex_decode(const char *text, uint8_t *out, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		int high = hex_value(text[2 * i]);
		int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);

		if (low < 0) {
			return false;
		}
		out[i] = high << 4 | low;
	}
	return !text[2 * length];
}

static const char base64_digit[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t length, char *out)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < length; i += 3) {
		uint32_t left = length - i < 3 ? length - i : 3;
		uint32_t group = (uint32_t)p[i] << 16;

		group |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
		group |= left > 2 ? p[i + 2] : 0;
		*out++ = base64_digit[group >> 18];
		*out++ = base64_digit[group >> 12 & 63];
		*out++ = left > 1 ? base64_digit[group >> 6 & 63] : '=';
		*out++ = left > 2 ? base64_digit[group & 63] : '=';
	}
	*out = 0;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	if (c == '+') {
		return 62;
	}
	return c == '/' ? 63 : -1;
}

/* One group of four characters; `bytes` of its three are there, the rest is padding. */
static bool base64_group(const char *text, unsigned bytes, uint8_t *out)
{
	uint32_t group = 0;

	for (unsigned i = 0; i < 4; i++) {
		int value = i > bytes ? 0 : base64_value(text[i]);

		if (value < 0 || (i > bytes && text[i] != '=')) {
			return false;
		}
		group = group << 6 | (uint32_t)value;
	}
	for (unsigned i = 0; i < bytes; i++) {
		out[i] = group >> (16 - 8 * i);
	}
	return !(group & (0xFFFFFFu >> (8 * bytes)));
}

bool base64_decode(const char *text, uint8_t *out, size_t *length)
{
	size_t characters = strlen(text);

	*length = 0;
	if (characters % 4) {
		return false;
	}
	for (size_t i = 0; i < characters; i += 4) {
		unsigned bytes = 3;

		if (i + 4 == characters && text[i + 3] == '=') {
			bytes = text[i + 2] == '=' ? 1 : 2;
		}
		if (!base64_group(text + i, bytes, out + *length)) {
			return false;
		}
		*length += bytes;
	}
	return true;
}
