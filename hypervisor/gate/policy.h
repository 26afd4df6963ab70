/* SPDX-License-Identifier: MIT */
/*
 * The policy in force, and its counters.  Written by launch/policy.c (boot, load, roll-back), read
 * by the gate.
 *
 * INV-POLICY-1  host_policy has passed parser and floor, and its blob is not written while it is in
 *               force or waits as the one to come back.
 */
#ifndef GATE_POLICY_H
#define GATE_POLICY_H
#include "abi/corbel.h"
#include "xsm/monitor/monitor.h"

extern struct xsm_policy host_policy; /* all zero (denies everything) until loaded */

/* [subject's context][right], since the last switch */
extern struct corbel_policy_counter policy_counters[XSM_MAX_CONTEXTS][CORBEL_COUNTER_CLASSES * 32];

static inline struct corbel_policy_counter *policy_count(struct xsm_label subject, size_t right)
{
	return &policy_counters[subject.ctx % XSM_MAX_CONTEXTS][right];
}
#endif
