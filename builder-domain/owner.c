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

int owner_check(const struct build_request *r, const struct corbel_build_commit *commit)
{
	const struct corbel_owner_manifest *m = &r->owner;
	const struct {
		const char *name;
		const void *is_signed, *is;
		size_t size;
	} part[] = {{"label", m->label, r->label, sizeof(m->label)},
		    {"command line's digest", m->cmdline, commit->cmdline, SHA256_LEN},
		    {"kernel's digest", m->kernel, commit->kernel, SHA256_LEN},
		    {"initrd's digest", m->initrd, commit->initrd, SHA256_LEN}};
	uint8_t digest[SHA256_LEN];

	if (r->owner_len == 0) {
		return 0;
	}
	if (memcmp(m->magic, CORBEL_OWNER_MAGIC, sizeof(m->magic)) != 0 || m->pad != 0) {
		return fail(XEN_EINVAL, "owner: not a manifest, its magic or padding is wrong");
	}
	for (unsigned i = 0; i < ARRAY_SIZE(part); i++) {
		if (memcmp(part[i].is_signed, part[i].is, part[i].size) != 0) {
			return fail(XEN_EPERM, "owner: the %s is not the one signed", part[i].name);
		}
	}
	sha256(m, CORBEL_OWNER_SIGNED, digest);
	if (!signature_is_valid(m->key, m->signature, digest)) {
		return fail(XEN_EPERM, "owner: the signature is not valid");
	}
	if (m->min_builder > CORBEL_BUILDER_SVN) {
		return fail(XEN_EPERM, "owner: the manifest asks for builder %u, this is %u",
			    m->min_builder, CORBEL_BUILDER_SVN);
	}
	return 0;
}
