/* SPDX-License-Identifier: MIT */
/*
 * Nested page tables, four levels as the host's paging mode prescribes (APM vol. 2 15.25.5), and as
 * AMD-Vi's mode 4 has them (48882, 2.2.3).  Hardware writes A and D, so entries change by
 * atomic exchange.  Trust boundary: gfns come from guests, frames never do.
 */
#include "mm/npt.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/iommu.h"
#include <xen/errno.h>

/* How an entry's bits tell its kind. */
#define NPT_KIND_BITS (NPT_IS_RAM | NPT_DMA_READ | NPT_KIND)
static const uint64_t kind_bits[] = {
	[NPT_RAM] = NPT_DMA_READ | NPT_IS_RAM,  [NPT_SHARED] = 0ull << NPT_KIND_SHIFT,
	[NPT_FOREIGN] = 1ull << NPT_KIND_SHIFT, [NPT_GRANT] = NPT_DMA_READ,
	[NPT_MODULE] = 2ull << NPT_KIND_SHIFT,  [NPT_MMIO] = 3ull << NPT_KIND_SHIFT,
};

static uint8_t kind_of(uint64_t entry)
{
	uint8_t kind = NPT_RAM;

	while (kind < NPT_MMIO && kind_bits[kind] != (entry & NPT_KIND_BITS)) {
		kind++;
	}
	return kind;
}

/* Every entry is a user's: nested walks are user accesses. */
static uint64_t encode(const struct npt_entry *entry)
{
	uint64_t bits = frame_address(entry->frame) | PTE_PRESENT | PTE_USER;

	bits |= kind_bits[entry->kind];
	if (entry->write) {
		bits |= PTE_WRITE;
	}
	if (entry->write && (bits & NPT_DMA_READ)) {
		bits |= NPT_DMA_WRITE;
	}
	if (!entry->exec) {
		bits |= PTE_NX;
	}
	if (entry->order) {
		bits |= PTE_LARGE;
	}
	return bits;
}

static void decode(uint64_t entry, unsigned order, struct npt_entry *out)
{
	out->frame = frame_of(entry & PTE_FRAME);
	out->kind = kind_of(entry);
	out->order = (uint8_t)order;
	out->write = entry & PTE_WRITE;
	out->exec = !(entry & PTE_NX);
}

/* The entry of a new table, of the domain's share; 0 when that is used up. */
static uint64_t make_table(void *owner)
{
	struct npt *npt = owner;
	void *page = NULL;

	if (*npt->pages < npt->limit) {
		page = heap_page(npt->pages);
	}
	if (!page) {
		return 0;
	}
	return (uintptr_t)page | PTE_PRESENT | PTE_WRITE | PTE_USER | NPT_DMA_READ | NPT_DMA_WRITE;
}

/* The entry for gfn at `level`, tables made on the way if `create` is set; NULL when there is no
 * table for it. */
static uint64_t *find_slot(struct npt *npt, uint64_t gfn, unsigned level, bool create)
{
	if (create) {
		return pte_find(npt->root, gfn, level, make_table, npt);
	}
	return pte_find(npt->root, gfn, level, NULL, npt);
}

int npt_init(struct npt *npt, uint32_t *pages)
{
	npt->pages = pages;
	/* GFN_LIMIT lies below 512 GiB: the first top-level entry is the only one, and always
	 * there. */
	npt->root = heap_page(npt->pages);
	if (!npt->root || !find_slot(npt, 0, 2, true)) {
		return -XEN_ENOMEM;
	}
	return 0;
}

int npt_map(struct npt *npt, gfn_t gfn, struct npt_entry entry)
{
	uint64_t within_span = (1ull << entry.order) - 1;
	uint64_t *slot;

	if (gfn.n >= GFN_LIMIT || (gfn.n & within_span) || (entry.frame.n & within_span)) {
		return -XEN_EINVAL;
	}
	slot = find_slot(npt, gfn.n, 1, true);
	if (slot && !entry.order && !(*slot & PTE_LARGE)) {
		slot = find_slot(npt, gfn.n, 0, true);
	}
	if (!slot) {
		return -XEN_ENOMEM;
	}
	if (*slot & PTE_PRESENT) {
		return -XEN_EEXIST;
	}
	__atomic_store_n(slot, encode(&entry), __ATOMIC_RELEASE);
	/* It may remember what was not there (48882, 3.2: NpCache). */
	iommu_changed(npt->device_id);
	return 0;
}

/* The entry of the 2 MiB around gfn, a block's or a table's; NULL: nothing is mapped there. */
static uint64_t *block_slot(struct npt *npt, gfn_t gfn)
{
	uint64_t *slot;

	if (gfn.n >= GFN_LIMIT) {
		return NULL;
	}
	slot = find_slot(npt, gfn.n, 1, false);
	if (!slot || !(*slot & PTE_PRESENT)) {
		return NULL;
	}
	return slot;
}

/* The entry that covers gfn, a block's or a page's; NULL: nothing is mapped there. */
static uint64_t *covering(struct npt *npt, gfn_t gfn, unsigned *order)
{
	uint64_t *slot = block_slot(npt, gfn);

	*order = BLOCK_ORDER;
	if (slot && !(*slot & PTE_LARGE)) {
		*order = 0;
		slot = &pte_table(*slot)[pte_index(gfn.n, 0)];
	}
	if (!slot || !(*slot & PTE_PRESENT)) {
		return NULL;
	}
	return slot;
}

bool npt_lookup(struct npt *npt, gfn_t gfn, struct npt_entry *out)
{
	unsigned order;
	const uint64_t *slot = covering(npt, gfn, &order);

	if (slot) {
		decode(__atomic_load_n(slot, __ATOMIC_ACQUIRE), order, out);
		out->frame.n += gfn.n & ((1u << order) - 1);
	}
	return slot;
}

/* Replaces a 2 MiB entry by 512 of 4 KiB with the same rights; references stay as they are. */
static int split(struct npt *npt, uint64_t *slot)
{
	uint64_t entry = *slot;
	uint64_t table = make_table(npt);

	if (!table) {
		return -XEN_ENOMEM;
	}
	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		pte_table(table)[i] = (entry & ~PTE_LARGE) + i * PAGE_SIZE;
	}
	__atomic_store_n(slot, table | 1ull << PTE_LEVEL_SHIFT, __ATOMIC_RELEASE);
	iommu_changed(npt->device_id);
	return 0;
}

int npt_unmap(struct npt *npt, gfn_t gfn, unsigned order, struct npt_entry *old)
{
	unsigned covered;
	uint64_t *slot = covering(npt, gfn, &covered);

	if (!slot) {
		return -XEN_ENOENT;
	}
	if (order && (!covered || pte_index(gfn.n, 0))) {
		return -XEN_ENOENT; /* a whole block is asked for, and none begins here */
	}
	if (covered && !order) {
		if (split(npt, slot)) {
			return -XEN_ENOMEM;
		}
		slot = &pte_table(*slot)[pte_index(gfn.n, 0)];
	}
	decode(__atomic_exchange_n(slot, 0, __ATOMIC_ACQ_REL), order, old);
	iommu_changed(npt->device_id);
	return 0;
}

int npt_set_exec(struct npt *npt, gfn_t gfn, bool exec)
{
	uint64_t *slot = block_slot(npt, gfn);
	unsigned count = 1;

	if (!slot || pte_index(gfn.n, 0)) {
		return -XEN_ENOENT;
	}
	if (!(*slot & PTE_LARGE)) {
		slot = pte_table(*slot);
		count = TABLE_ENTRIES;
	}
	for (unsigned i = 0; i < count; i++) {
		if (!(slot[i] & PTE_PRESENT)) {
			continue;
		}
		if (exec) {
			__atomic_and_fetch(&slot[i], ~PTE_NX, __ATOMIC_ACQ_REL);
		} else {
			__atomic_or_fetch(&slot[i], PTE_NX, __ATOMIC_ACQ_REL);
		}
	}
	return 0;
}

/* Drops everything below one 2 MiB slot. */
static void drop_slot(struct npt *npt, uint64_t *slot)
{
	uint64_t bits = __atomic_exchange_n(slot, 0, __ATOMIC_ACQ_REL);
	struct npt_entry entry;
	uint64_t *table;

	if (bits & PTE_LARGE) {
		decode(bits, BLOCK_ORDER, &entry);
		npt_released(npt, &entry);
		return;
	}
	table = pte_table(bits);
	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		if (table[i] & PTE_PRESENT) {
			decode(table[i], 0, &entry);
			npt_released(npt, &entry);
		}
	}
	heap_page_free(table, npt->pages);
}

/* What the lowest tables map has gone: the directories and the root follow. */
static void free_tables(struct npt *npt)
{
	uint64_t *directory = pte_table(npt->root[0]);

	for (unsigned i = 0; directory && i < TABLE_ENTRIES; i++) {
		heap_page_free(pte_table(directory[i]), npt->pages);
	}
	heap_page_free(directory, npt->pages);
	heap_page_free(npt->root, npt->pages);
	npt->root = NULL;
}

bool npt_teardown(struct npt *npt, uint32_t budget)
{
	if (!npt->root) {
		return true;
	}
	while (npt->teardown_gfn < GFN_LIMIT) {
		uint64_t *slot = find_slot(npt, npt->teardown_gfn, 1, false);

		if (!slot) {
			/* Nor is there one for as much as a whole table would cover. */
			npt->teardown_gfn += TABLE_ENTRIES * TABLE_ENTRIES;
			continue;
		}
		if (*slot & PTE_PRESENT) {
			drop_slot(npt, slot);
			budget -= MIN(budget, TABLE_ENTRIES);
		}
		npt->teardown_gfn += TABLE_ENTRIES;
		if (!budget) {
			return false;
		}
	}
	free_tables(npt);
	return true;
}
