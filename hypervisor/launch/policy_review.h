/* SPDX-License-Identifier: MIT */
/*
 * From the policy in force to another one: how contexts are numbered there, whether every domain
 * has a label in it, and which grant mappings and channels it forbids.  Changes nothing but by
 * review_uses(..., true, ...).
 */
#ifndef LAUNCH_POLICY_REVIEW_H
#define LAUNCH_POLICY_REVIEW_H
#include "base/must_check.h"
#include "ipc/review.h"
#include "xsm/monitor/monitor.h"

struct policy_review {
	struct use_review use; /* first: what grant_review() and event_review() are given */
	const struct xsm_policy *next;
	/* [context in force] its number in `next`; CORBEL_NO_CONTEXT: it lacks it, or counts it as
	 * another kind */
	uint16_t renumbered[XSM_MAX_CONTEXTS];
	bool end;                              /* what `next` forbids ends now */
	uint32_t forbidden[MAX_DOMAINS][USES]; /* forbidden uses of one subject, by object's slot */
};

/* What goes on record with each kind of forbidden use that a domain has of another. */
enum review_record { RECORD_nothing, RECORD_kept, RECORD_revoked };

/* Points the review at `next`, which stays where it is for as long as the review is used. */
void review_begin(struct policy_review *review, const struct xsm_policy *next);
/* The label in force of some domain that `next` does not have, or NULL. */
const char *review_unlabelled(const struct policy_review *review);
/* Counts the grant mappings and channels that `next` forbids; ends them if `end` is set. */
MAY_DROP uint32_t review_uses(struct policy_review *review, bool end, enum review_record record);
#endif
