/* SPDX-License-Identifier: MIT */
/*
 * Merkle trees of RFC 9162 section 2.1 with SHA-256: roots, proofs, and their verification.  The
 * RFC defines trees and proofs recursively; here each is a walk from the root down, whose hashes
 * are then turned round, or, for roots, a stack of the perfect subtrees on the right edge.
 */
#include "tools/lib/merkle.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

/* RFC 9162, 2.1.1: the prefix keeps a leaf from passing for a node. */
enum prefix { PREFIX_leaf = 0, PREFIX_node = 1 };

static void hash(uint8_t prefix, const void *first, size_t first_length, const void *second,
		 size_t second_length, merkle_hash out)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL) ||
	    !EVP_DigestUpdate(context, &prefix, 1) ||
	    !EVP_DigestUpdate(context, first, first_length) ||
	    !EVP_DigestUpdate(context, second, second_length) ||
	    !EVP_DigestFinal_ex(context, out, NULL)) {
		abort(); /* no memory; a hash that is not computed must not be compared */
	}
	EVP_MD_CTX_free(context);
}

void merkle_leaf(const void *data, size_t length, merkle_hash out)
{
	hash(PREFIX_leaf, data, length, NULL, 0, out);
}

void merkle_node(const merkle_hash left, const merkle_hash right, merkle_hash out)
{
	hash(PREFIX_node, left, MERKLE_LEN, right, MERKLE_LEN, out);
}

#define HEIGHTS 64 /* of trees of 64-bit size */

void merkle_root(const merkle_hash *leaf, uint64_t count, merkle_hash out)
{
	merkle_hash edge[HEIGHTS + 1]; /* roots of perfect subtrees, the largest first */
	unsigned height = 0;

	if (!count) {
		if (!EVP_Digest("", 0, out, NULL, EVP_sha256(), NULL)) {
			abort();
		}
		return;
	}
	for (uint64_t i = 0; i < count; i++) {
		memcpy(edge[height], leaf[i], MERKLE_LEN);
		height++;
		/* As many perfect subtrees join as i ends in ones. */
		for (uint64_t bits = i; bits & 1; bits >>= 1) {
			height--;
			merkle_node(edge[height - 1], edge[height], edge[height - 1]);
		}
	}
	for (; height > 1; height--) {
		merkle_node(edge[height - 2], edge[height - 1], edge[height - 2]);
	}
	memcpy(out, edge[0], MERKLE_LEN);
}

/* The largest power of two below n; n > 1. */
static uint64_t split(uint64_t n)
{
	return 1ull << (63 - __builtin_clzll(n - 1));
}

static void reverse(merkle_hash *proof, size_t length)
{
	for (size_t i = 0; i < length / 2; i++) {
		merkle_hash swap;

		memcpy(swap, proof[i], MERKLE_LEN);
		memcpy(proof[i], proof[length - 1 - i], MERKLE_LEN);
		memcpy(proof[length - 1 - i], swap, MERKLE_LEN);
	}
}

/* The roots at one height from those below it. */
static void make_level(struct merkle_tree *tree, unsigned height)
{
	const merkle_hash *below = tree->level[height - 1];
	uint64_t runs = tree->count >> height;

	for (uint64_t i = 0; i < runs; i++) {
		merkle_node(below[2 * i], below[2 * i + 1], tree->level[height][i]);
	}
}

bool merkle_tree_make(struct merkle_tree *tree, const merkle_hash *leaf, uint64_t count)
{
	memset(tree, 0, sizeof(*tree));
	tree->count = count;
	tree->level[0] = (merkle_hash *)leaf;
	for (unsigned height = 1; height < HEIGHTS && count >> height; height++) {
		tree->level[height] = calloc(count >> height, MERKLE_LEN);
		if (!tree->level[height]) {
			merkle_tree_free(tree);
			return false;
		}
		make_level(tree, height);
	}
	return true;
}

void merkle_tree_free(struct merkle_tree *tree)
{
	/* Level 0 is the caller's. */
	for (unsigned height = 1; height < HEIGHTS; height++) {
		free(tree->level[height]);
	}
	memset(tree, 0, sizeof(*tree));
}

static bool is_power_of_two(uint64_t count)
{
	return (count & (count - 1)) == 0;
}

/* Root over `count` leaves from `first` on, which is a multiple of the power of two that count
 * rounds up to: as all ranges are that the RFC's recursion comes by. */
static void range_root(const struct merkle_tree *tree, uint64_t first, uint64_t count,
		       merkle_hash out)
{
	merkle_hash left;
	uint64_t half;

	if (is_power_of_two(count)) {
		unsigned height = (unsigned)__builtin_ctzll(count);

		memcpy(out, tree->level[height][first >> height], MERKLE_LEN);
		return;
	}
	half = split(count);
	range_root(tree, first, half, left);
	range_root(tree, first + half, count - half, out);
	merkle_node(left, out, out);
}

/* RFC 9162, 2.1.3.1: at each node on the way down to the leaf, the root of the other half. */
size_t merkle_tree_inclusion(const struct merkle_tree *tree, uint64_t index,
			     merkle_hash proof[MERKLE_INCLUSION_MAX])
{
	uint64_t first = 0;
	uint64_t count = tree->count;
	size_t length = 0;

	while (count > 1) {
		uint64_t half = split(count);

		if (index - first < half) {
			range_root(tree, first + half, count - half, proof[length]);
			count = half;
		} else {
			range_root(tree, first, half, proof[length]);
			first += half;
			count -= half;
		}
		length++;
	}
	reverse(proof, length);
	return length;
}

size_t merkle_inclusion(const merkle_hash *leaf, uint64_t count, uint64_t index,
			merkle_hash proof[MERKLE_INCLUSION_MAX])
{
	struct merkle_tree tree;
	size_t length;

	if (!merkle_tree_make(&tree, leaf, count)) {
		abort();
	}
	length = merkle_tree_inclusion(&tree, index, proof);
	merkle_tree_free(&tree);
	return length;
}

/* Both verifications walk from a node up to the root.  fn is the node's number at its height, sn
 * that of the last node there, and r, fr, sr are hashes: the names of the RFC's steps. */
struct walk {
	uint64_t fn;
	uint64_t sn;
};

static void ascend(struct walk *walk)
{
	walk->fn >>= 1;
	walk->sn >>= 1;
}

/* Whether the node's sibling is on its left.  The last node of a height may have none on the right:
 * it is then taken up as it is, to where it is a right child. */
static bool has_left_sibling(const struct walk *walk)
{
	return (walk->fn & 1) || walk->fn == walk->sn;
}

static void ascend_to_right_child(struct walk *walk)
{
	while (walk->fn && !(walk->fn & 1)) {
		ascend(walk);
	}
}

static bool equal(const merkle_hash a, const merkle_hash b)
{
	return memcmp(a, b, MERKLE_LEN) == 0;
}

/* RFC 9162, 2.1.3.2. */
bool merkle_inclusion_verify(const merkle_hash leaf, uint64_t index, uint64_t size,
			     const merkle_hash *proof, size_t length, const merkle_hash root)
{
	struct walk walk = {.fn = index, .sn = size - 1};
	merkle_hash r;

	if (index >= size) {
		return false;
	}
	memcpy(r, leaf, MERKLE_LEN);
	for (size_t i = 0; i < length; i++) {
		if (walk.sn == 0) {
			return false;
		}
		if (has_left_sibling(&walk)) {
			merkle_node(proof[i], r, r);
			ascend_to_right_child(&walk);
		} else {
			merkle_node(r, proof[i], r);
		}
		ascend(&walk);
	}
	return walk.sn == 0 && equal(r, root);
}

/* RFC 9162, 2.1.4.1. */
size_t merkle_consistency(const merkle_hash *leaf, uint64_t count, uint64_t old,
			  merkle_hash proof[MERKLE_CONSISTENCY_MAX])
{
	bool known = true; /* the verifier knows the root of what is left: it is the old tree's */
	size_t length = 0;

	while (old < count) {
		uint64_t half = split(count);

		if (old <= half) {
			merkle_root(leaf + half, count - half, proof[length]);
			count = half;
		} else {
			merkle_root(leaf, half, proof[length]);
			leaf += half;
			old -= half;
			count -= half;
			known = false;
		}
		length++;
	}
	if (!known) {
		merkle_root(leaf, count, proof[length]);
		length++;
	}
	reverse(proof, length);
	return length;
}

/* RFC 9162, 2.1.4.2. */
bool merkle_consistency_verify(uint64_t old, const merkle_hash old_root, uint64_t size,
			       const merkle_hash root, const merkle_hash *proof, size_t length)
{
	struct walk walk = {.fn = old - 1, .sn = size - 1};
	const uint8_t *start = old_root;
	merkle_hash fr;
	merkle_hash sr;
	size_t used = 0;

	if (old == 0 || old > size) {
		return false;
	}
	if (old == size) {
		return length == 0 && equal(old_root, root);
	}
	/* A perfect old tree is a node of the new one, and the proof leaves it out. */
	if (!is_power_of_two(old)) {
		if (length == 0) {
			return false;
		}
		start = proof[0];
		used = 1;
	}
	memcpy(fr, start, MERKLE_LEN);
	memcpy(sr, start, MERKLE_LEN);
	while (walk.fn & 1) {
		ascend(&walk);
	}
	for (size_t i = used; i < length; i++) {
		if (walk.sn == 0) {
			return false;
		}
		if (has_left_sibling(&walk)) {
			merkle_node(proof[i], fr, fr);
			merkle_node(proof[i], sr, sr);
			ascend_to_right_child(&walk);
		} else {
			merkle_node(sr, proof[i], sr);
		}
		ascend(&walk);
	}
	return walk.sn == 0 && equal(fr, old_root) && equal(sr, root);
}
