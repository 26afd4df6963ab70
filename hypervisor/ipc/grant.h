/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1 only, GRANT_FRAMES frames per domain (heap pages that the guest maps).
 * Shared entries are loaded whole, once; the hypervisor's own map counts are the truth.
 */
#ifndef IPC_GRANT_H
#define IPC_GRANT_H
#include "base/must_check.h"
#include "domain/domain.h"
#include "ipc/review.h"

#define GRANT_FRAMES 32
#define GRANT_SEEDS  2 /* entries that the builder may seed: console and store (Xen's numbers) */
/* Live mappings that one domain may hold, and one that serves others: 32 bytes each. */
#define GRANT_MAPS       1024u
#define GRANT_MAPS_SERVE 49152u
#define GRANT_SERVE_PAGES                                                                          \
	((GRANT_MAPS_SERVE - GRANT_MAPS) / 128) /* heap pages that it may take more */

MUST_CHECK int grant_init(struct domain *d);
/* From now on GRANT_MAPS_SERVE; the pages are promised (launch/life.h). */
void grant_serve(struct domain *d);
void grant_teardown(
	struct domain *d); /* drops every mapping d holds of others; frees its table when
			    * nobody maps its grants (else when the last one goes) */
/* Heap page behind grant frame index, made on first use; 0 when index is out of range. */
void *grant_frame(struct domain *d, uint32_t index);
/* Shows every mapping that d holds to `review`, and revokes those for which it is true: the
 * granter gets its page back, d finds an empty one in its place.  Takes a free frame for each; with
 * none left the place is empty and d ends when it touches it. */
void grant_review(struct domain *d, struct use_review *review);
/* Builder's seed: entry ref permits peer to map gfn. */
MUST_CHECK int grant_seed(struct domain *d, uint32_t ref, uint16_t peer, gfn_t gfn);
#endif
