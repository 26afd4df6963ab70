/* SPDX-License-Identifier: MIT */
/*
 * Merkle trees of RFC 9162 section 2.1 with SHA-256: roots, proofs, and their verification.  Host
 * code, shared by Dom0's agent, which makes proofs, and the verifier, which believes none of them
 * before it has checked it.  Nothing recurses or allocates; a proof is at most 64 hashes of work.
 */
#ifndef TOOLS_LIB_MERKLE_H
#define TOOLS_LIB_MERKLE_H
#include "base/must_check.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MERKLE_LEN             32u
#define MERKLE_INCLUSION_MAX   64u /* hashes of an inclusion proof in any tree of 64-bit size */
#define MERKLE_CONSISTENCY_MAX 65u

typedef uint8_t merkle_hash[MERKLE_LEN];

/* SHA-256(0x00, data) and SHA-256(0x01, left, right). */
void merkle_leaf(const void *data, size_t length, merkle_hash out);
void merkle_node(const merkle_hash left, const merkle_hash right, merkle_hash out);

/* Root of the tree over `count` leaf hashes; of no leaves: SHA-256 of nothing. */
void merkle_root(const merkle_hash *leaf, uint64_t count, merkle_hash out);

/* Proof that leaf `index` is in the tree of `count` leaves; returns the number of hashes, which may
 * be 0.  index must be below count. */
size_t merkle_inclusion(const merkle_hash *leaf, uint64_t count, uint64_t index,
			merkle_hash proof[MERKLE_INCLUSION_MAX]);

/* The same for many proofs from one tree: hashes each inner node once.  The leaves stay the
 * caller's, and must outlive it.  False: no memory. */
struct merkle_tree {
	uint64_t count;
	merkle_hash *level[64]; /* of [h] the roots of whole runs of 2^h leaves; [0] the leaves */
};
MUST_CHECK bool merkle_tree_make(struct merkle_tree *tree, const merkle_hash *leaf, uint64_t count);
void merkle_tree_free(struct merkle_tree *tree);
size_t merkle_tree_inclusion(const struct merkle_tree *tree, uint64_t index,
			     merkle_hash proof[MERKLE_INCLUSION_MAX]);

MUST_CHECK bool merkle_inclusion_verify(const merkle_hash leaf, uint64_t index, uint64_t size,
					const merkle_hash *proof, size_t length,
					const merkle_hash root);

/* Proof that the tree of the first `old` leaves is a prefix of the tree of `count`; 1 <= old <=
 * count.  The proof of equal sizes is empty. */
size_t merkle_consistency(const merkle_hash *leaf, uint64_t count, uint64_t old,
			  merkle_hash proof[MERKLE_CONSISTENCY_MAX]);
MUST_CHECK bool merkle_consistency_verify(uint64_t old, const merkle_hash old_root, uint64_t size,
					  const merkle_hash root, const merkle_hash *proof,
					  size_t length);
#endif
