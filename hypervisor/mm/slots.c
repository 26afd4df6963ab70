/* SPDX-License-Identifier: MIT */
/* Per-CPU temporary mappings (mm/slots.h).  On the path of every hypercall with an argument. */
#include "mm/slots.h"
#include "core/lib.h"
#include "cpu/asm.h"
#include "cpu/percpu.h"
#include "mm/hpt.h"

#define ENTRY_STRIDE (HPT_SLOT_STRIDE / PAGE_SIZE)

#define PRESENT (HPT_PRESENT | HPT_WRITE | HPT_ACCESSED | HPT_DIRTY | HPT_NX)

uint64_t slot_load(frame_t f, uint32_t offset)
{
	struct percpu *cpu = this_cpu();
	unsigned slot = cpu->slots_used;
	uint8_t *base = cpu->slot_base + slot * HPT_SLOT_STRIDE;
	uint64_t value;

	CHECK(slot < MAP_SLOTS && offset < PAGE_SIZE);
	cpu->slot_entry[slot * ENTRY_STRIDE] = frame_address(f) | PRESENT;
	value = __atomic_load_n((uint64_t *)(base + (offset & ~7u)), __ATOMIC_RELAXED);
	cpu->slot_entry[slot * ENTRY_STRIDE] = 0;
	invlpg((uintptr_t)base);
	return value;
}

void *slot_map(frame_t f)
{
	struct percpu *cpu = this_cpu();
	unsigned slot = cpu->slots_used;

	CHECK(slot < MAP_SLOTS);
	cpu->slots_used = slot + 1;
	/* The entry was absent: no stale translation can exist (slot_unmap flushed it). */
	cpu->slot_entry[slot * ENTRY_STRIDE] = frame_address(f) | PRESENT;
	return cpu->slot_base + slot * HPT_SLOT_STRIDE;
}

void slot_unmap(void *address)
{
	struct percpu *cpu = this_cpu();
	unsigned slot = cpu->slots_used - 1;
	uintptr_t base = (uintptr_t)cpu->slot_base + slot * HPT_SLOT_STRIDE;

	CHECK(((uintptr_t)address & ~PAGE_MASK) == base);
	cpu->slot_entry[slot * ENTRY_STRIDE] = 0;
	invlpg(base);
	cpu->slots_used = slot;
}
