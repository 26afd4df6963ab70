/* SPDX-License-Identifier: MIT */
/*
 * Merkle trees of RFC 9162 section 2.1 with SHA-256: roots, proofs, and their verification.  The
 * RFC defines trees and proofs recursively; here each is a walk from the root down, whose hashes
 * are then turned round, or, for roots, a stack of the perfect subtrees on the right edge.
 */
#include "measured-boot/shared/merkle.h"

#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

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
	hash(0, data, length, NULL, 0, out);
}

void merkle_node(const merkle_hash left, const merkle_hash right, merkle_hash out)
{
	hash(1, left, MERKLE_LEN, right, MERKLE_LEN, out);
}

void merkle_root(const merkle_hash *leaf, uint64_t count, merkle_hash out)
{
	merkle_hash edge[65];
	unsigned height = 0;

	if (!count) {
		if (!EVP_Digest("", 0, out, NULL, EVP_sha256(), NULL)) {
			abort();
		}
		return;
	}
	for (uint64_t i = 0; i < count; i++) {
		memcpy(edge[height++], leaf[i], MERKLE_LEN);
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

bool merkle_tree_make(struct merkle_tree *tree, const merkle_hash *leaf, uint64_t count)
{
	memset(tree, 0, sizeof(*tree));
	tree->count = count;
	tree->level[0] = (merkle_hash *)leaf;
	for (unsigned h = 1; h < 64 && count >> h; h++) {
		tree->level[h] = calloc(count >> h, MERKLE_LEN);
		if (!tree->level[h]) {
			merkle_tree_free(tree);
			return false;
		}
		for (uint64_t i = 0; i < count >> h; i++) {
			merkle_node(tree->level[h - 1][2 * i], tree->level[h - 1][2 * i + 1],
				    tree->level[h][i]);
		}
	}
	return true;
}

void merkle_tree_free(struct merkle_tree *tree)
{
	for (unsigned h = 1; h < 64; h++) {
		free(tree->level[h]);
	}
	memset(tree, 0, sizeof(*tree));
}

/* Root over `count` leaves from `first` on, which is a multiple of the power of two that count
 * rounds up to: as all ranges are that the RFC's recursion comes by. */
static void range_root(const struct merkle_tree *tree, uint64_t first, uint64_t count,
		       merkle_hash out)
{
	unsigned h = (unsigned)__builtin_ctzll(count);
	merkle_hash left;
	uint64_t half;

	if (!(count & (count - 1))) {
		memcpy(out, tree->level[h][first >> h], MERKLE_LEN);
		return;
	}
	half = split(count);
	range_root(tree, first, half, left);
	range_root(tree, first + half, count - half, out);
	merkle_node(left, out, out);
}

size_t merkle_tree_inclusion(const struct merkle_tree *tree, uint64_t index,
			     merkle_hash proof[MERKLE_INCLUSION_MAX])
{
	uint64_t first = 0, count = tree->count;
	size_t length = 0;

	while (count > 1) {
		uint64_t half = split(count);

		if (index - first < half) {
			range_root(tree, first + half, count - half, proof[length++]);
			count = half;
		} else {
			range_root(tree, first, half, proof[length++]);
			first += half;
			count -= half;
		}
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

/* RFC 9162, 2.1.3.2: the numbering of its steps. */
bool merkle_inclusion_verify(const merkle_hash leaf, uint64_t index, uint64_t size,
			     const merkle_hash *proof, size_t length, const merkle_hash root)
{
	uint64_t fn = index, sn = size - 1;
	merkle_hash r;

	if (index >= size) {
		return false;
	}
	memcpy(r, leaf, MERKLE_LEN);
	for (size_t i = 0; i < length; i++) {
		if (!sn) {
			return false;
		}
		if ((fn & 1) || fn == sn) {
			merkle_node(proof[i], r, r);
			for (; fn && !(fn & 1); fn >>= 1) {
				sn >>= 1;
			}
		} else {
			merkle_node(r, proof[i], r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return !sn && !memcmp(r, root, MERKLE_LEN);
}

size_t merkle_consistency(const merkle_hash *leaf, uint64_t count, uint64_t old,
			  merkle_hash proof[MERKLE_CONSISTENCY_MAX])
{
	bool known = true; /* the verifier knows the root of what is left: it is the old tree's */
	size_t length = 0;

	while (old < count) {
		uint64_t half = split(count);

		if (old <= half) {
			merkle_root(leaf + half, count - half, proof[length++]);
			count = half;
		} else {
			merkle_root(leaf, half, proof[length++]);
			leaf += half;
			old -= half;
			count -= half;
			known = false;
		}
	}
	if (!known) {
		merkle_root(leaf, count, proof[length++]);
	}
	reverse(proof, length);
	return length;
}

/* RFC 9162, 2.1.4.2. */
bool merkle_consistency_verify(uint64_t old, const merkle_hash old_root, uint64_t size,
			       const merkle_hash root, const merkle_hash *proof, size_t length)
{
	uint64_t fn = old - 1, sn = size - 1;
	merkle_hash fr, sr;
	size_t i = 0;

	if (!old || old > size) {
		return false;
	}
	if (old == size) {
		return !length && !memcmp(old_root, root, MERKLE_LEN);
	}
	/* A perfect old tree is a node of the new one, and the proof leaves it out. */
	if (old & (old - 1)) {
		if (!length) {
			return false;
		}
		memcpy(fr, proof[i++], MERKLE_LEN);
	} else {
		memcpy(fr, old_root, MERKLE_LEN);
	}
	memcpy(sr, fr, MERKLE_LEN);
	for (; fn & 1; fn >>= 1) {
		sn >>= 1;
	}
	for (; i < length; i++) {
		if (!sn) {
			return false;
		}
		if ((fn & 1) || fn == sn) {
			merkle_node(proof[i], fr, fr);
			merkle_node(proof[i], sr, sr);
			for (; fn && !(fn & 1); fn >>= 1) {
				sn >>= 1;
			}
		} else {
			merkle_node(sr, proof[i], sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return !sn && !memcmp(fr, old_root, MERKLE_LEN) && !memcmp(sr, root, MERKLE_LEN);
}
