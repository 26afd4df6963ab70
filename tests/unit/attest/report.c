/* SPDX-License-Identifier: MIT */
/*
 * What a tenant's report binds, and the envelope of a secret: against OpenSSL, and against whoever
 * carries them and changes a bit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "tools/report/bind.h"
#include "tools/report/envelope.h"

static uint8_t key[ENVELOPE_KEY_LEN], public_key[ENVELOPE_PUBLIC_LEN], nonce[ENVELOPE_NONCE_LEN];
static uint8_t secret[48];

static int fresh(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(nonce); i++) {
		nonce[i] = (uint8_t)(7 * i + 1);
	}
	for (unsigned i = 0; i < sizeof(secret); i++) {
		secret[i] = (uint8_t)(255 - i);
	}
	return envelope_key(key, public_key) ? 0 : -1;
}

/* abi/log.h, built byte by byte. */
static void test_report_is_as_written(void **state)
{
	uint8_t plain[16 + 32 + 32] = "corbel.report.1", expected[32], data[CORBEL_REPORT_LEN];

	(void)state;
	assert_int_equal(strlen((char *)plain), 15);
	memcpy(plain + 16, nonce, 32);
	SHA256(secret, sizeof(secret), plain + 48);
	SHA256(plain, sizeof(plain), expected);
	bind_report(data, nonce, secret, sizeof(secret));
	assert_memory_equal(data, nonce, 32);
	assert_memory_equal(data + 32, expected, 32);
}

static void test_words(void **state)
{
	char path[] = "/tmp/report-XXXXXX", error[256];
	int fd = mkstemp(path);
	uint8_t *bytes;
	size_t size;

	(void)state;
	bytes = bind_read("00fFa1", &size, error);
	assert_non_null(bytes);
	assert_int_equal(size, 3);
	assert_memory_equal(bytes, "\x00\xff\xa1", 3);
	free(bytes);
	assert_null(bind_read(path, &size, error));
	assert_non_null(strstr(error, "expected 1 to 1048576 bytes"));
	assert_int_equal(write(fd, "abc", 3), 3);
	close(fd);
	bytes = bind_read(path, &size, error);
	assert_non_null(bytes);
	assert_int_equal(size, 3);
	assert_memory_equal(bytes, "abc", 3);
	free(bytes);
	unlink(path);
	assert_null(bind_read("abc", &size, error)); /* an odd number of digits is a name */
	assert_non_null(strstr(error, "abc: No such file"));
	assert_null(bind_read("", &size, error));
}

static void test_round_trip(void **state)
{
	uint8_t envelope[ENVELOPE_MAX], again[ENVELOPE_MAX], out[ENVELOPE_SECRET_MAX];
	size_t size = envelope_seal(envelope, public_key, nonce, secret, sizeof(secret));

	(void)state;
	assert_int_equal(size, ENVELOPE_OVERHEAD + sizeof(secret));
	assert_int_equal(envelope_open(out, key, nonce, envelope, size), sizeof(secret));
	assert_memory_equal(out, secret, sizeof(secret));
	assert_int_equal(envelope_seal(again, public_key, nonce, secret, sizeof(secret)), size);
	assert_memory_not_equal(again, envelope, size); /* a fresh key each time */
}

/* A bit of any byte, a shorter or longer envelope, another nonce, another key: nothing comes
 * out. */
static void test_changed(void **state)
{
	uint8_t envelope[ENVELOPE_MAX + 1] = {0}, out[ENVELOPE_SECRET_MAX], other[ENVELOPE_KEY_LEN];
	uint8_t unused[ENVELOPE_PUBLIC_LEN];
	size_t size = envelope_seal(envelope, public_key, nonce, secret, sizeof(secret));

	(void)state;
	for (size_t i = 0; i < size; i++) {
		envelope[i] ^= 1u << i % 8;
		assert_int_equal(envelope_open(out, key, nonce, envelope, size), 0);
		envelope[i] ^= 1u << i % 8;
	}
	for (size_t i = 0; i < size; i++) {
		assert_int_equal(envelope_open(out, key, nonce, envelope, i), 0);
	}
	assert_int_equal(envelope_open(out, key, nonce, envelope, size + 1), 0);
	assert_int_equal(envelope_open(out, key, nonce, envelope, SIZE_MAX), 0);
	nonce[31] ^= 1;
	assert_int_equal(envelope_open(out, key, nonce, envelope, size), 0);
	nonce[31] ^= 1;
	assert_true(envelope_key(other, unused));
	assert_int_equal(envelope_open(out, other, nonce, envelope, size), 0);
	assert_int_equal(envelope_open(out, key, nonce, envelope, size), sizeof(secret));
}

static void test_no_public_key(void **state)
{
	uint8_t envelope[ENVELOPE_MAX];

	(void)state;
	assert_int_equal(envelope_seal(envelope, public_key, nonce, secret, 0), 0);
	public_key[90] ^= 1; /* no point of the curve */
	assert_int_equal(envelope_seal(envelope, public_key, nonce, secret, 1), 0);
	public_key[90] ^= 1;
	public_key[10] ^= 1; /* another algorithm */
	assert_int_equal(envelope_seal(envelope, public_key, nonce, secret, 1), 0);
	public_key[10] ^= 1;
}

/* ---- the other side, with OpenSSL alone ------------------------------------------------------ */

static EVP_PKEY *from_point(const uint8_t *point)
{
	uint8_t der[ENVELOPE_PUBLIC_LEN];
	const uint8_t *at = der;
	EVP_PKEY *found;

	memcpy(der, public_key, ENVELOPE_PUBLIC_LEN - ENVELOPE_POINT);
	memcpy(der + ENVELOPE_PUBLIC_LEN - ENVELOPE_POINT, point, ENVELOPE_POINT);
	found = d2i_PUBKEY(NULL, &at, sizeof(der));
	assert_non_null(found);
	return found;
}

static void derive(EVP_PKEY *own, EVP_PKEY *peer, const uint8_t *sender, const uint8_t *receiver,
		   uint8_t out[64])
{
	uint8_t shared[32], information[18 + 2 * ENVELOPE_POINT] = "corbel.envelope.1";
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
	EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *kdf = EVP_KDF_CTX_new(hkdf);
	size_t size = sizeof(shared);
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, shared, sizeof(shared)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, nonce, sizeof(nonce)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, information,
						  sizeof(information)),
		OSSL_PARAM_construct_end()};

	assert_int_equal(EVP_PKEY_derive_init(context), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(context, peer), 1);
	assert_int_equal(EVP_PKEY_derive(context, shared, &size), 1);
	memcpy(information + 18, sender, ENVELOPE_POINT);
	memcpy(information + 18 + ENVELOPE_POINT, receiver, ENVELOPE_POINT);
	assert_int_equal(EVP_KDF_derive(kdf, out, 64, parameters), 1);
	EVP_KDF_CTX_free(kdf);
	EVP_KDF_free(hkdf);
	EVP_PKEY_CTX_free(context);
}

/* An envelope that OpenSSL makes, by the text of envelope.h, is opened. */
static void test_openssl_seals(void **state)
{
	const uint8_t *receiver = public_key + ENVELOPE_PUBLIC_LEN - ENVELOPE_POINT;
	uint8_t envelope[ENVELOPE_MAX], out[ENVELOPE_SECRET_MAX], keys[64], zero[16] = {0};
	EVP_PKEY *own = EVP_EC_gen("P-256"), *peer = from_point(receiver);
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	uint8_t *point = NULL;
	unsigned mac = 32;
	int length;

	(void)state;
	assert_int_equal(EVP_PKEY_get1_encoded_public_key(own, &point), ENVELOPE_POINT);
	memcpy(envelope, point, ENVELOPE_POINT);
	derive(own, peer, point, receiver, keys);
	assert_int_equal(EVP_EncryptInit_ex(cipher, EVP_aes_256_ctr(), NULL, keys, zero), 1);
	assert_int_equal(EVP_EncryptUpdate(cipher, envelope + ENVELOPE_POINT, &length, secret,
					   sizeof(secret)),
			 1);
	assert_non_null(HMAC(EVP_sha256(), keys + 32, 32, envelope, ENVELOPE_POINT + sizeof(secret),
			     envelope + ENVELOPE_POINT + sizeof(secret), &mac));
	assert_int_equal(
		envelope_open(out, key, nonce, envelope, ENVELOPE_OVERHEAD + sizeof(secret)),
		sizeof(secret));
	assert_memory_equal(out, secret, sizeof(secret));
	EVP_CIPHER_CTX_free(cipher);
	OPENSSL_free(point);
	EVP_PKEY_free(own);
	EVP_PKEY_free(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_is_as_written), cmocka_unit_test(test_words),
		cmocka_unit_test(test_round_trip),           cmocka_unit_test(test_changed),
		cmocka_unit_test(test_no_public_key),        cmocka_unit_test(test_openssl_seals),
	};

	return cmocka_run_group_tests(tests, fresh, NULL);
}
