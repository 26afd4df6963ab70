/* SPDX-License-Identifier: MIT */
/*
 * Page tables of long mode: the entry's bits and the way down (APM vol. 2 5.3).  The hypervisor's
 * own (mm/hpt.c), the nested ones (mm/npt.c) and what a guest's walk reads (domain/gcopy.c) are
 * alike.
 */
#ifndef MM_PAGETABLE_H
#define MM_PAGETABLE_H
#include "base/lib.h"
#include "base/addr.h"

#define PTE_PRESENT  (1ull << 0)
#define PTE_WRITE    (1ull << 1)
#define PTE_USER     (1ull << 2)
#define PTE_PWT      (1ull << 3)
#define PTE_PCD      (1ull << 4)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY    (1ull << 6)
#define PTE_LARGE    (1ull << 7)
#define PTE_NX       (1ull << 63)
#define PTE_FRAME    0x000FFFFFFFFFF000ull

#define TABLE_ENTRIES 512u

/* Of an entry that leads to a table: the table's level, 1 to 3; of memory: 0.  Three bits that the
 * processor ignores and an AMD IOMMU, which may be given the same tables, reads. */
#define PTE_LEVEL_SHIFT 9

static inline uint64_t *pte_table(uint64_t entry)
{
	return (uint64_t *)(uintptr_t)(entry & PTE_FRAME);
}

static inline unsigned pte_index(uint64_t page, unsigned level)
{
	return page >> (9 * level) & (TABLE_ENTRIES - 1);
}

/* The entry for a page at `level` (0: 4 KiB, 1: 2 MiB).  Where a table is missing on the way make()
 * gives the entry of a new one; without make(), or if it gives 0: NULL. */
static inline uint64_t *pte_find(uint64_t *table, uint64_t page, unsigned level,
				 uint64_t (*make)(void *owner), void *owner)
{
	for (unsigned at = 3; at > level; at--) {
		uint64_t *entry = &table[pte_index(page, at)];

		if (!(*entry & PTE_PRESENT)) {
			uint64_t made = make ? make(owner) : 0;

			if (!made) {
				return NULL;
			}
			__atomic_store_n(entry, made | (uint64_t)at << PTE_LEVEL_SHIFT,
					 __ATOMIC_RELEASE);
		}
		CHECK(!(*entry & PTE_LARGE));
		table = pte_table(*entry);
	}
	return &table[pte_index(page, level)];
}
#endif
