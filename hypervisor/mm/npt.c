/* SPDX-License-Identifier: MIT */
/*
 * Nested page tables, four levels as the host's paging mode prescribes (APM vol. 2 15.25.5).  An
 * entry's three available bits (9-11) hold the kind.  Hardware writes A and D, so entries change by
 * atomic exchange.  Trust boundary: gfns come from guests, frames never do.
 */
#include "mm/npt.h"
#include "core/domain.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include <xen/errno.h>

#define KIND(e) (((e)&NPT_KIND) >> NPT_KIND_SHIFT)

#define TABLE_ENTRIES 512u

static uint64_t *table_of(uint64_t entry)
{
	return (uint64_t *)(uintptr_t)(entry & NPT_FRAME);
}

static unsigned index_at(uint64_t gfn, unsigned level)
{
	return (gfn >> (9 * level)) & (TABLE_ENTRIES - 1);
}

static uint64_t encode(const struct npt_entry *e)
{
	return frame_address(e->frame) | NPT_P | NPT_U | (e->write ? NPT_W : 0) |
	       (e->exec ? 0 : NPT_NX) | (e->order ? NPT_LARGE : 0) |
	       ((uint64_t)e->kind << NPT_KIND_SHIFT);
}

static void decode(uint64_t entry, unsigned order, struct npt_entry *out)
{
	out->frame = frame_of(entry & NPT_FRAME);
	out->kind = KIND(entry);
	out->order = (uint8_t)order;
	out->write = entry & NPT_W;
	out->exec = !(entry & NPT_NX);
}

/* A page for a table, of the domain's share; NULL when that is used up. */
static uint64_t *new_table(struct domain *d)
{
	return d->heap_pages < d->heap_limit ? heap_page(&d->heap_pages) : NULL;
}

static void set_table(uint64_t *entry, const uint64_t *table)
{
	__atomic_store_n(entry, (uintptr_t)table | NPT_P | NPT_W | NPT_U, __ATOMIC_RELEASE);
}

/* The entry for gfn at `level` (0: 4 KiB, 1: 2 MiB), tables made on the way if `create` is set;
 * NULL when there is no table for it. */
static uint64_t *find_slot(struct domain *d, uint64_t gfn, unsigned level, bool create)
{
	uint64_t *table = d->npt_root;

	for (unsigned l = 3; l > level; l--) {
		uint64_t *entry = &table[index_at(gfn, l)];

		if (!(*entry & NPT_P)) {
			uint64_t *made = create ? new_table(d) : NULL;

			if (!made) {
				return NULL;
			}
			set_table(entry, made);
		}
		CHECK(!(*entry & NPT_LARGE));
		table = table_of(*entry);
	}
	return &table[index_at(gfn, level)];
}

int npt_init(struct domain *d)
{
	/* GFN_LIMIT lies below 512 GiB: the first top-level entry is the only one, and always
	 * there. */
	d->npt_root = heap_page(&d->heap_pages);
	return d->npt_root && find_slot(d, 0, 2, true) ? 0 : -XEN_ENOMEM;
}

int npt_map(struct domain *d, gfn_t gfn, struct npt_entry e)
{
	uint64_t span = 1ull << e.order;
	uint64_t *slot;

	if (gfn.n >= GFN_LIMIT || (gfn.n & (span - 1)) || (e.frame.n & (span - 1))) {
		return -XEN_EINVAL;
	}
	slot = find_slot(d, gfn.n, 1, true);
	if (slot && !e.order && !(*slot & NPT_LARGE)) {
		slot = find_slot(d, gfn.n, 0, true);
	}
	if (!slot) {
		return -XEN_ENOMEM;
	}
	if (*slot & NPT_P) {
		return -XEN_EEXIST;
	}
	__atomic_store_n(slot, encode(&e), __ATOMIC_RELEASE);
	return 0;
}

/* The entry that covers gfn, a block's or a page's; NULL: nothing is mapped there. */
static uint64_t *covering(struct domain *d, gfn_t gfn, unsigned *order)
{
	uint64_t *slot = gfn.n < GFN_LIMIT ? find_slot(d, gfn.n, 1, false) : NULL;

	*order = BLOCK_ORDER;
	if (slot && (*slot & NPT_P) && !(*slot & NPT_LARGE)) {
		*order = 0;
		slot = &table_of(*slot)[index_at(gfn.n, 0)];
	}
	return slot && (*slot & NPT_P) ? slot : NULL;
}

bool npt_lookup(struct domain *d, gfn_t gfn, struct npt_entry *out)
{
	unsigned order;
	const uint64_t *slot = covering(d, gfn, &order);

	if (slot) {
		decode(__atomic_load_n(slot, __ATOMIC_ACQUIRE), order, out);
		out->frame.n += gfn.n & ((1u << order) - 1);
	}
	return slot;
}

/* Replaces a 2 MiB entry by 512 of 4 KiB with the same rights; references stay as they are. */
static int split(struct domain *d, uint64_t *slot)
{
	uint64_t entry = *slot;
	uint64_t *table = new_table(d);

	if (!table) {
		return -XEN_ENOMEM;
	}
	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		table[i] = (entry & ~NPT_LARGE) + i * PAGE_SIZE;
	}
	set_table(slot, table);
	return 0;
}

int npt_unmap(struct domain *d, gfn_t gfn, unsigned order, struct npt_entry *old)
{
	unsigned covered;
	uint64_t *slot = covering(d, gfn, &covered);

	if (!slot || (order && (!covered || index_at(gfn.n, 0)))) {
		return -XEN_ENOENT;
	}
	if (covered && !order) {
		if (split(d, slot)) {
			return -XEN_ENOMEM;
		}
		slot = &table_of(*slot)[index_at(gfn.n, 0)];
	}
	decode(__atomic_exchange_n(slot, 0, __ATOMIC_ACQ_REL), order, old);
	return 0;
}

int npt_set_exec(struct domain *d, gfn_t gfn, bool exec)
{
	uint64_t *slot = gfn.n < GFN_LIMIT ? find_slot(d, gfn.n, 1, false) : NULL;
	unsigned count = 1;

	if (!slot || !(*slot & NPT_P) || index_at(gfn.n, 0)) {
		return -XEN_ENOENT;
	}
	if (!(*slot & NPT_LARGE)) {
		slot = table_of(*slot);
		count = TABLE_ENTRIES;
	}
	for (unsigned i = 0; i < count; i++) {
		if (!(slot[i] & NPT_P)) {
			continue;
		}
		if (exec) {
			__atomic_and_fetch(&slot[i], ~NPT_NX, __ATOMIC_ACQ_REL);
		} else {
			__atomic_or_fetch(&slot[i], NPT_NX, __ATOMIC_ACQ_REL);
		}
	}
	return 0;
}

/* Drops everything below one 2 MiB slot. */
static void drop_slot(struct domain *d, uint64_t *slot)
{
	uint64_t entry = __atomic_exchange_n(slot, 0, __ATOMIC_ACQ_REL);
	struct npt_entry e;
	uint64_t *table;

	if (entry & NPT_LARGE) {
		decode(entry, BLOCK_ORDER, &e);
		npt_released(d, &e);
		return;
	}
	table = table_of(entry);
	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		if (table[i] & NPT_P) {
			decode(table[i], 0, &e);
			npt_released(d, &e);
		}
	}
	heap_page_free(table, &d->heap_pages);
}

bool npt_teardown(struct domain *d, uint32_t budget)
{
	uint64_t *directory;

	if (!d->npt_root) {
		return true;
	}
	while (d->teardown_gfn < GFN_LIMIT) {
		uint64_t *slot = find_slot(d, d->teardown_gfn, 1, false);

		if (slot && (*slot & NPT_P)) {
			drop_slot(d, slot);
			budget -= MIN(budget, TABLE_ENTRIES);
		}
		/* Without a slot there is none for as much as a whole table would cover. */
		d->teardown_gfn += slot ? TABLE_ENTRIES : TABLE_ENTRIES * TABLE_ENTRIES;
		if (!budget) {
			return false;
		}
	}
	directory = table_of(d->npt_root[0]);
	for (unsigned i = 0; directory && i < TABLE_ENTRIES; i++) {
		heap_page_free(table_of(directory[i]), &d->heap_pages);
	}
	heap_page_free(directory, &d->heap_pages);
	heap_page_free(d->npt_root, &d->heap_pages);
	d->npt_root = NULL;
	return true;
}
