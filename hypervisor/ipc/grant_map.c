/* SPDX-License-Identifier: MIT */
/*
 * The mappings that a domain holds of others' grants, and how they end, by its own call or with it.
 * Owns table->maps of every domain.  Trust boundary: a handle is a number from a guest; it means
 * something only as an index below maps_made whose map is live and lies at the gfn that the guest
 * names too.  Invariants and locks: ipc/grant_table.h.
 */
#include "ipc/grant_table.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/npt.h"
#include "mm/tlb.h"

static struct grant_map *map_at(struct grant_table *t, uint32_t handle)
{
	uint64_t index = index_in(handle, t->maps_made);

	return handle < t->maps_made ? &t->maps[index / MAPS_PER_PAGE][index % MAPS_PER_PAGE]
				     : NULL;
}

/* A map in state reserved; NULL when all are in use or the heap is empty. */
static struct grant_map *map_reserve(struct domain *d, uint32_t *handle)
{
	struct grant_table *t = d->grants;
	struct grant_map **page, *map = NULL;

	spin_lock(&t->lock);
	if (t->map_free) {
		*handle = t->map_free - 1u;
		map = map_at(t, *handle);
		t->map_free = map->next;
	} else if (t->maps_made < GRANT_MAPS_MAX) {
		page = &t->maps[t->maps_made / MAPS_PER_PAGE];
		if (!*page) {
			*page = heap_page(&d->heap_pages);
		}
		if (*page) {
			*handle = t->maps_made++;
			map = map_at(t, *handle);
		}
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
		t->map_free = (uint16_t)(handle + 1);
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
	status = grant_hold(granter, d->id, ref, write, &entry.frame);
	if (status != GNTST_okay) {
		map_set(d->grants, map, *handle, MAP_free);
		return status;
	}
	spin_lock(&d->lock);
	error = npt_map(&d->npt, gfn, entry); /* takes over the frame reference */
	spin_unlock(&d->lock);
	if (error) {
		frame_put(entry.frame);
		grant_release(granter, ref, write);
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

struct grant_map *grant_claim(struct domain *d, uint32_t handle, gfn_t gfn, int16_t *status)
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

void grant_unclaim(struct domain *d, struct grant_map *map)
{
	map_set(d->grants, map, 0, MAP_live);
}

/* Takes the mapping out of d's NPT; false when it is not there. */
static bool remove_mapping(struct domain *d, const struct grant_map *map)
{
	struct npt_entry entry;
	gfn_t gfn = {map->gfn};
	bool done;

	spin_lock(&d->lock);
	done = npt_lookup(&d->npt, gfn, &entry) && entry.kind == NPT_GRANT &&
	       entry.frame.n == map->frame.n && npt_unmap(&d->npt, gfn, 0, &entry) == 0;
	spin_unlock(&d->lock);
	return done;
}

/* Gives back what a mapping held; `mapped`: so did the NPT with its frame reference. */
static void let_go(const struct grant_map *old, bool mapped)
{
	if (mapped) {
		/* The request comes first: the frame allocator notes its epoch with the last put,
		 * and this CPU flushes before it enters a guest again. */
		tlb_request();
		frame_put(old->frame);
	}
	if (old->granter) {
		grant_release(old->granter, old->ref, old->write);
		domain_put(old->granter);
	}
}

/* Second half of an unmap: no step can fail. */
static void drop_map(struct domain *d, struct grant_map *map, uint32_t handle, bool mapped)
{
	struct grant_map old = *map;

	map_set(d->grants, map, handle, MAP_free);
	let_go(&old, mapped);
}

static void revoke(struct domain *d, struct grant_map *map)
{
	struct grant_map old = *map;
	struct npt_entry empty = {.kind = NPT_GRANT, .write = true};
	bool mapped = remove_mapping(d, map);

	if (mapped && frames_alloc(d->id, 0, &empty.frame) == 0) {
		spin_lock(&d->lock);
		CHECK(npt_map(&d->npt, (gfn_t){map->gfn}, empty) ==
		      0); /* its table is still there */
		spin_unlock(&d->lock);
		map->frame = empty.frame;
	}
	map->granter = NULL;
	let_go(&old, mapped);
}

void grant_review(struct domain *d, struct use_review *review)
{
	struct grant_map *map;

	for (uint32_t i = 0; d->grants && i < d->grants->maps_made; i++) {
		map = map_at(d->grants, i);
		if (map->state == MAP_live && map->granter &&
		    review->ends(review, d, map->granter,
				 map->write ? USE_map_write : USE_map_read)) {
			revoke(d, map);
		}
	}
}

int16_t grant_unmap(struct domain *d, struct grant_map *map, uint32_t handle)
{
	if (!remove_mapping(d, map)) {
		grant_unclaim(d, map);
		return GNTST_general_error;
	}
	drop_map(d, map, handle, true);
	return GNTST_okay;
}

/* Runs before npt_teardown() of d.  A mapping that is no longer in the NPT has had its reference
 * put by whoever took it out; the use of the entry still has to end. */
void grant_teardown(struct domain *d)
{
	struct grant_table *t = d->grants;
	struct grant_map *map;
	uint32_t i;

	if (!t || t->closed) {
		return;
	}
	for (i = 0; i < t->maps_made; i++) {
		map = map_at(t, i);
		if (map->state == MAP_live) {
			drop_map(d, map, i, remove_mapping(d, map));
		}
	}
	spin_lock(&d->lock);
	spin_lock(&t->lock);
	t->closed = true;
	t->maps_made = 0;
	t->map_free = 0;
	grant_pages_free(d, t->maps, MAP_PAGES);
	spin_unlock(&t->lock);
	if (d->grant_maps == 0) {
		grant_table_free(d);
	}
	spin_unlock(&d->lock);
}
