/* SPDX-License-Identifier: MIT */
/*
 * Whose domain this is.  The manifest of a request is hostile; beyond the hash of its key, which is
 * part of the commit, it is looked at only here, when the digests that it must name are committed
 * and before the image is parsed.  A domain without one is nobody's.
 */
#include "abi/log.h"
#include "builder-domain/build.h"
#include "builder-domain/lib.h"
#include "builder-domain/signature.h"

/* What the manifest signs, against what is committed. */
static MUST_CHECK int check_parts(const struct build_request *request,
				  const struct corbel_build_commit *commit)
{
	const struct corbel_owner_manifest *manifest = &request->owner;
	const struct {
		const char *name;
		const void *is_signed;
		const void *is;
		size_t size;
	} part[] = {
		{
			.name = "label",
			.is_signed = manifest->label,
			.is = request->label,
			.size = sizeof(manifest->label),
		},
		{
			.name = "command line's digest",
			.is_signed = manifest->cmdline,
			.is = commit->cmdline,
			.size = SHA256_LEN,
		},
		{
			.name = "kernel's digest",
			.is_signed = manifest->kernel,
			.is = commit->kernel,
			.size = SHA256_LEN,
		},
		{
			.name = "initrd's digest",
			.is_signed = manifest->initrd,
			.is = commit->initrd,
			.size = SHA256_LEN,
		},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(part); i++) {
		if (memcmp(part[i].is_signed, part[i].is, part[i].size) != 0) {
			return fail(XEN_EPERM, "owner: the %s is not the one signed", part[i].name);
		}
	}
	return 0;
}

int owner_check(const struct build_request *request, const struct corbel_build_commit *commit)
{
	const struct corbel_owner_manifest *manifest = &request->owner;
	uint8_t digest[SHA256_LEN];
	int rc;

	if (request->owner_len == 0) {
		return 0;
	}
	if (memcmp(manifest->magic, CORBEL_OWNER_MAGIC, sizeof(manifest->magic)) != 0 ||
	    manifest->pad != 0) {
		return fail(XEN_EINVAL, "owner: not a manifest, its magic or padding is wrong");
	}
	/* Cheap comparisons first: the signature is the slow part. */
	rc = check_parts(request, commit);
	if (rc != 0) {
		return rc;
	}
	sha256(manifest, CORBEL_OWNER_SIGNED, digest);
	if (!signature_is_valid(manifest->key, manifest->signature, digest)) {
		return fail(XEN_EPERM, "owner: the signature is not valid");
	}
	if (manifest->min_builder > CORBEL_BUILDER_SVN) {
		return fail(XEN_EPERM, "owner: the manifest asks for builder %u, this is %u",
			    manifest->min_builder, CORBEL_BUILDER_SVN);
	}
	return 0;
}
