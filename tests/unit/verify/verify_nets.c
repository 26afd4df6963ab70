/* SPDX-License-Identifier: MIT */
/*
 * Why two checks of an attestation key (verify/ak.c) are second nets: what the libraries below them
 * refuse by themselves.  A library that lets something pass here makes the check a first one.
 *
 *   the public area written again and compared: tss2-mu reads no form that it writes otherwise
 *   EVP_PKEY_public_check():                    OpenSSL makes no key of what is no point
 */
#include "verify/verify_expect.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>
#include <cmocka.h>

/* True when it is read at all; then what was read of it is written the same. */
static bool same_again(const uint8_t *data, size_t length)
{
	uint8_t again[sizeof(TPMT_PUBLIC)];
	size_t at = 0, written = 0;
	TPMT_PUBLIC public;

	memset(&public, 0, sizeof(public));
	if (Tss2_MU_TPMT_PUBLIC_Unmarshal(data, length, &at, &public) != TSS2_RC_SUCCESS) {
		return false;
	}
	assert_int_equal(Tss2_MU_TPMT_PUBLIC_Marshal(&public, again, sizeof(again), &written),
			 TSS2_RC_SUCCESS);
	assert_int_equal(written, at);
	assert_memory_equal(again, data, at);
	return true;
}

/* Each byte of an AK's public area with each value; each two-byte field with each value. */
static void public_areas(void **state)
{
	uint8_t data[sizeof(TPMT_PUBLIC)];
	size_t length, reads = 0;

	(void)state;
	fixture_quote(&f);
	length = f.e.ak_public.length;
	assert_in_range(length, 64, sizeof(data));
	memcpy(data, f.e.ak_public.data, length);
	assert_true(same_again(data, length));
	for (size_t at = 0; at + 2 <= length; at++) {
		uint8_t kept[2] = {data[at], data[at + 1]};

		for (unsigned value = 0; value < 0x10000; value += at < 24 ? 1 : 0x101) {
			data[at] = (uint8_t)(value >> 8);
			data[at + 1] = (uint8_t)value;
			reads += same_again(data, length);
		}
		memcpy(data + at, kept, 2);
	}
	assert_true(reads > 10000); /* many are forms of something */
}

/* Whether OpenSSL makes a key of 04 x y. */
static bool makes_key(uint8_t point[65])
{
	char group[] = SN_X9_62_prime256v1;
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 65),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;
	bool made;

	assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
	made = EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
	EVP_PKEY_free(key);
	EVP_PKEY_CTX_free(context);
	return made;
}

/* Off the curve, nothing but zeros (how some write the point at infinity), and a coordinate with
 * the prime added, which is the same number by another name. */
static void points(void **state)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *small = EC_POINT_new(group);
	BIGNUM *prime = BN_new(), *x = BN_new(), *y = BN_new();
	uint8_t point[65], good[65];

	(void)state;
	assert_int_equal(EC_GROUP_get_curve(group, prime, NULL, NULL, NULL), 1);
	for (unsigned n = 1;; n++) { /* a point whose x leaves room for the prime in 32 bytes */
		assert_int_equal(BN_set_word(x, n), 1);
		if (EC_POINT_set_compressed_coordinates(group, small, x, 0, NULL) == 1) {
			break;
		}
	}
	assert_int_equal(
		EC_POINT_point2oct(group, small, POINT_CONVERSION_UNCOMPRESSED, good, 65, NULL),
		65);
	assert_true(makes_key(good));

	memcpy(point, good, 65);
	assert_int_equal(BN_add(x, x, prime), 1);
	assert_int_equal(BN_bn2binpad(x, point + 1, 32), 32);
	assert_false(makes_key(point));
	for (unsigned bit = 0; bit < 512; bit++) {
		memcpy(point, good, 65);
		point[1 + bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(makes_key(point));
	}
	memset(point + 1, 0, 64);
	assert_false(makes_key(point));
	memset(point + 1, 0xFF, 64);
	assert_false(makes_key(point));
	BN_free(prime);
	BN_free(x);
	BN_free(y);
	EC_POINT_free(small);
	EC_GROUP_free(group);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_areas),
		cmocka_unit_test(points),
	};

	setenv("TSS2_LOG", "all+none", 1);
	return cmocka_run_group_tests(tests, expect_setup, expect_teardown);
}
