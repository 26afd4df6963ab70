/* SPDX-License-Identifier: MIT */
/* Per-CPU temporary mappings (mm/slots.h). */
#include "mm/slots.h"
#include "core/lib.h"
#include "cpu/asm.h"
#include "cpu/percpu.h"
#include "mm/hpt.h"

void *slot_map(frame_t f)
{
	struct percpu *cpu = this_cpu();
	unsigned slot = cpu->slots_used;

	CHECK(slot < MAP_SLOTS);
	cpu->slots_used = slot + 1;
	*hpt_slot_entry(cpu->id, slot) = frame_address(f) | HPT_PRESENT | HPT_WRITE | HPT_ACCESSED |
					 HPT_DIRTY | HPT_NX;
	/* The entry was absent: no stale translation can exist (slot_unmap flushed it). */
	return hpt_slot_address(cpu->id, slot);
}

void slot_unmap(void *address)
{
	struct percpu *cpu = this_cpu();
	unsigned slot = cpu->slots_used - 1;
	void *base = hpt_slot_address(cpu->id, slot);

	CHECK(((uintptr_t)address & ~PAGE_MASK) == (uintptr_t)base);
	*hpt_slot_entry(cpu->id, slot) = 0;
	invlpg((uintptr_t)base);
	cpu->slots_used = slot;
}
