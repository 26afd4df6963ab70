/* SPDX-License-Identifier: MIT */
/*
 * The only code that touches guest memory.  A guest buffer is resolved to at most
 * GBUF_PAGES frames of plain RAM owned by the caller (NPT_RAM), each referenced, before the first
 * byte is copied: so a copy cannot fail after an effect.  Copy once, then forget the address.
 */
#ifndef DOMAIN_GCOPY_H
#define DOMAIN_GCOPY_H
#include "base/must_check.h"
#include "base/addr.h"

struct vcpu;
struct domain;

#define GBUF_PAGES 2

struct gbuf { /* a pinned range of guest memory, <= PAGE_SIZE bytes, may cross one page */
	frame_t frame[GBUF_PAGES];
	uint32_t offset, length, pages;
	bool write;
};

/* Resolves a guest virtual range in the vCPU's current page tables (paging off: identity).  User
 * and supervisor pages both count, SMAP is ignored; present (and writable) is honoured.
 * -EFAULT: unmapped, read-only, non-canonical, not plain own RAM; -EINVAL: length > PAGE_SIZE. */
MUST_CHECK int gbuf_pin(struct vcpu *v, uint64_t va, uint32_t length, bool write, struct gbuf *out);
/* The same for a guest-physical range of any domain (registered areas, builder). */
MUST_CHECK int gbuf_pin_physical(struct domain *d, gpa_t gpa, uint32_t length, bool write,
				 struct gbuf *out);
void gbuf_unpin(struct gbuf *b);

void gbuf_read(const struct gbuf *b, uint32_t offset, void *dst, uint32_t length);
void gbuf_write(const struct gbuf *b, uint32_t offset, const void *src, uint32_t length);
/* Pointer into a pinned range that lies in one page; close before anything else. */
void *gbuf_open(const struct gbuf *b);
void gbuf_close(void *p);

/* pin + copy + unpin, length <= PAGE_SIZE */
MUST_CHECK int copy_from_guest(struct vcpu *v, void *dst, uint64_t va, uint32_t length);
MUST_CHECK int copy_to_guest(struct vcpu *v, uint64_t va, const void *src, uint32_t length);
/* One page-sized frame to another; the caller holds references on both. */
void frame_copy(frame_t dst, uint32_t dst_offset, frame_t src, uint32_t src_offset,
		uint32_t length);
#endif
