/* SPDX-License-Identifier: MIT */
/*
 * How the policy in force (gate/policy.h, INV-POLICY-1) is replaced while domains run.
 *
 * INV-POLICY-2  Every domain's label is a context of host_policy and, while a policy waits for its
 *               confirmation, of the one before as well: a roll-back cannot fail.
 * INV-POLICY-3  A switch happens between two hypercalls: no handler runs while labels change.  One
 *               CPU gives that for nothing; more will have to meet first.
 */
#ifndef LAUNCH_POLICY_H
#define LAUNCH_POLICY_H
#include "base/must_check.h"
#include "domain/domain.h"

/* The boot policy, copied from the module; stops the machine when it is refused.  Its serial is
 * host.policy_serial. */
void policy_boot(const void *blob, uint64_t size);
/* Of the policy in force, or of the one that may come back. */
uint64_t policy_least_serial(void);
/* -ENOENT: no such context; -EBUSY: the policy that may come back has none. */
MUST_CHECK int policy_label(const char *name, struct xsm_label *out);
/* Rolls back what nobody confirmed in time; returns when it wants to be called again. */
uint64_t policy_tick(uint64_t now);
#endif
