/* SPDX-License-Identifier: MIT */
/* The policy in force and its counters (gate/policy.h): only the data. */
#include "gate/policy.h"

struct xsm_policy host_policy;
struct corbel_policy_counter policy_counters[XSM_MAX_CONTEXTS][CORBEL_COUNTER_CLASSES * 32];
