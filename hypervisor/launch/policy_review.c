/* SPDX-License-Identifier: MIT */
/*
 * What living domains hold, weighed against another policy (policy_review.h).  Owns nothing; the
 * caller is launch/policy.c, between two hypercalls (INV-POLICY-3).
 */
#include "launch/policy_review.h"
#include "diag/trace.h"
#include "gate/policy.h"
#include "ipc/event.h"
#include "ipc/grant.h"

static bool use_ends(struct use_review *use, struct domain *d, struct domain *peer,
		     enum use_kind kind)
{
	struct policy_review *review = (struct policy_review *)use;
	struct xsm_label subject = d->label;
	struct xsm_label object = peer->label;

	subject.ctx = review->renumbered[subject.ctx];
	object.ctx = review->renumbered[object.ctx];
	if (d == peer) {
		object = xsm_self_label(review->next, object);
	}
	if (xsm_allowed(review->next, subject, object, right_of_use[kind])) {
		return false;
	}
	review->forbidden[peer->id % MAX_DOMAINS][kind]++;
	return review->end;
}

/* The number that `next` gives to the label of that name, if it is of the same kind there. */
static uint16_t context_in(const struct xsm_policy *next, struct xsm_label now)
{
	struct xsm_label then;

	if (xsm_label_by_name(next, xsm_label_name(&host_policy, now), &then) != 0) {
		return CORBEL_NO_CONTEXT;
	}
	if (xsm_kind(next, then) != xsm_kind(&host_policy, now)) {
		return CORBEL_NO_CONTEXT;
	}
	return then.ctx;
}

void review_begin(struct policy_review *review, const struct xsm_policy *next)
{
	struct xsm_label now = {0};

	review->use.ends = use_ends;
	review->next = next;
	for (; now.ctx < host_policy.contexts; now.ctx++) {
		review->renumbered[now.ctx] = context_in(next, now);
	}
}

const char *review_unlabelled(const struct policy_review *review)
{
	const char *missing = NULL;

	for (struct domain *d = domain_next(0); d; d = domain_after(d)) {
		if (review->renumbered[d->label.ctx] == CORBEL_NO_CONTEXT) {
			missing = xsm_label_name(&host_policy, d->label);
		}
	}
	return missing;
}

static void put_on_record(const struct domain *d, const struct domain *peer, enum use_kind kind,
			  uint32_t count, bool revoked)
{
	struct xsm_label object = peer->label;

	if (d == peer) {
		object = d->self_label;
	}
	trace_add((struct corbel_trace){
		.kind = CORBEL_TRACE_standing,
		.subject = d->id,
		.object = peer->id,
		.result = revoked,
		.cls = (uint8_t)(right_of_use[kind] / XSM_PERMS),
		.perm = right_of_use[kind] % XSM_PERMS,
		.relation = (uint8_t)xsm_relation(d->label.tenant, peer->label.tenant),
		.subject_context = d->label.ctx,
		.object_context = object.ctx,
		.arg = count,
	});
}

/* What review->forbidden says of d, against each peer; recorded if wanted. */
static uint32_t count_forbidden(const struct policy_review *review, const struct domain *d,
				enum review_record record)
{
	uint32_t sum = 0;

	for (struct domain *peer = domain_next(0); peer; peer = domain_after(peer)) {
		const uint32_t *counts = review->forbidden[peer->id % MAX_DOMAINS];

		for (unsigned kind = 0; kind < USES; kind++) {
			sum += counts[kind];
			if (counts[kind] && record != RECORD_nothing) {
				put_on_record(d, peer, kind, counts[kind],
					      record == RECORD_revoked);
			}
		}
	}
	return sum;
}

uint32_t review_uses(struct policy_review *review, bool end, enum review_record record)
{
	uint32_t sum = 0;

	review->end = end;
	for (struct domain *d = domain_next(0); d; d = domain_after(d)) {
		memset(review->forbidden, 0, sizeof(review->forbidden));
		grant_review(d, &review->use);
		event_review(d, &review->use);
		sum += count_forbidden(review, d, record);
	}
	return sum;
}
