/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU temporary mappings, used as a stack: map, touch, unmap, in that order, with no sleep in
 * between.  The caller holds a reference on the frame for as long as it is mapped.
 */
#ifndef MM_SLOTS_H
#define MM_SLOTS_H
#include "base/lib.h"
#include "cpu/asm.h"
#include "cpu/percpu.h"
#include "base/addr.h"
#include "mm/hpt.h"
#include "mm/pagetable.h"

void *slot_map(frame_t f);
void *slot_map_device(frame_t f); /* uncached: a page of a device's registers */
void slot_unmap(void *address);   /* must be the most recent mapping */

/*
 * The short form for page walks and small copies: one slot, re-pointed from frame to frame.  Take,
 * point as often as needed, clear; nothing else maps in between.
 */
struct slot {
	uint64_t *entry;
	uint8_t *base;
};

#ifdef CORBEL_HOST_TEST
struct slot slot_take(void);
uint8_t *slot_point(struct slot s, frame_t f);
void slot_clear(struct slot s);
#else
#define SLOT_RIGHTS  (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NX)
#define SLOT_ENTRIES (HPT_SLOT_STRIDE / PAGE_SIZE)

static inline struct slot slot_take(void)
{
	struct percpu *cpu = this_cpu();
	unsigned slot = cpu->slots_used;

	CHECK(slot < MAP_SLOTS);
	return (struct slot){&cpu->slot_entry[slot * SLOT_ENTRIES],
			     cpu->slot_base + slot * HPT_SLOT_STRIDE};
}

static inline uint8_t *slot_point(struct slot s, frame_t f)
{
	*s.entry = frame_address(f) | SLOT_RIGHTS;
	invlpg((uintptr_t)s.base);
	return s.base;
}

static inline void slot_clear(struct slot s)
{
	*s.entry = 0;
	invlpg((uintptr_t)s.base);
}
#endif
#endif
