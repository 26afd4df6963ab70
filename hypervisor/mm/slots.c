/* SPDX-License-Identifier: MIT */
/* Per-CPU temporary mappings (mm/slots.h).  On the path of every hypercall with an argument. */
#include "mm/slots.h"
#include "core/lib.h"
#include "cpu/asm.h"
#include "cpu/percpu.h"
#include "mm/hpt.h"

void *slot_map(frame_t f)
{
	struct slot slot = slot_take();

	this_cpu()->slots_used++;
	/* The entry was absent: no stale translation can exist (slot_unmap flushed it). */
	*slot.entry = frame_address(f) | SLOT_RIGHTS;
	return slot.base;
}

void slot_unmap(void *address)
{
	struct percpu *cpu = this_cpu();
	unsigned slot = cpu->slots_used - 1;
	uintptr_t base = (uintptr_t)cpu->slot_base + slot * HPT_SLOT_STRIDE;

	CHECK(((uintptr_t)address & ~PAGE_MASK) == base);
	cpu->slot_entry[slot * SLOT_ENTRIES] = 0;
	invlpg(base);
	cpu->slots_used = slot;
}
