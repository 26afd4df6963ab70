/* SPDX-License-Identifier: MIT */
/*
 * Hex and base64 in both directions: every pair of characters, every character at every place of a
 * short text, every way to end; base64 compared with OpenSSL's.  Texts and results lie in exact
 * allocations, so that a byte too many is the sanitizer's report.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/lib/hex.h"

static int digit_value(int c)
{
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

static bool decodes_hex(const char *text, size_t length, uint8_t *out)
{
	char *copy = strdup(text);
	uint8_t *bytes = malloc(length ? length : 1);
	bool good = hex_decode(copy, bytes, length);

	memcpy(out, bytes, length);
	free(bytes);
	free(copy);
	return good;
}

static void hex_pairs(void **state)
{
	char text[3] = "", shown[3];
	uint8_t byte = 0;

	(void)state;
	for (int high = 1; high < 256; high++) {
		for (int low = 1; low < 256; low++) {
			bool good = isxdigit(high) && isxdigit(low);

			text[0] = (char)high;
			text[1] = (char)low;
			assert_int_equal(hex_decode(text, &byte, 1), good);
			if (good) {
				assert_int_equal(byte, digit_value(high) << 4 | digit_value(low));
				hex_encode(&byte, 1, shown);
				assert_int_equal(strcasecmp(shown, text), 0);
				assert_false(isupper(shown[0]) || isupper(shown[1]));
			}
		}
	}
}

static void hex_lengths(void **state)
{
	uint8_t out[2];

	(void)state;
	assert_true(decodes_hex("", 0, out));
	assert_true(decodes_hex("12aF", 2, out));
	assert_int_equal(out[1], 0xAF);
	assert_false(decodes_hex("", 1, out));
	assert_false(decodes_hex("1", 1, out));
	assert_false(decodes_hex("12", 2, out));
	assert_false(decodes_hex("123", 2, out));
	assert_false(decodes_hex("123", 1, out));
	assert_false(decodes_hex("1", 0, out));
}

/* What comes out of it, -1 if it is refused. */
static int decodes_base64(const char *text, uint8_t out[12])
{
	char *copy = strdup(text);
	size_t room = strlen(text) / 4 * 3, length;
	uint8_t *bytes = malloc(room ? room : 1);
	bool good = base64_decode(copy, bytes, &length);

	assert_in_range(length, 0, room);
	memcpy(out, bytes, length);
	free(bytes);
	free(copy);
	return good ? (int)length : -1;
}

static void base64_lengths(void **state)
{
	static const uint8_t data[12] = {0x00, 0x10, 0x83, 0xFB, 0xEF, 0xBE,
					 0xFF, 0xFF, 0xFF, 0x5A, 0xC3, 0x01};
	char text[17], expected[17];
	uint8_t out[12];

	(void)state;
	for (int length = 0; length <= 12; length++) {
		char *exact = malloc(4 * (size_t)((length + 2) / 3) + 1);
		uint8_t *bytes = malloc(length ? (size_t)length : 1);

		memcpy(bytes, data, (size_t)length);
		base64_encode(bytes, (size_t)length, exact);
		strcpy(text, exact);
		free(exact);
		free(bytes);
		EVP_EncodeBlock((unsigned char *)expected, data, length);
		assert_string_equal(text, expected);
		assert_int_equal(decodes_base64(text, out), length);
		assert_memory_equal(out, data, (size_t)length);
		for (size_t cut = 1; cut < strlen(expected); cut++) {
			text[strlen(expected) - cut] = 0;
			if (cut % 4) {
				assert_int_equal(decodes_base64(text, out), -1);
			}
			strcpy(text, expected);
		}
	}
	assert_int_equal(decodes_base64("AA==AAAA", out), -1); /* padding in the middle */
	assert_int_equal(decodes_base64("====", out), -1);
}

/* One text for one value: what is read is written the same, and what OpenSSL writes is read. */
static void base64_characters(void **state)
{
	static const char *const texts[] = {"AAAAAAAA", "AAAAAAA=", "AAAAAA==", "AA==", "-/+9"};
	uint8_t out[12], other[12];
	char text[16], again[16];
	unsigned good = 0;

	(void)state;
	for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++) {
		for (size_t at = 0; at < strlen(texts[n]); at++) {
			for (int c = 1; c < 256; c++) {
				int length;

				strcpy(text, texts[n]);
				text[at] = (char)c;
				length = decodes_base64(text, out);
				if (length >= 0) {
					base64_encode(out, (size_t)length, again);
					assert_string_equal(again, text);
					assert_true(EVP_DecodeBlock(other, (uint8_t *)text,
								    (int)strlen(text)) >= length);
					assert_memory_equal(out, other, (size_t)length);
					good++;
				}
			}
		}
	}
	/* In each place 64 digits, or those whose bits no byte misses, or padding. */
	assert_int_equal(good, 7 * 64 + 65 + 6 * 64 + 17 + 65 + 5 * 64 + 4 + 17 + 1 + 64 + 4 + 17 +
				       1 + 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_pairs),
		cmocka_unit_test(hex_lengths),
		cmocka_unit_test(base64_lengths),
		cmocka_unit_test(base64_characters),
	};

	return cmocka_run_group_tests_name("hex", tests, NULL, NULL);
}
