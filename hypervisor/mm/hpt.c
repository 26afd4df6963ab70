/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own page tables (hpt.h).  Built once at boot from pages at the head of the
 * hypervisor region; afterwards only the map slots change, each by its own CPU.  INV-HPT-1: no
 * address is writable and executable.  INV-HPT-2: what is executable is the image's text.
 */
#include "mm/hpt.h"
#include "base/boot_info.h"
#include "base/lib.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/desc.h"
#include "cpu/lapic.h"
#include "cpu/percpu.h"
#include "mm/pagetable.h"

#define DEVICE (PTE_WRITE | PTE_PCD | PTE_PWT | PTE_NX)

/* Slots have a top-level entry of their own; an unmapped page follows each, against overruns. */
#define SLOT_BASE HPT_IDENTITY_END
_Static_assert(MAX_CPUS *MAP_SLOTS * 2 <= TABLE_ENTRIES, "the slots share one page table");

extern const char image_start[], image_text_end[], image_rodata_end[], image_end[];

static uint64_t *root;

static uint64_t make_table(void *owner)
{
	struct boot_info *boot = owner;
	uint64_t page = boot->hv_free;

	CHECK(page + PAGE_SIZE <= boot->hv_base + boot->hv_size);
	boot->hv_free += PAGE_SIZE;
	memset((void *)page, 0, PAGE_SIZE);
	return page | PTE_PRESENT | PTE_WRITE;
}

static uint64_t *entry_for(struct boot_info *boot, uint64_t va, unsigned level)
{
	return pte_find(root, va >> PAGE_SHIFT, level, make_table, boot);
}

static void map_pages(struct boot_info *boot, uint64_t from, uint64_t to, uint64_t flags)
{
	for (uint64_t va = from; va < to; va += PAGE_SIZE) {
		*entry_for(boot, va, 0) = va | flags | PTE_PRESENT;
	}
}

static void map_image(struct boot_info *boot)
{
	map_pages(boot, (uintptr_t)image_start, (uintptr_t)image_text_end, 0);
	map_pages(boot, (uintptr_t)image_text_end, (uintptr_t)image_rodata_end, PTE_NX);
	map_pages(boot, (uintptr_t)image_rodata_end, (uintptr_t)image_end, PTE_WRITE | PTE_NX);
	for (unsigned i = 0; i < ARRAY_SIZE(cpu_stacks); i++) {
		*entry_for(boot, (uintptr_t)cpu_stacks[i].guard, 0) = 0;
	}
}

void hpt_init(struct boot_info *boot)
{
	if (read_cr4() & CR4_LA57) {
		panic("5-level paging is on; switch it off in the firmware's set-up");
	}
	root = pte_table(make_table(boot));
	map_image(boot);
	for (uint64_t va = boot->hv_base; va < boot->hv_base + boot->hv_size; va += BLOCK_SIZE) {
		*entry_for(boot, va, 1) = va | PTE_PRESENT | PTE_WRITE | PTE_NX | PTE_LARGE;
	}
	map_pages(boot, LAPIC_BASE, LAPIC_BASE + PAGE_SIZE, DEVICE);
	if (boot->tpm) {
		map_pages(boot, TIS_BASE, TIS_BASE + TIS_PAGES * PAGE_SIZE, DEVICE);
	}
	if (boot->iommu) {
		map_pages(boot, boot->iommu, boot->iommu + IOMMU_REGISTERS, DEVICE);
	}
	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++) {
		uint64_t base = SLOT_BASE + cpu * MAP_SLOTS * HPT_SLOT_STRIDE;

		percpu_area[cpu].slot_entry = entry_for(boot, base, 0);
		percpu_area[cpu].slot_base = (uint8_t *)base;
	}
	cpu_protect();
	write_cr3((uintptr_t)root);
}

/* What the entries on the way down to an address give together: writable if all are, executable
 * if none forbids it. */
struct rights {
	bool write;
	bool execute;
};

static void audit_leaf(uint64_t va, uint64_t size, uint64_t entry, struct rights rights)
{
	bool in_text = va >= (uintptr_t)image_start && va + size <= (uintptr_t)image_text_end;

	if (rights.write && rights.execute) {
		panic("page tables: %lx is writable and executable (entry %lx)", va, entry);
	}
	if (rights.execute && !in_text) {
		panic("page tables: %lx is executable but not text (entry %lx)", va, entry);
	}
	if (entry & PTE_USER) {
		panic("page tables: %lx is open to user mode (entry %lx)", va, entry);
	}
}

/* The table covers the addresses from `base` on; returns how many leaves it has. */
static unsigned audit_table(const uint64_t *table, unsigned level, uint64_t base,
			    struct rights above)
{
	uint64_t size = PAGE_SIZE << (9 * level); /* what one entry covers */
	unsigned leaves = 0;

	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		uint64_t entry = table[i];
		uint64_t va = base + i * size;
		struct rights rights = above;

		if (!(entry & PTE_PRESENT)) {
			continue;
		}
		if (!(entry & PTE_WRITE)) {
			rights.write = false;
		}
		if (entry & PTE_NX) {
			rights.execute = false;
		}
		if (level == 0 || (entry & PTE_LARGE)) {
			audit_leaf(va, size, entry, rights);
			leaves++;
		} else {
			leaves += audit_table(pte_table(entry), level - 1, va, rights);
		}
	}
	return leaves;
}

void hpt_audit(void)
{
	const struct rights all = {.write = true, .execute = true};
	unsigned leaves = audit_table(pte_table(read_cr3()), 3, 0, all);

	printk("page tables: %u entries, no W+X page", leaves);
}
