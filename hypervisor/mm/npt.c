/* SPDX-License-Identifier: MIT */
/*
 * Nested page tables, four levels as the host's paging mode prescribes (APM vol. 2 15.25.5).  An
 * entry's three available bits (9-11) hold the kind.  Hardware writes A and D, so entries change by
 * atomic exchange.  Trust boundary: gfns come from guests, frames never do.
 */
#include "mm/npt.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include <xen/errno.h>

/* Every entry is a user's: nested walks are user accesses. */
static uint64_t encode(const struct npt_entry *e)
{
	return frame_address(e->frame) | PTE_PRESENT | PTE_USER | (e->write ? PTE_WRITE : 0) |
	       (e->exec ? 0 : PTE_NX) | (e->order ? PTE_LARGE : 0) |
	       ((uint64_t)e->kind << NPT_KIND_SHIFT);
}

static void decode(uint64_t entry, unsigned order, struct npt_entry *out)
{
	out->frame = frame_of(entry & PTE_FRAME);
	out->kind = (entry & NPT_KIND) >> NPT_KIND_SHIFT;
	out->order = (uint8_t)order;
	out->write = entry & PTE_WRITE;
	out->exec = !(entry & PTE_NX);
}

/* The entry of a new table, of the domain's share; 0 when that is used up. */
static uint64_t make_table(void *owner)
{
	struct npt *npt = owner;
	void *page = *npt->pages < npt->limit ? heap_page(npt->pages) : NULL;

	return page ? (uintptr_t)page | PTE_PRESENT | PTE_WRITE | PTE_USER : 0;
}

/* The entry for gfn at `level`, tables made on the way if `create` is set; NULL when there is no
 * table for it. */
static uint64_t *find_slot(struct npt *npt, uint64_t gfn, unsigned level, bool create)
{
	return pte_find(npt->root, gfn, level, create ? make_table : NULL, npt);
}

int npt_init(struct npt *npt, uint32_t *pages)
{
	npt->pages = pages;
	/* GFN_LIMIT lies below 512 GiB: the first top-level entry is the only one, and always
	 * there. */
	npt->root = heap_page(npt->pages);
	return npt->root && find_slot(npt, 0, 2, true) ? 0 : -XEN_ENOMEM;
}

int npt_map(struct npt *npt, gfn_t gfn, struct npt_entry e)
{
	uint64_t span = 1ull << e.order;
	uint64_t *slot;

	if (gfn.n >= GFN_LIMIT || (gfn.n & (span - 1)) || (e.frame.n & (span - 1))) {
		return -XEN_EINVAL;
	}
	slot = find_slot(npt, gfn.n, 1, true);
	if (slot && !e.order && !(*slot & PTE_LARGE)) {
		slot = find_slot(npt, gfn.n, 0, true);
	}
	if (!slot) {
		return -XEN_ENOMEM;
	}
	if (*slot & PTE_PRESENT) {
		return -XEN_EEXIST;
	}
	__atomic_store_n(slot, encode(&e), __ATOMIC_RELEASE);
	return 0;
}

/* The entry that covers gfn, a block's or a page's; NULL: nothing is mapped there. */
static uint64_t *covering(struct npt *npt, gfn_t gfn, unsigned *order)
{
	uint64_t *slot = gfn.n < GFN_LIMIT ? find_slot(npt, gfn.n, 1, false) : NULL;

	*order = BLOCK_ORDER;
	if (slot && (*slot & PTE_PRESENT) && !(*slot & PTE_LARGE)) {
		*order = 0;
		slot = &pte_table(*slot)[pte_index(gfn.n, 0)];
	}
	return slot && (*slot & PTE_PRESENT) ? slot : NULL;
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
	__atomic_store_n(slot, table, __ATOMIC_RELEASE);
	return 0;
}

int npt_unmap(struct npt *npt, gfn_t gfn, unsigned order, struct npt_entry *old)
{
	unsigned covered;
	uint64_t *slot = covering(npt, gfn, &covered);

	if (!slot || (order && (!covered || pte_index(gfn.n, 0)))) {
		return -XEN_ENOENT;
	}
	if (covered && !order) {
		if (split(npt, slot)) {
			return -XEN_ENOMEM;
		}
		slot = &pte_table(*slot)[pte_index(gfn.n, 0)];
	}
	decode(__atomic_exchange_n(slot, 0, __ATOMIC_ACQ_REL), order, old);
	return 0;
}

int npt_set_exec(struct npt *npt, gfn_t gfn, bool exec)
{
	uint64_t *slot = gfn.n < GFN_LIMIT ? find_slot(npt, gfn.n, 1, false) : NULL;
	unsigned count = 1;

	if (!slot || !(*slot & PTE_PRESENT) || pte_index(gfn.n, 0)) {
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
	uint64_t entry = __atomic_exchange_n(slot, 0, __ATOMIC_ACQ_REL);
	struct npt_entry e;
	uint64_t *table;

	if (entry & PTE_LARGE) {
		decode(entry, BLOCK_ORDER, &e);
		npt_released(npt, &e);
		return;
	}
	table = pte_table(entry);
	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		if (table[i] & PTE_PRESENT) {
			decode(table[i], 0, &e);
			npt_released(npt, &e);
		}
	}
	heap_page_free(table, npt->pages);
}

bool npt_teardown(struct npt *npt, uint32_t budget)
{
	uint64_t *directory;

	if (!npt->root) {
		return true;
	}
	while (npt->teardown_gfn < GFN_LIMIT) {
		uint64_t *slot = find_slot(npt, npt->teardown_gfn, 1, false);

		if (slot && (*slot & PTE_PRESENT)) {
			drop_slot(npt, slot);
			budget -= MIN(budget, TABLE_ENTRIES);
		}
		/* Without a slot there is none for as much as a whole table would cover. */
		npt->teardown_gfn += slot ? TABLE_ENTRIES : TABLE_ENTRIES * TABLE_ENTRIES;
		if (!budget) {
			return false;
		}
	}
	directory = pte_table(npt->root[0]);
	for (unsigned i = 0; directory && i < TABLE_ENTRIES; i++) {
		heap_page_free(pte_table(directory[i]), npt->pages);
	}
	heap_page_free(directory, npt->pages);
	heap_page_free(npt->root, npt->pages);
	npt->root = NULL;
	return true;
}
