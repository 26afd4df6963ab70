/* SPDX-License-Identifier: MIT */
/*
 * Every 4 KiB frame of RAM that guests may get: who owns it, how many references hold it.
 *
 *   FREE --frames_alloc--> OWNED (refs >= 1) --last put--> DIRTY --flush epoch, scrub--> FREE
 *
 * INV-FRAME-1  A frame with refs > 0 is neither on a free list nor scrubbed.
 * INV-FRAME-2  Each NPT entry, grant mapping, foreign mapping and registered area owns one
 *              reference on each frame it covers (a 2 MiB entry owns 512).
 * INV-FRAME-3  A DIRTY frame is reused only after every CPU's flush epoch has passed the one noted
 *              when its last reference went, and after it was scrubbed.
 * Lock: RANK_FRAMES inside.  Callers hold no reference across a free.
 */
#ifndef MM_FRAMES_H
#define MM_FRAMES_H
#include "base/must_check.h"
#include "base/addr.h"

#define OWNER_NONE       0x7FFFu
#define OWNER_HYPERVISOR 0x7FF2u /* DOMID_XEN: boot modules */

struct boot_info;

struct frame_counts {
	uint64_t total, free, dirty, freed, scrubbed;
	uint64_t blocks; /* whole free 2 MiB blocks */
};

uint64_t frames_table_bytes(uint64_t ram_top);
/* memory: frames_table_bytes(boot->ram_top) bytes, kept for ever. */
void frames_init(const struct boot_info *boot, void *memory);
/* Hands in a region that was held back (boot modules, after they were copied). */
void frames_add_region(uint64_t base, uint64_t size);

/* order 0 or BLOCK_ORDER; every frame gets owner, refs = 1, and zeroed contents.  -ENOMEM, or
 * -EAGAIN while DIRTY frames are to come back. */
MUST_CHECK int frames_alloc(uint16_t owner, unsigned order, frame_t *out);
/* Takes one more reference: false when the frame is not RAM, not owned by owner, or saturated. */
MUST_CHECK bool frame_get(frame_t f, uint16_t owner);
void frame_put(frame_t f);
void frames_put_range(frame_t first, uint64_t count);
uint16_t frame_owner(frame_t f); /* OWNER_NONE if free or not RAM */
uint32_t frame_refs(frame_t f);

/* Scrubs at most max DIRTY frames whose epoch has passed; returns how many are left. */
MAY_DROP uint64_t frames_scrub(uint64_t max);
struct frame_counts frames_count(void);
void frame_zero(frame_t f); /* the caller owns it, or nobody does */
#endif
