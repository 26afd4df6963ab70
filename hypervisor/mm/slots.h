/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU temporary mappings, used as a stack: map, touch, unmap, in that order, with no sleep in
 * between.  The caller holds a reference on the frame for as long as it is mapped.
 */
#ifndef MM_SLOTS_H
#define MM_SLOTS_H
#include "core/lib.h"
#include "cpu/asm.h"
#include "cpu/percpu.h"
#include "mm/addr.h"
#include "mm/hpt.h"

void *slot_map(frame_t f);
void slot_unmap(void *address); /* must be the most recent mapping */

#ifndef CORBEL_HOST_TEST
#define SLOT_RIGHTS  (HPT_PRESENT | HPT_WRITE | HPT_ACCESSED | HPT_DIRTY | HPT_NX)
#define SLOT_ENTRIES (HPT_SLOT_STRIDE / PAGE_SIZE)

/* One aligned 64-bit word of a frame, loaded once: the page walks' own short form. */
static inline uint64_t slot_load(frame_t f, uint32_t offset)
{
	struct percpu *cpu = this_cpu();
	unsigned slot = cpu->slots_used;
	uint8_t *base = cpu->slot_base + slot * HPT_SLOT_STRIDE;
	uint64_t *entry = &cpu->slot_entry[slot * SLOT_ENTRIES];
	uint64_t value;

	CHECK(slot < MAP_SLOTS);
	*entry = frame_address(f) | SLOT_RIGHTS;
	value = __atomic_load_n((uint64_t *)(base + offset), __ATOMIC_RELAXED);
	*entry = 0;
	invlpg((uintptr_t)base);
	return value;
}
#else
uint64_t slot_load(frame_t f, uint32_t offset);
#endif
#endif
