/* SPDX-License-Identifier: MIT */
/*
 * Test kernels: every hypercall number and sub-op with pointers that must not be followed, and with
 * arguments of chosen nonsense.  Used by Dom0 (tests/attack/pointers) and by the tenant
 * hostile-calls.
 */
#ifndef GUEST_HOSTILE_CALLS_H
#define GUEST_HOSTILE_CALLS_H
#include "tests/guest/lib/lib.h"

/* Needs events_init() and grants_init().  foreign: a page of another domain mapped by grant, or
 * 0. */
void hostile_pointers(const void *foreign);
/* Random arguments from a set of interesting values, reproducible; prints how many calls said what.
 * privileged: Dom0's calls may succeed, a tenant's on the host or on others may not. */
void hostile_arguments(uint32_t seed, unsigned calls, bool privileged);
#endif
