/* SPDX-License-Identifier: MIT */
/*
 * Merkle proofs (tools/lib/merkle.h) against three others: the test vectors of
 * Certificate Transparency's log (8 leaves), the example tree of RFC 9162 section 2.1.5 (7 leaves),
 * and, for all sizes up to 40, the RFC's definitions written down recursively.  Also hex and
 * base64.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/sha.h>

#include "tools/lib/hex.h"
#include "tools/lib/merkle.h"

#define MANY 40

/* ---- the RFC's definitions, as they stand there ------------------------------------------- */

static unsigned half_of(unsigned n)
{
	unsigned k = 1;

	while (2 * k < n) {
		k *= 2;
	}
	return k;
}

static void join(const uint8_t *left, const uint8_t *right, uint8_t *out)
{
	uint8_t both[65] = {1};

	memcpy(both + 1, left, 32);
	memcpy(both + 33, right, 32);
	SHA256(both, sizeof(both), out);
}

static void model_root(merkle_hash *d, unsigned n, uint8_t *out)
{
	merkle_hash left, right;

	if (n == 1) {
		memcpy(out, d[0], 32);
		return;
	}
	model_root(d, half_of(n), left);
	model_root(d + half_of(n), n - half_of(n), right);
	join(left, right, out);
}

static size_t model_path(merkle_hash *d, unsigned n, unsigned m, merkle_hash *out)
{
	unsigned k = half_of(n);
	size_t length;

	if (n == 1) {
		return 0;
	}
	if (m < k) {
		length = model_path(d, k, m, out);
		model_root(d + k, n - k, out[length]);
	} else {
		length = model_path(d + k, n - k, m - k, out);
		model_root(d, k, out[length]);
	}
	return length + 1;
}

static size_t model_subproof(merkle_hash *d, unsigned n, unsigned m, bool known, merkle_hash *out)
{
	unsigned k = half_of(n);
	size_t length;

	if (m == n) {
		if (!known) {
			model_root(d, n, out[0]);
		}
		return !known;
	}
	if (m <= k) {
		length = model_subproof(d, k, m, known, out);
		model_root(d + k, n - k, out[length]);
	} else {
		length = model_subproof(d + k, n - k, m - k, false, out);
		model_root(d, k, out[length]);
	}
	return length + 1;
}

/* ---- fixtures ------------------------------------------------------------------------------ */

static merkle_hash many[MANY];

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		uint8_t data[4] = {(uint8_t)i, 1, 2, 3};

		merkle_leaf(data, sizeof(data), many[i]);
	}
	return 0;
}

static void is_hex(const uint8_t *hash, const char *expected)
{
	char text[65];

	hex_encode(hash, 32, text);
	assert_string_equal(text, expected);
}

static void from_hex(const char *text, uint8_t *out)
{
	assert_true(hex_decode(text, out, 32));
}

/* Leaves, roots and proofs that Certificate Transparency's implementations share. */
static const char *const ct_leaf[8] = {"",
				       "00",
				       "10",
				       "2021",
				       "3031",
				       "40414243",
				       "5051525354555657",
				       "606162636465666768696a6b6c6d6e6f"};
static const char *const ct_root[8] = {
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void ct_leaves(merkle_hash *leaf)
{
	uint8_t data[16];

	for (unsigned i = 0; i < 8; i++) {
		size_t length = strlen(ct_leaf[i]) / 2;

		assert_true(hex_decode(ct_leaf[i], data, length));
		merkle_leaf(data, length, leaf[i]);
	}
}

static void ct_vectors(void **state)
{
	static const struct {
		unsigned index, size;
		const char *proof[3];
	} path[] = {
		{0, 1, {NULL}},
		{0,
		 8,
		 {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
		  "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		  "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
		{5,
		 8,
		 {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
		  "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
		  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
		{2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
		{1,
		 5,
		 {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		  "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		  "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
	};
	merkle_hash leaf[8], root, proof[MERKLE_INCLUSION_MAX], want;

	(void)state;
	ct_leaves(leaf);
	for (unsigned n = 1; n <= 8; n++) {
		merkle_root(leaf, n, root);
		is_hex(root, ct_root[n - 1]);
	}
	merkle_root(leaf, 0, root);
	is_hex(root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (unsigned i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		size_t length = merkle_inclusion(leaf, path[i].size, path[i].index, proof);
		size_t wanted = 0;

		while (wanted < 3 && path[i].proof[wanted]) {
			is_hex(proof[wanted], path[i].proof[wanted]);
			wanted++;
		}
		assert_int_equal(length, wanted);
		from_hex(ct_root[path[i].size - 1], want);
		assert_true(merkle_inclusion_verify(leaf[path[i].index], path[i].index,
						    path[i].size, proof, length, want));
	}
}

static void ct_consistency(void **state)
{
	static const struct {
		unsigned old, size;
		const char *proof[3];
	} path[] = {
		{1, 1, {NULL}},
		{1,
		 8,
		 {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
		  "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		  "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
		{6,
		 8,
		 {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
		  "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
		  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
		{2,
		 5,
		 {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
		  "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
	};
	merkle_hash leaf[8], proof[MERKLE_CONSISTENCY_MAX], old_root, root;

	(void)state;
	ct_leaves(leaf);
	for (unsigned i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		size_t length = merkle_consistency(leaf, path[i].size, path[i].old, proof);
		size_t wanted = 0;

		while (wanted < 3 && path[i].proof[wanted]) {
			is_hex(proof[wanted], path[i].proof[wanted]);
			wanted++;
		}
		assert_int_equal(length, wanted);
		from_hex(ct_root[path[i].old - 1], old_root);
		from_hex(ct_root[path[i].size - 1], root);
		assert_true(merkle_consistency_verify(path[i].old, old_root, path[i].size, root,
						      proof, length));
	}
}

/* RFC 9162, 2.1.5: the tree of seven leaves d0..d6 with nodes named a..l. */
static void rfc_example(void **state)
{
	merkle_hash *d = many, g, h, i, j, k, l, root, proof[MERKLE_CONSISTENCY_MAX];

	(void)state;
	join(d[0], d[1], g);
	join(d[2], d[3], h);
	join(d[4], d[5], i);
	memcpy(j, d[6], 32);
	join(g, h, k);
	join(i, j, l);
	join(k, l, root);
	merkle_root(d, 7, proof[0]);
	assert_memory_equal(proof[0], root, 32);
	/* the audit path for d0 is [b, h, l]; d3: [c, g, l]; d4: [f, j, k]; d6: [i, k] */
	assert_int_equal(merkle_inclusion(d, 7, 0, proof), 3);
	assert_memory_equal(proof[0], d[1], 32);
	assert_memory_equal(proof[1], h, 32);
	assert_memory_equal(proof[2], l, 32);
	assert_int_equal(merkle_inclusion(d, 7, 3, proof), 3);
	assert_memory_equal(proof[0], d[2], 32);
	assert_memory_equal(proof[1], g, 32);
	assert_memory_equal(proof[2], l, 32);
	assert_int_equal(merkle_inclusion(d, 7, 4, proof), 3);
	assert_memory_equal(proof[0], d[5], 32);
	assert_memory_equal(proof[1], j, 32);
	assert_memory_equal(proof[2], k, 32);
	assert_int_equal(merkle_inclusion(d, 7, 6, proof), 2);
	assert_memory_equal(proof[0], i, 32);
	assert_memory_equal(proof[1], k, 32);
	/* consistency with 3: [c, d, g, l]; with 4: [l]; with 6: [i, j, k] */
	assert_int_equal(merkle_consistency(d, 7, 3, proof), 4);
	assert_memory_equal(proof[0], d[2], 32);
	assert_memory_equal(proof[1], d[3], 32);
	assert_memory_equal(proof[2], g, 32);
	assert_memory_equal(proof[3], l, 32);
	assert_int_equal(merkle_consistency(d, 7, 4, proof), 1);
	assert_memory_equal(proof[0], l, 32);
	assert_int_equal(merkle_consistency(d, 7, 6, proof), 3);
	assert_memory_equal(proof[0], i, 32);
	assert_memory_equal(proof[1], j, 32);
	assert_memory_equal(proof[2], k, 32);
}

/* A proof holds for its leaf, place, size and root, and for nothing else. */
static void wrong_inclusion(unsigned n, unsigned m, merkle_hash *proof, size_t length,
			    const uint8_t *root)
{
	merkle_hash other;

	for (unsigned bad = 0; bad < n; bad++) {
		if (bad != m) {
			assert_false(merkle_inclusion_verify(many[bad], m, n, proof, length, root));
			assert_false(merkle_inclusion_verify(many[m], bad, n, proof, length, root));
		}
	}
	assert_false(merkle_inclusion_verify(many[m], n, n, proof, length, root));
	assert_false(merkle_inclusion_verify(many[m], m, 0, proof, length, root));
	assert_false(merkle_inclusion_verify(many[m], m, n, proof, length + 1, root));
	if (length) {
		assert_false(merkle_inclusion_verify(many[m], m, n, proof, length - 1, root));
		assert_false(merkle_inclusion_verify(many[m], m, n, proof + 1, length - 1, root));
	}
	for (size_t i = 0; i < length; i++) {
		proof[i][i % 32] ^= 0x10;
		assert_false(merkle_inclusion_verify(many[m], m, n, proof, length, root));
		proof[i][i % 32] ^= 0x10;
	}
	memcpy(other, root, 32);
	other[31] ^= 1;
	assert_false(merkle_inclusion_verify(many[m], m, n, proof, length, other));
}

static void all_inclusions(void **state)
{
	merkle_hash proof[MERKLE_INCLUSION_MAX], model[MERKLE_INCLUSION_MAX], root, same;

	(void)state;
	for (unsigned n = 1; n <= MANY; n++) {
		model_root(many, n, root);
		merkle_root(many, n, same);
		assert_memory_equal(root, same, 32);
		for (unsigned m = 0; m < n; m++) {
			size_t length = merkle_inclusion(many, n, m, proof);

			assert_int_equal(length, model_path(many, n, m, model));
			assert_memory_equal(proof, model, length * 32);
			assert_true(merkle_inclusion_verify(many[m], m, n, proof, length, root));
			memset(proof[length], 0x77, 32);
			wrong_inclusion(n, m, proof, length, root);
		}
	}
}

static void wrong_consistency(unsigned n, unsigned m, merkle_hash *proof, size_t length,
			      uint8_t *old_root, uint8_t *root)
{
	for (unsigned bad = 0; bad <= MANY; bad++) {
		if (bad != m) {
			assert_false(
				merkle_consistency_verify(bad, old_root, n, root, proof, length));
		}
	}
	assert_false(merkle_consistency_verify(m, old_root, n, root, proof, length + 1));
	if (length) {
		assert_false(merkle_consistency_verify(m, old_root, n, root, proof, length - 1));
	}
	for (size_t i = 0; i < length; i++) {
		proof[i][i % 32] ^= 0x10;
		assert_false(merkle_consistency_verify(m, old_root, n, root, proof, length));
		proof[i][i % 32] ^= 0x10;
	}
	old_root[0] ^= 1;
	assert_false(merkle_consistency_verify(m, old_root, n, root, proof, length));
	old_root[0] ^= 1;
	root[0] ^= 1;
	assert_false(merkle_consistency_verify(m, old_root, n, root, proof, length));
	root[0] ^= 1;
}

static void all_consistencies(void **state)
{
	merkle_hash proof[MERKLE_CONSISTENCY_MAX], model[MERKLE_CONSISTENCY_MAX], old_root, root;

	(void)state;
	for (unsigned n = 1; n <= MANY; n++) {
		model_root(many, n, root);
		for (unsigned m = 1; m <= n; m++) {
			size_t length = merkle_consistency(many, n, m, proof);

			assert_int_equal(length, model_subproof(many, n, m, true, model));
			assert_memory_equal(proof, model, length * 32);
			model_root(many, m, old_root);
			assert_true(merkle_consistency_verify(m, old_root, n, root, proof, length));
			memset(proof[length], 0x77, 32);
			wrong_consistency(n, m, proof, length, old_root, root);
		}
		assert_false(merkle_consistency_verify(0, root, n, root, proof, 0));
		assert_false(merkle_consistency_verify(n + 1, root, n, root, proof, 0));
	}
}

/* Sizes near 2^64 need 64 rounds, not an endless loop or a shift too far. */
static void huge(void **state)
{
	static merkle_hash proof[MERKLE_CONSISTENCY_MAX + 4];
	merkle_hash root = {0};

	(void)state;
	for (size_t length = 0; length < MERKLE_CONSISTENCY_MAX + 4; length++) {
		assert_false(merkle_inclusion_verify(many[0], UINT64_MAX - 1, UINT64_MAX, proof,
						     length, root));
		assert_false(merkle_inclusion_verify(many[0], 0, UINT64_MAX, proof, length, root));
		assert_false(merkle_consistency_verify(UINT64_MAX - 1, root, UINT64_MAX, many[0],
						       proof, length));
		assert_false(
			merkle_consistency_verify(1, root, UINT64_MAX, many[0], proof, length));
		assert_false(merkle_consistency_verify(1ull << 63, root, UINT64_MAX, many[0], proof,
						       length));
	}
}

/* A proof of nothing lies nowhere: its first hash must not be looked at. */
static void no_proof(void **state)
{
	merkle_hash *none = malloc(1);

	(void)state;
	assert_false(merkle_consistency_verify(3, many[0], 5, many[1], none, 0));
	assert_false(merkle_inclusion_verify(many[0], 3, 5, none, 0, many[1]));
	free(none);
}

/* More than there is memory for: said, not computed. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void no_memory(void **state)
{
	struct merkle_tree tree;

	(void)state;
	assert_false(merkle_tree_make(&tree, many, 1ull << 62));
}

static void text_forms(void **state)
{
	/* RFC 4648, section 10 */
	static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
	static const char *const coded[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
					    "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	static const char *const refused[] = {"Z",    "Zg",       "Zg=",  "Zh==",      "Zm9=",
					      "=g==", "Zg==Zg==", "Z===", "Zm9v\n",    "Zm 9",
					      "====", "Zm9vZ=g=", "Zm-_", "Zg==\n\n\n"};
	uint8_t bytes[16];
	char text[32];
	size_t length;

	(void)state;
	for (unsigned i = 0; i < 7; i++) {
		base64_encode(plain[i], strlen(plain[i]), text);
		assert_string_equal(text, coded[i]);
		assert_int_equal(strlen(text), BASE64_SIZE(strlen(plain[i])));
		assert_true(base64_decode(coded[i], bytes, &length));
		assert_int_equal(length, strlen(plain[i]));
		assert_memory_equal(bytes, plain[i], length);
	}
	for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_false(base64_decode(refused[i], bytes, &length));
	}
	assert_true(hex_decode("00ffAb", bytes, 3));
	hex_encode(bytes, 3, text);
	assert_string_equal(text, "00ffab");
	assert_false(hex_decode("00ffA", bytes, 3));
	assert_false(hex_decode("00ffAb0", bytes, 3));
	assert_false(hex_decode("00ffAg", bytes, 3));
	assert_false(hex_decode(" 0ffAb", bytes, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ct_vectors),        cmocka_unit_test(ct_consistency),
		cmocka_unit_test(rfc_example),       cmocka_unit_test(all_inclusions),
		cmocka_unit_test(all_consistencies), cmocka_unit_test(huge),
		cmocka_unit_test(no_proof),          cmocka_unit_test(no_memory),
		cmocka_unit_test(text_forms),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
