/* SPDX-License-Identifier: MIT */
/* Per-CPU temporary mappings (mm/slots.h).  On the path of every hypercall with an argument. */
#include "mm/slots.h"

void *slot_map(frame_t f)
{
	struct slot slot = slot_take();

	this_cpu()->slots_used++;
	return slot_point(slot, f);
}

void *slot_map_device(frame_t f)
{
	struct slot slot = slot_take();

	this_cpu()->slots_used++;
	*slot.entry = frame_address(f) | SLOT_RIGHTS | PTE_PCD | PTE_PWT;
	invlpg((uintptr_t)slot.base);
	return slot.base;
}

void slot_unmap(void *address)
{
	struct slot slot;

	this_cpu()->slots_used--;
	slot = slot_take();
	CHECK(((uintptr_t)address & ~PAGE_MASK) == (uintptr_t)slot.base);
	slot_clear(slot);
}
