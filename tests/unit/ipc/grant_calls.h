/* SPDX-License-Identifier: MIT */
/*
 * What a guest does with its grant table, as functions, for the tests of core/grant*.c: entries are
 * written into the shared frames, and calls go through the handlers as a guest's do.
 */
#ifndef IPC_GRANT_CALLS_H
#define IPC_GRANT_CALLS_H
#include "ipc/grant_table.h"
#include "sim/fake_core.h"

#define D(n)    (&fake.domain[n])
#define REF     8u   /* first reference that Linux uses */
#define FAR_REF 600u /* lies in the second grant frame */
#define RW      GNTMAP_host_map
#define RO      (GNTMAP_host_map | GNTMAP_readonly)

/* Before and after each test: tables for all domains; nothing mapped, counted or held. */
int grant_test_setup(void **state);
int grant_test_teardown(void **state);

struct grant_entry_v1 *entry_of(uint16_t id, uint32_t ref);
void give(uint16_t id, uint32_t ref, uint16_t peer, uint32_t gfn, uint16_t flags);
/* map, unmap and copy have the same registers: array, count */
long batch(long (*handler)(struct hc_call *), uint16_t caller, void *array, uint64_t count);
/* One operation; the batch must succeed, the operation's status is for the caller to look at. */
struct gnttab_map_grant_ref map(uint16_t caller, uint16_t granter, uint32_t ref, uint64_t gfn,
				uint32_t flags);
int unmap(uint16_t caller, uint32_t handle, uint64_t gfn);
#endif
