/* SPDX-License-Identifier: MIT */
/*
 * The policy in force, and how it is replaced while domains run.
 *
 * INV-POLICY-1  host_policy has passed parser and floor, and its blob is not written while it is in
 *               force or waits as the one to come back.
 * INV-POLICY-2  Every domain's label is a context of host_policy and, while a policy waits for its
 *               confirmation, of the one before as well: a roll-back cannot fail.
 * INV-POLICY-3  A switch happens between two hypercalls: no handler runs while labels change.  One
 *               CPU gives that for nothing; more will have to meet first.
 */
#ifndef LAUNCH_POLICY_H
#define LAUNCH_POLICY_H
#include "domain/domain.h"

/* What a domain may hold that another policy forbids: by grant_review(), event_review(). */
enum policy_use { USE_map_read, USE_map_write, USE_send, USES };
/* Whether d may hold a use of peer no longer and loses it now. */
typedef bool policy_forbids(struct domain *d, struct domain *peer, enum policy_use use);

extern struct xsm_policy host_policy; /* in force; all zero (denies everything) until loaded */

/* [subject's context][right], since the last switch */
extern struct corbel_policy_counter policy_counters[XSM_MAX_CONTEXTS][CORBEL_COUNTER_CLASSES * 32];

static inline struct corbel_policy_counter *policy_count(struct xsm_label subject, size_t right)
{
	return &policy_counters[subject.ctx % XSM_MAX_CONTEXTS][right];
}

/* The boot policy, copied from the module; stops the machine when it is refused.  Its serial is
 * host.policy_serial. */
void policy_boot(const void *blob, uint64_t size);
/* Of the policy in force, or of the one that may come back. */
uint64_t policy_least_serial(void);
/* -ENOENT: no such context; -EBUSY: the policy that may come back has none. */
int policy_label(const char *name, struct xsm_label *out);
/* Rolls back what nobody confirmed in time; returns when it wants to be called again. */
uint64_t policy_tick(uint64_t now);
#endif
