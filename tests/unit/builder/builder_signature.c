/* SPDX-License-Identifier: MIT */
/*
 * The builder's signature check against OpenSSL's, a published vector, every single-bit change, and
 * the cases where implementations of ECDSA have gone wrong: numbers out of range, points off the
 * curve, sums that double or cancel, an x coordinate above the order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#undef fail /* cmocka's, which is not used here */

#include "builder-domain/signature.h"
#include "tests/unit/sim/signing.h"

#define BYTES 32

static struct signer signer;
static uint8_t digest[BYTES], signature[2 * BYTES];
static BIGNUM *order;
static BN_CTX *context;
static const EC_GROUP *group;

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < BYTES; i++) {
		digest[i] = (uint8_t)(i * 37 + 5);
	}
	signer_make(&signer);
	sign(&signer, digest, signature);
	context = BN_CTX_new();
	group = EC_KEY_get0_group(signer.key);
	order = BN_dup(EC_GROUP_get0_order(group));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	signer_free(&signer);
	BN_free(order);
	BN_CTX_free(context);
	return 0;
}

/* Both implementations say `expected`. */
static void check(const uint8_t *key, int expected)
{
	assert_int_equal(signature_is_valid(key, signature, digest), expected);
	assert_int_equal(openssl_agrees(key, signature, digest), expected);
}

static void hex(const char *text, uint8_t *out, size_t size)
{
	BIGNUM *number = NULL;

	assert_true(BN_hex2bn(&number, text) > 0);
	assert_int_equal(BN_bn2binpad(number, out, (int)size), size);
	BN_free(number);
}

/* RFC 6979, A.2.5: P-256, SHA-256, message "sample". */
static void test_published(void **state)
{
	uint8_t key[2 * BYTES];

	(void)state;
	hex("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
	    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
	    key, sizeof(key));
	hex("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
	    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
	    signature, sizeof(signature));
	sha256("sample", 6, digest);
	check(key, 1);
	sha256("Sample", 6, digest);
	check(key, 0);
}

static void test_random_keys(void **state)
{
	uint8_t name[SHA256_LEN];

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct signer other;

		signer_make(&other);
		sha256(&i, sizeof(i), digest);
		sign(&other, digest, signature);
		check(other.public, 1);
		check(signer.public, 0);
		key_digest(other.public, name);
		assert_memory_equal(name, other.digest, sizeof(name));
		signer_free(&other);
	}
}

static void test_every_bit(void **state)
{
	struct {
		uint8_t *bytes;
		size_t size;
	} part[] = {{signature, sizeof(signature)},
		    {signer.public, sizeof(signer.public)},
		    {digest, sizeof(digest)}};

	(void)state;
	for (unsigned p = 0; p < 3; p++) {
		for (size_t bit = 0; bit < part[p].size * 8; bit++) {
			part[p].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(signature_is_valid(signer.public, signature, digest));
			part[p].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
	check(signer.public, 1);
}

static void put(const BIGNUM *number, uint8_t *out)
{
	assert_int_equal(BN_bn2binpad(number, out, BYTES), BYTES);
}

/* r and s must lie in [1, order - 1]. */
static void test_range(void **state)
{
	uint8_t good[2 * BYTES], bad[4][BYTES] = {{0}};
	BIGNUM *above = BN_dup(order);

	(void)state;
	memcpy(good, signature, sizeof(good));
	put(order, bad[1]);
	BN_add_word(above, 1);
	put(above, bad[2]);
	memset(bad[3], 0xFF, BYTES);
	for (unsigned i = 0; i < 4; i++) {
		memcpy(signature, bad[i], BYTES);
		check(signer.public, 0);
		for (unsigned j = 0; j < 4; j++) {
			memcpy(signature + BYTES, bad[j], BYTES);
			check(signer.public, 0);
		}
		memcpy(signature, good, BYTES);
		memcpy(signature + BYTES, bad[i], BYTES);
		check(signer.public, 0);
		memcpy(signature, good, sizeof(good));
	}
	check(signer.public, 1);
	BN_free(above);
}

static void test_no_point(void **state)
{
	uint8_t key[2 * BYTES];

	(void)state;
	memset(key, 0, sizeof(key));
	check(key, 0);
	memset(key, 0xFF, sizeof(key));
	check(key, 0);
	memcpy(key, signer.public + BYTES, BYTES);
	memcpy(key + BYTES, signer.public, BYTES);
	check(key, 0);
	for (unsigned i = 0; i < 200; i++) {
		sha256(&i, sizeof(i), key);
		sha256(key, BYTES, key + BYTES);
		check(key, 0);
	}
	/* X + p names the same point in another way; it fits into 256 bits for small X only */
	hex("FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF", key, BYTES);
	check(key, 0);
}

/* A digest above the order counts as digest - order. */
static void test_large_digest(void **state)
{
	(void)state;
	memset(digest, 0xFF, sizeof(digest));
	sign(&signer, digest, signature);
	check(signer.public, 1);
	put(order, digest);
	digest[31]++;
	sign(&signer, digest, signature);
	check(signer.public, 1);
	memset(digest, 0, sizeof(digest));
	digest[31] = 1;
	check(signer.public, 1);
}

/* e := r * d, so that the two summands are the same point; e := -r * d, so that they cancel. */
static void test_sums(void **state)
{
	BIGNUM *d = BN_new(), *k = BN_new(), *r = BN_new(), *s = BN_new(), *e = BN_new();
	EC_POINT *point = EC_POINT_new(group);

	(void)state;
	BN_copy(d, EC_KEY_get0_private_key(signer.key));
	assert_true(BN_rand_range(k, order));
	assert_true(EC_POINT_mul(group, point, k, NULL, NULL, context));
	assert_true(EC_POINT_get_affine_coordinates(group, point, r, NULL, context));
	BN_nnmod(r, r, order, context);
	BN_mod_mul(e, r, d, order, context);
	BN_mod_add(s, e, e, order, context);
	BN_mod_inverse(k, k, order, context);
	BN_mod_mul(s, s, k, order, context);
	put(r, signature);
	put(s, signature + BYTES);
	put(e, digest);
	check(signer.public, 1);
	BN_sub(e, order, e);
	put(e, digest);
	check(signer.public, 0);
	EC_POINT_free(point);
	BN_free(d);
	BN_free(k);
	BN_free(r);
	BN_free(s);
	BN_free(e);
}

/* A point whose x is order + r: only r = x - order is the signature's.  The key is made to fit:
 * Q = (s * R - e * G) / r. */
static void test_x_above_order(void **state)
{
	BIGNUM *r = BN_new(), *s = BN_new(), *e = BN_bin2bn(digest, BYTES, NULL),
	       *x = BN_dup(order);
	EC_POINT *point = EC_POINT_new(group), *key = EC_POINT_new(group);
	uint8_t bytes[1 + 2 * BYTES];

	(void)state;
	do {
		BN_add_word(x, 1);
	} while (!EC_POINT_set_compressed_coordinates(group, point, x, 0, context));
	BN_sub(r, x, order);
	assert_true(BN_rand_range(s, order));
	put(r, signature);
	put(s, signature + BYTES);
	BN_sub(e, order, e);
	BN_nnmod(e, e, order, context);
	assert_true(EC_POINT_mul(group, key, e, point, s, context));
	BN_mod_inverse(r, r, order, context);
	assert_true(EC_POINT_mul(group, key, NULL, key, r, context));
	EC_POINT_point2oct(group, key, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof(bytes),
			   context);
	check(bytes + 1, 1);
	put(x, signature); /* the same number, unreduced */
	check(bytes + 1, 0);
	EC_POINT_free(point);
	EC_POINT_free(key);
	BN_free(r);
	BN_free(s);
	BN_free(e);
	BN_free(x);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_published), TEST(test_random_keys),   TEST(test_every_bit),
		TEST(test_range),     TEST(test_no_point),      TEST(test_large_digest),
		TEST(test_sums),      TEST(test_x_above_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
