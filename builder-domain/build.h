/* SPDX-License-Identifier: MIT */
/*
 * One build, from a decoded request to a sealed domain; the same for Dom0 and for tenants.
 */
#ifndef BUILDER_BUILD_H
#define BUILDER_BUILD_H
#include "base/must_check.h"
#include <stdint.h>

#include "builder-domain/image.h"
#include "builder-domain/lib.h"
#include "builder-domain/request.h"
#include "builder-domain/window.h"

/* Where the bytes of the two files come from. */
struct source {
	uint32_t chunk; /* most bytes per fetch, at least one page */
	/* Points *bytes at [offset, offset + len) of a file; valid until the next fetch.  The bytes
	 * may change under the reader: they are copied once and never read again. */
	int (*fetch)(enum corbel_ring_file file, uint64_t offset, uint32_t len,
		     const uint8_t **bytes);
	void (*progress)(enum corbel_ring_state state);
};

/* Places in the new domain.  Files are staged at the top of low memory, the initrd where the kernel
 * will find it; [0, kernel_gpa) is free for the unpacked kernel. */
struct layout {
	struct ram ram;
	uint64_t initrd_gpa;
	uint64_t kernel_gpa;
};

/* Pages that a file takes, in bytes; a file has at most 2^40. */
static inline uint64_t room_for(uint64_t file_size)
{
	return ROUND_UP(file_size, PAGE_SIZE);
}

/* For messages, rounded up. */
static inline uint64_t to_mib(uint64_t bytes)
{
	return ROUND_UP(bytes, 1 << 20) >> 20;
}

MUST_CHECK int layout_make(const struct build_request *request, struct layout *out);

/* load.c: parses the staged kernel, loads it, removes what was staged; *entry is the PVH entry. */
MUST_CHECK int kernel_load(const struct build_request *request, const struct layout *layout,
			   uint16_t domid, uint32_t *entry);

/* owner.c: verifies the owner's manifest, if there is one, against what is committed, and names the
 * owner to the hypervisor. */
MUST_CHECK int owner_check(const struct build_request *request,
			   const struct corbel_build_commit *commit);

/* devices.c: gives the new domain what the request names; *given is how many it got.  Of a plan
 * none, each with a line on the console, where the host uses no IOMMU. */
MUST_CHECK int devices_give(const struct build_request *request, uint16_t domid, uint32_t *given);

/* Returns 0 with *domid running or paused as asked, or a negative errno with the reason recorded;
 * then the caller ends the instance, and the hypervisor destroys what there is. */
MUST_CHECK int build(const struct build_request *request, const uint8_t *bytes, uint32_t size,
		     const struct source *source, uint16_t *domid);
#endif
