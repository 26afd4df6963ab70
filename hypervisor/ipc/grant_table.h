/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: what ipc/grant.c (entries), ipc/grant_map.c (mappings) and
 * ipc/grant_ops.c (hypercalls) share; nobody else
 * includes it.
 *
 * INV-GRANT-1  Each mapping in use owns one reference on its frame, one reference on its granter
 *              and one use of its entry, and is backed by exactly one NPT_GRANT entry of the
 *              mapper.  All four come and go together.  A revoked one has no granter and no use:
 *              its frame is the mapper's own, or, if there was none left, nothing is there.
 * INV-GRANT-2  d->mapped_by_peers is the number of uses of d's entries, by mappings and by copies
 * under way; per entry users and writers say the same.  They are the truth; GTF_reading and
 *              GTF_writing are shown to the guest and never read back.
 * INV-GRANT-3  A use begins only on one atomic value of the entry that permits it to that very
 *              domain, on a frame that is NPT_RAM of the granter, while the granter is in IN_LIVE.
 * INV-GRANT-4  The table page lives until its owner is torn down and mapped_by_peers is 0.
 *
 * Locks.  d->lock guards d->grants, d->mapped_by_peers, the state and the NPT; table->lock
 * (RANK_GRANT) the contents of the table; d->lock first.  Never two domains' locks at once: a
 * granter's entry is taken into use, its locks are dropped, then the mapper's NPT is changed, and
 * undone on failure by steps that cannot fail.  A domain's own maps are touched by its own vCPUs
 * and, when none of them can run any more, by grant_teardown().
 */
#ifndef IPC_GRANT_TABLE_H
#define IPC_GRANT_TABLE_H
#include "base/must_check.h"
#include "ipc/grant.h"
#include <xen/grant_table.h>

#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(uint64_t))
#define GRANT_ENTRIES     (GRANT_FRAMES * ENTRIES_PER_FRAME)

/* An entry as one 64-bit value: flags, domid << 16, gfn << 32 (struct grant_entry_v1). */
_Static_assert(sizeof(struct grant_entry_v1) == 8 && offsetof(struct grant_entry_v1, domid) == 2 &&
		       offsetof(struct grant_entry_v1, frame) == 4,
	       "an entry is loaded whole");

struct grant_use {
	uint16_t users, writers; /* every writer is a user too */
};
#define USES_PER_PAGE (PAGE_SIZE / sizeof(struct grant_use))
#define USE_PAGES     (GRANT_ENTRIES / USES_PER_PAGE)

enum map_state { MAP_free, MAP_reserved, MAP_live };

struct grant_map {              /* one live mapping held by the owner of the table */
	struct domain *granter; /* 0: revoked, an empty frame of its own lies there instead */
	frame_t frame;
	uint32_t ref;
	uint32_t gfn;  /* where the owner has it */
	uint32_t next; /* free list: index + 1 */
	uint8_t state; /* enum map_state; reserved = being made or dropped */
	bool write;
};
#define MAPS_PER_PAGE (PAGE_SIZE / sizeof(struct grant_map))
#define MAP_PAGES     (GRANT_MAPS_SERVE / MAPS_PER_PAGE)
_Static_assert(MAPS_PER_PAGE *MAP_PAGES == GRANT_MAPS_SERVE, "whole pages of maps");
_Static_assert(GRANT_SERVE_PAGES *MAPS_PER_PAGE == GRANT_MAPS_SERVE - GRANT_MAPS, "as promised");

struct grant_table { /* one heap page */
	struct spinlock lock;
	bool closed; /* owner is torn down: no new use, no new frame */
	uint64_t *frame[GRANT_FRAMES];
	struct grant_use *use[USE_PAGES];
	struct grant_map *maps_of_peers[MAP_PAGES]; /* what the owner maps of others */
	uint32_t maps_limit;
	uint32_t maps_made; /* indices below this have been used at least once */
	uint32_t map_free;  /* free list: index + 1, 0 = empty */
};
_Static_assert(sizeof(struct grant_table) <= PAGE_SIZE, "the table is one page");

/* The last step of a torn-down owner's table; d->lock held, nobody uses an entry. */
void grant_table_free(struct domain *d);
/* Of an array of pointers to heap pages, those that were made. */
void grant_pages_free(struct domain *d, void *pages, uint32_t count);

/* The others return GNTST_*; what they refuse they leave unchanged. */

/* Takes entry ref of granter into use for domain `peer`; *frame is referenced. */
MUST_CHECK int16_t grant_begin_use(struct domain *granter, uint16_t peer, uint32_t ref, bool write,
				   frame_t *frame);
/* What a mapping of that entry is to the policy. */
MUST_CHECK enum use_kind grant_kind(uint32_t ref, bool write);
/* Ends that use; the frame reference is the caller's to put. */
void grant_end_use(struct domain *granter, uint32_t ref, bool write);
/* Maps granter's entry at gfn of d.  On success the caller's reference on granter belongs to the
 * mapping. */
MUST_CHECK int16_t grant_map(struct domain *d, struct domain *granter, uint32_t ref, gfn_t gfn,
			     bool write, uint32_t *handle);
/* The live mapping of d that handle and gfn name, reserved until the caller unreserves it
 * or unmaps it; else NULL, and *status says why. */
struct grant_map *grant_reserve_map(struct domain *d, uint32_t handle, gfn_t gfn, int16_t *status);
void grant_unreserve_map(struct domain *d, struct grant_map *map);
/* Unmaps what is reserved; unreserves it where that fails. */
MUST_CHECK int16_t grant_unmap(struct domain *d, struct grant_map *map, uint32_t handle);
#endif
