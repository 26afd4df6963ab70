/* SPDX-License-Identifier: MIT */
/*
 * The owner's manifest (builder-domain/abi.h): filled from files and texts, signed, shown.
 * Host side: the builder believes nothing of it but the signature.
 */
#ifndef SIGN_MANIFEST_H
#define SIGN_MANIFEST_H
#include <stddef.h>

#include "builder-domain/abi.h"
#include "tools/lib/p256.h"

/* What is to be launched. */
struct manifest_input {
	const char *kernel;  /* file */
	const char *initrd;  /* file; NULL or empty: none */
	const char *cmdline; /* as the build request carries it */
	const char *label;
	uint64_t min_policy;  /* least serial of the policy in force, 0: any */
	uint32_t min_builder; /* least security version of the builder, 0: any */
};

/* Returns 0, or -1 with error set. */
int manifest_make(struct corbel_owner_manifest *manifest, const struct manifest_input *input,
		  const struct p256_key *key, char *error, size_t error_size);

/* Checks form, not the signature.  Returns 0, or -1 with error set. */
int manifest_read(struct corbel_owner_manifest *manifest, const char *path, char *error,
		  size_t error_size);

/* NULL, or in what the input differs from what was signed; least versions are not compared, since
 * no configuration has them.  error is set when a file is unreadable (and the answer is then error
 * itself). */
const char *manifest_compare(const struct corbel_owner_manifest *manifest,
			     const struct manifest_input *input, char *error, size_t error_size);

#endif
