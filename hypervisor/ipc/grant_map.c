/* SPDX-License-Identifier: MIT */
/*
 * The mappings that a domain holds of others' grants, and how they end, by its own call or with it.
 * Owns table->maps_of_peers of every domain.  Trust boundary: a handle is a number from a guest; it
 * means something only as an index below maps_made whose map is live and lies at the gfn that the
 * guest names too.  Invariants and locks: ipc/grant_table.h.
 */
#include "ipc/grant_table.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/npt.h"
#include "mm/tlb.h"

const uint16_t right_of_use[USES] = {
	[USE_map_read] = XSM_RIGHT(grant, map_read),
	[USE_map_write] = XSM_RIGHT(grant, map_write),
	[USE_map_ring] = XSM_RIGHT(grant, map_ring),
	[USE_send] = XSM_RIGHT(event, send),
};

enum use_kind grant_kind(uint32_t ref, bool write)
{
	if (ref < GRANT_SEEDS) {
		return USE_map_ring;
	}
	return write ? USE_map_write : USE_map_read;
}

static struct grant_map *map_at(struct grant_table *t, uint32_t handle)
{
	uint64_t index = index_in(handle, t->maps_made);

	if (handle >= t->maps_made) {
		return NULL;
	}
	return &t->maps_of_peers[index / MAPS_PER_PAGE][index % MAPS_PER_PAGE];
}

/* The number of a map that was never used; false when all were, or the heap is empty. */
static bool map_make(struct domain *d, uint32_t *handle)
{
	struct grant_table *t = d->grants;
	struct grant_map **page;

	if (t->maps_made == t->maps_limit) {
		return false;
	}
	page = &t->maps_of_peers[t->maps_made / MAPS_PER_PAGE];
	if (!*page) {
		*page = heap_page(&d->charge.heap_pages);
	}
	if (!*page) {
		return false;
	}
	*handle = t->maps_made;
	t->maps_made++;
	return true;
}

/* A map in state reserved; NULL when all are in use or the heap is empty. */
static struct grant_map *map_reserve(struct domain *d, uint32_t *handle)
{
	struct grant_table *t = d->grants;
	struct grant_map *map = NULL;

	spin_lock(&t->lock);
	if (t->map_free) {
		*handle = t->map_free - 1u;
		map = map_at(t, *handle);
		t->map_free = map->next;
	} else if (map_make(d, handle)) {
		map = map_at(t, *handle);
	}
	if (map) {
		map->state = MAP_reserved;
	}
	spin_unlock(&t->lock);
	return map;
}

static void map_set(struct grant_table *t, struct grant_map *map, uint32_t handle, uint8_t state)
{
	spin_lock(&t->lock);
	map->state = state;
	if (state == MAP_free) {
		map->granter = NULL;
		map->next = t->map_free;
		t->map_free = handle + 1;
	}
	spin_unlock(&t->lock);
}

int16_t grant_map(struct domain *d, struct domain *granter, uint32_t ref, gfn_t gfn, bool write,
		  uint32_t *handle)
{
	struct npt_entry entry = {.kind = NPT_GRANT, .write = write};
	struct grant_map *map = map_reserve(d, handle);
	int16_t status;
	int error;

	if (!map) {
		return GNTST_no_space;
	}
	status = grant_begin_use(granter, d->id, ref, write, &entry.frame);
	if (status != GNTST_okay) {
		map_set(d->grants, map, *handle, MAP_free);
		return status;
	}
	spin_lock(&d->lock);
	error = npt_map(&d->npt, gfn, entry); /* takes over the frame reference */
	spin_unlock(&d->lock);
	if (error) {
		frame_put(entry.frame);
		grant_end_use(granter, ref, write);
		map_set(d->grants, map, *handle, MAP_free);
		return GNTST_general_error;
	}
	map->granter = granter;
	map->frame = entry.frame;
	map->ref = ref;
	map->gfn = (uint32_t)gfn.n;
	map->write = write;
	map_set(d->grants, map, *handle, MAP_live);
	return GNTST_okay;
}

struct grant_map *grant_reserve_map(struct domain *d, uint32_t handle, gfn_t gfn, int16_t *status)
{
	struct grant_map *map;

	spin_lock(&d->grants->lock);
	map = map_at(d->grants, handle);
	*status = GNTST_okay;
	if (!map || map->state != MAP_live) {
		*status = GNTST_bad_handle;
	} else if (map->gfn != gfn.n) {
		*status = GNTST_bad_virt_addr;
	} else {
		map->state = MAP_reserved;
	}
	spin_unlock(&d->grants->lock);
	return *status == GNTST_okay ? map : NULL;
}

void grant_unreserve_map(struct domain *d, struct grant_map *map)
{
	map_set(d->grants, map, 0, MAP_live);
}

/*
 * A mapping ends in three steps: leave_tables() takes it out of the nested tables, the map gets a
 * new state, give_back() returns the references.  They differ in the second only: an unmap and a
 * teardown free the map (end_map), a revocation leaves it to its holder, with a page of the
 * holder's own behind it.
 */

/* false: it is not there, whoever took it out has put the frame's reference. */
static MUST_CHECK bool leave_tables(struct domain *d, const struct grant_map *map)
{
	struct npt_entry entry;
	gfn_t gfn = {map->gfn};
	bool removed;

	spin_lock(&d->lock);
	removed = npt_lookup(&d->npt, gfn, &entry) && entry.kind == NPT_GRANT &&
		  entry.frame.n == map->frame.n && npt_unmap(&d->npt, gfn, 0, &entry) == 0;
	spin_unlock(&d->lock);
	return removed;
}

/* Puts the frame's reference if the nested tables had it, ends the use of the granter's entry. */
static void give_back(const struct grant_map *ended, bool was_mapped)
{
	if (was_mapped) {
		/* The request comes first: the frame allocator notes its epoch with the last put,
		 * and this CPU flushes before it enters a guest again. */
		tlb_request();
		frame_put(ended->frame);
	}
	if (ended->granter) { /* else it was revoked: nothing of a granter's is in use */
		grant_end_use(ended->granter, ended->ref, ended->write);
		domain_put(ended->granter);
	}
}

/* The map is free before its references go: what follows cannot fail. */
static void end_map(struct domain *d, struct grant_map *map, uint32_t handle, bool was_mapped)
{
	struct grant_map ended = *map;

	map_set(d->grants, map, handle, MAP_free);
	give_back(&ended, was_mapped);
}

static void revoke(struct domain *d, struct grant_map *map)
{
	struct grant_map ended = *map;
	struct npt_entry empty = {.kind = NPT_GRANT, .write = true};
	bool was_mapped = leave_tables(d, map);

	if (was_mapped && frames_alloc(d->id, 0, &empty.frame) == 0) {
		spin_lock(&d->lock);
		/* Cannot fail: the table that held the entry is still there. */
		CHECK(npt_map(&d->npt, (gfn_t){map->gfn}, empty) == 0);
		spin_unlock(&d->lock);
		map->frame = empty.frame;
	}
	map->granter = NULL;
	give_back(&ended, was_mapped);
}

void grant_review(struct domain *d, struct use_review *review)
{
	for (uint32_t i = 0; d->grants && i < d->grants->maps_made; i++) {
		struct grant_map *map = map_at(d->grants, i);

		if (map->state == MAP_live && map->granter &&
		    review->ends(review, d, map->granter, grant_kind(map->ref, map->write))) {
			revoke(d, map);
		}
	}
}

int16_t grant_unmap(struct domain *d, struct grant_map *map, uint32_t handle)
{
	if (!leave_tables(d, map)) {
		grant_unreserve_map(d, map);
		return GNTST_general_error;
	}
	end_map(d, map, handle, true);
	return GNTST_okay;
}

/* Runs before npt_teardown() of d.  A mapping that is no longer in the NPT has had its reference
 * put by whoever took it out; the use of the entry still has to end. */
void grant_teardown(struct domain *d)
{
	struct grant_table *t = d->grants;

	if (!t || t->closed) {
		return;
	}
	for (uint32_t i = 0; i < t->maps_made; i++) {
		struct grant_map *map = map_at(t, i);

		if (map->state == MAP_live) {
			end_map(d, map, i, leave_tables(d, map));
		}
	}
	spin_lock(&d->lock);
	spin_lock(&t->lock);
	t->closed = true;
	t->maps_made = 0;
	t->map_free = 0;
	grant_pages_free(d, t->maps_of_peers, MAP_PAGES);
	spin_unlock(&t->lock);
	if (d->mapped_by_peers == 0) {
		grant_table_free(d);
	}
	spin_unlock(&d->lock);
}
