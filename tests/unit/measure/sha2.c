/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 and SHA-384: FIPS 180-4 example messages, and OpenSSL as the oracle for random messages,
 * lengths around every block boundary, odd alignments and random cuts.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "measured-boot/shared/sha2.h"

static void check(const uint8_t *data, size_t len)
{
	uint8_t want[64], got[64];

	EVP_Digest(data, len, want, NULL, EVP_sha256(), NULL);
	sha256(data, len, got);
	assert_memory_equal(got, want, SHA256_LEN);
	EVP_Digest(data, len, want, NULL, EVP_sha384(), NULL);
	sha384(data, len, got);
	assert_memory_equal(got, want, SHA384_LEN);
}

static void assert_hex(const uint8_t *got, size_t len, const char *hex)
{
	char text[2 * 64 + 1];

	for (size_t i = 0; i < len; i++) {
		snprintf(text + 2 * i, 3, "%02x", got[i]);
	}
	assert_string_equal(text, hex);
}

static void examples(void **state)
{
	static const struct {
		const char *text, *sha256, *sha384;
	} row[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		 "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
		 "274edebfe76f65fbd51ad2f14898b95b"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		 "8086072ba1e7cc2358baeca134c825a7"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
		 "3391fdddfc8dc7393707a65b1b4709397cf8b1d162af05abfe8f450de5f36bc6"
		 "b0455a8520bc4e6f5fe95b1fe3c8452b"},
		{"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		 "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		 "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
		 "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712"
		 "fcc7c71a557e2db966c3e9fa91746039"},
	};
	uint8_t out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		sha256(row[i].text, strlen(row[i].text), out);
		assert_hex(out, SHA256_LEN, row[i].sha256);
		sha384(row[i].text, strlen(row[i].text), out);
		assert_hex(out, SHA384_LEN, row[i].sha384);
	}
}

static void million(void **state)
{
	struct sha2_ctx a;
	struct sha2_ctx b;
	uint8_t out[64], chunk[1000];

	(void)state;
	memset(chunk, 'a', sizeof(chunk));
	sha256_init(&a);
	sha384_init(&b);
	for (int i = 0; i < 1000; i++) {
		sha256_update(&a, chunk, sizeof(chunk));
		sha384_update(&b, chunk, sizeof(chunk));
	}
	sha256_final(&a, out);
	assert_hex(out, SHA256_LEN,
		   "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	sha384_final(&b, out);
	assert_hex(out, SHA384_LEN,
		   "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b"
		   "07b8b3dc38ecc4ebae97ddd87f3d8985");
}

static void every_length(void **state)
{
	uint8_t data[600 + 8];

	(void)state;
	srandom(1);
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = random();
	}
	for (size_t len = 0; len <= 600; len++) {
		check(data + len % 8, len);
	}
}

static void random_cuts(void **state)
{
	static uint8_t data[1 << 16];

	(void)state;
	srandom(2);
	for (int round = 0; round < 40; round++) {
		size_t len = random() % sizeof(data), pos = 0, n;
		uint8_t want[64], got[64];
		struct sha2_ctx a;
		struct sha2_ctx b;

		for (size_t i = 0; i < len; i++) {
			data[i] = random();
		}
		sha256_init(&a);
		sha384_init(&b);
		for (; pos < len; pos += n) {
			n = random() % (round % 2 ? 50 : 3000);
			n = n < len - pos ? n : len - pos;
			sha256_update(&a, data + pos, n);
			sha384_update(&b, data + pos, n);
		}
		sha256_final(&a, got);
		EVP_Digest(data, len, want, NULL, EVP_sha256(), NULL);
		assert_memory_equal(got, want, SHA256_LEN);
		sha384_final(&b, got);
		EVP_Digest(data, len, want, NULL, EVP_sha384(), NULL);
		assert_memory_equal(got, want, SHA384_LEN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples),
		cmocka_unit_test(million),
		cmocka_unit_test(every_length),
		cmocka_unit_test(random_cuts),
	};

	return cmocka_run_group_tests_name("sha2", tests, NULL, NULL);
}
