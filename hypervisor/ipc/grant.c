/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: entries and their use by peers.  Owns struct grant_table of every domain and the
 * heap pages below it, except the maps (ipc/grant_map.c).  Trust boundary: the frames of the table
 * are guest-writable at any time; an entry is believed for as long as one compare-and-exchange, and
 * what follows from it (a referenced frame, a counted use) no longer depends on it.  Invariants and
 * locks: ipc/grant_table.h.
 */
#include "ipc/grant_table.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/npt.h"
#include <xen/errno.h>

#define USE_TRIES 4 /* against a granter that changes its entry all the time */

int grant_init(struct domain *d)
{
	struct grant_table *t = heap_page(&d->charge.heap_pages);

	if (!t) {
		return -XEN_ENOMEM;
	}
	t->lock = (struct spinlock)SPINLOCK(RANK_GRANT);
	t->maps_limit = GRANT_MAPS;
	d->grants = t;
	return 0;
}

void grant_serve(struct domain *d)
{
	d->grants->maps_limit = GRANT_MAPS_SERVE;
}

static uint64_t *make_frame(struct domain *d, struct grant_table *t, uint32_t index)
{
	struct grant_use **use = &t->use[index * ENTRIES_PER_FRAME / USES_PER_PAGE];

	if (t->closed) {
		return NULL;
	}
	if (!*use) {
		*use = heap_page(&d->charge.heap_pages);
	}
	if (*use && !t->frame[index]) {
		t->frame[index] = heap_page(&d->charge.heap_pages);
	}
	return t->frame[index];
}

void *grant_frame(struct domain *d, uint32_t index)
{
	struct grant_table *t = d->grants;
	void *page;

	if (!t || index >= GRANT_FRAMES) {
		return NULL;
	}
	spin_lock(&t->lock);
	page = make_frame(d, t, (uint32_t)index_in(index, GRANT_FRAMES));
	spin_unlock(&t->lock);
	return page;
}

/* Lock of the table held.  NULL when the entry has never had a frame. */
static uint64_t *entry_at(struct grant_table *t, uint32_t ref)
{
	uint64_t index = index_in(ref, GRANT_ENTRIES);
	uint64_t *frame = t->frame[index / ENTRIES_PER_FRAME];

	if (ref >= GRANT_ENTRIES || !frame) {
		return NULL;
	}
	return &frame[index % ENTRIES_PER_FRAME];
}

static struct grant_use *use_at(struct grant_table *t, uint32_t ref)
{
	uint64_t index = index_in(ref, GRANT_ENTRIES);

	return &t->use[index / USES_PER_PAGE][index % USES_PER_PAGE];
}

int grant_seed(struct domain *d, uint32_t ref, uint16_t peer, gfn_t gfn)
{
	uint64_t *entry;
	int result = 0;

	if (!d->grants || ref >= GRANT_ENTRIES || gfn.n > UINT32_MAX) {
		return -XEN_EINVAL;
	}
	spin_lock(&d->grants->lock);
	if (make_frame(d, d->grants, ref / ENTRIES_PER_FRAME)) {
		entry = entry_at(d->grants, ref);
		__atomic_store_n(entry, GTF_permit_access | (uint64_t)peer << 16 | gfn.n << 32,
				 __ATOMIC_SEQ_CST);
	} else {
		result = -XEN_ENOMEM;
	}
	spin_unlock(&d->grants->lock);
	return result;
}

/* What one value of an entry permits; on success *frame is referenced.  Granter's locks held. */
static int16_t entry_check(struct domain *granter, uint64_t value, uint16_t peer, bool write,
			   frame_t *frame)
{
	gfn_t gfn = {value >> 32};
	struct npt_entry entry;

	if ((value & GTF_type_mask) != GTF_permit_access || (uint16_t)(value >> 16) != peer) {
		return GNTST_permission_denied;
	}
	if (write && value & GTF_readonly) {
		return GNTST_permission_denied;
	}
	if (!npt_lookup(&granter->npt, gfn, &entry) || entry.kind != NPT_RAM) {
		return GNTST_bad_page;
	}
	if ((write && !entry.write) || !frame_get(entry.frame, granter->id)) {
		return GNTST_bad_page;
	}
	*frame = entry.frame;
	return GNTST_okay;
}

static int16_t begin_use_locked(struct domain *granter, uint16_t peer, uint32_t ref, bool write,
				frame_t *frame)
{
	uint64_t *entry = entry_at(granter->grants, ref);
	uint64_t marks = GTF_reading;
	struct grant_use *use;
	uint64_t value;
	int16_t status;

	if (ref >= GRANT_ENTRIES) {
		return GNTST_bad_gntref;
	}
	if (!entry) {
		return GNTST_permission_denied; /* how far a table goes is nobody's business */
	}
	if (write) {
		marks |= GTF_writing;
	}
	use = use_at(granter->grants, ref);
	if (use->users == UINT16_MAX) {
		return GNTST_no_space;
	}
	value = __atomic_load_n(entry, __ATOMIC_SEQ_CST);
	for (int i = 0; i < USE_TRIES; i++) {
		status = entry_check(granter, value, peer, write, frame);
		if (status != GNTST_okay) {
			return status;
		}
		/* A failed exchange loads the new value: look at it again. */
		if (__atomic_compare_exchange_n(entry, &value, value | marks, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
			use->users++;
			use->writers += write;
			granter->mapped_by_peers++;
			return GNTST_okay;
		}
		frame_put(*frame);
	}
	return GNTST_eagain;
}

int16_t grant_begin_use(struct domain *granter, uint16_t peer, uint32_t ref, bool write,
			frame_t *frame)
{
	int16_t status = GNTST_permission_denied;

	spin_lock(&granter->lock);
	if (IN_LIVE >> granter->state & 1u && granter->grants) {
		spin_lock(&granter->grants->lock);
		if (!granter->grants->closed) {
			status = begin_use_locked(granter, peer, ref, write, frame);
		}
		spin_unlock(&granter->grants->lock);
	}
	spin_unlock(&granter->lock);
	return status;
}

void grant_pages_free(struct domain *d, void *pages, uint32_t count)
{
	void **page = pages;

	for (; count; count--, page++) {
		heap_page_free(*page, &d->charge.heap_pages);
		*page = NULL;
	}
}

void grant_table_free(struct domain *d)
{
	struct grant_table *t = d->grants;

	d->grants = NULL;
	grant_pages_free(d, t->frame, GRANT_FRAMES);
	grant_pages_free(d, t->use, USE_PAGES);
	heap_page_free(t, &d->charge.heap_pages);
}

void grant_end_use(struct domain *granter, uint32_t ref, bool write)
{
	struct grant_table *t;
	struct grant_use *use;
	uint64_t clear = 0;

	spin_lock(&granter->lock);
	t = granter->grants;
	CHECK(t && granter->mapped_by_peers > 0); /* INV-GRANT-2, INV-GRANT-4 */
	spin_lock(&t->lock);
	use = use_at(t, ref);
	CHECK(use->users > 0 && use->writers >= write);
	use->users--;
	use->writers -= write;
	if (use->writers == 0) {
		clear |= GTF_writing;
	}
	if (use->users == 0) {
		clear |= GTF_reading;
	}
	__atomic_fetch_and(entry_at(t, ref), ~clear, __ATOMIC_SEQ_CST);
	spin_unlock(&t->lock);
	granter->mapped_by_peers--;
	if (t->closed && granter->mapped_by_peers == 0) {
		grant_table_free(granter);
	}
	spin_unlock(&granter->lock);
}
