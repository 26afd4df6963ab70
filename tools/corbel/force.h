/* SPDX-License-Identifier: MIT */
/*
 * The policy in force, as the hypervisor hands it out: its facts, its blob and its counters.  The
 * blob is taken for what the facts say only if its digest is theirs, and is read by the
 * hypervisor's own parser.
 */
#ifndef CORBEL_TOOL_FORCE_H
#define CORBEL_TOOL_FORCE_H
#include "tools/corbel/host.h"
#include "xsm/monitor/monitor.h"

struct force {
	struct corbel_policy_info info;
	struct xsm_policy policy; /* no contexts: not known */
	uint8_t *blob;
};

#define FORCE_WHY 200

/* Fills force, which must be zero or loaded before.  Returns 0, or a negative errno with why; what
 * was loaded before is gone then. */
int force_load(struct force *force, char why[FORCE_WHY]);
void force_free(struct force *force);

/* [context][class][32] of the policy in force, to be freed; NULL with why.  -EAGAIN in *error: the
 * policy was switched meanwhile. */
struct corbel_policy_counter *force_counters(const struct force *force, int *error,
					     char why[FORCE_WHY]);
#define FORCE_COUNTERS(contexts) ((size_t)(contexts)*CORBEL_COUNTER_CLASSES * 32)

/* Reads facts only. */
int force_info(struct corbel_policy_info *info);

/* A context's name, NULL if this policy has no such number. */
const char *force_context(const struct xsm_policy *policy, unsigned context);
/* The same without user and role where the type alone says which. */
const char *force_type(const struct xsm_policy *policy, unsigned context);

#endif
