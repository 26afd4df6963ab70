/* SPDX-License-Identifier: MIT */
/*
 * What is no fault of a policy and worth a look: kinds that cannot run, rights that no call asks
 * for, rules that a constraint empties or that others repeat, rights that no expect line speaks of.
 */
#ifndef XSM_TOOL_WARNINGS_H
#define XSM_TOOL_WARNINGS_H
#include "xsm/tool/expect.h"

/* Findings of kinds that can be built and not run, or have rights and nobody may have them built;
 * of rights that have no effect; of allow rules that a constraint empties; and of those that add
 * nothing. */
void warnings_find(const struct policy *p, struct findings *warnings);
/* How many rights the policy gives, and how many of them an `expect allow` line covers; the others
 * become findings unless `uncovered` is NULL. */
unsigned warnings_cover(const struct policy *p, const struct expectations *e, unsigned *rights,
			struct findings *uncovered);
#endif
