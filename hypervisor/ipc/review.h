/* SPDX-License-Identifier: MIT */
/*
 * What a domain holds by a policy's leave and may lose under the next one: grant mappings and event
 * channels.  grant_review() and event_review() show each; the reviewer says whether it ends.
 */
#ifndef IPC_REVIEW_H
#define IPC_REVIEW_H
#include "domain/domain.h"

enum use_kind { USE_map_read, USE_map_write, USE_map_ring, USE_send, USES };
extern const uint16_t right_of_use[USES];

struct use_review {
	/* Whether d's use of peer ends now.  Called with no lock held by the reviewer. */
	bool (*ends)(struct use_review *review, struct domain *d, struct domain *peer,
		     enum use_kind kind);
};
#endif
