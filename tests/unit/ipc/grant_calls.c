/* SPDX-License-Identifier: MIT */
/*
 * What a guest does with its grant table, as functions, and what stands before and after each test
 * of core/grant*.c.  Host test code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cpu/percpu.h"
#include "ipc/grant_calls.h"

int grant_test_setup(void **state)
{
	uint16_t id;

	(void)state;
	fake_reset();
	for (id = 0; id < FAKE_DOMAINS; id++) {
		assert_int_equal(grant_init(D(id)), 0);
		assert_non_null(grant_frame(D(id), 0));
	}
	return 0;
}

int grant_test_teardown(void **state)
{
	uint16_t id;
	uint32_t i;

	(void)state;
	for (id = 0; id < FAKE_DOMAINS; id++) {
		D(id)->state = CORBEL_DOM_dying;
		grant_teardown(D(id));
		grant_teardown(D(id)); /* twice is once */
	}
	for (id = 0; id < FAKE_DOMAINS; id++) {
		assert_null(D(id)->grants);
		assert_int_equal(D(id)->charge.heap_pages, 0);
		assert_int_equal(D(id)->mapped_by_peers, 0);
		assert_int_equal(D(id)->refs, 1);
	}
	for (i = 0; i < FAKE_FRAMES; i++) {
		assert_int_equal(fake_frames[i].refs, FAKE_REFS(i));
	}
	assert_int_equal(fake.heap_used, 0);
	assert_int_equal(percpu_area[0].locks_held, 0);
	return 0;
}

struct grant_entry_v1 *entry_of(uint16_t id, uint32_t ref)
{
	struct grant_entry_v1 *frame = grant_frame(D(id), ref / 512);

	return &frame[ref % 512];
}

void give(uint16_t id, uint32_t ref, uint16_t peer, uint32_t gfn, uint16_t flags)
{
	struct grant_entry_v1 *entry = entry_of(id, ref);

	entry->domid = peer;
	entry->frame = gfn;
	entry->flags = flags;
}

long batch(long (*handler)(struct hc_call *), uint16_t caller, void *array, uint64_t count)
{
	struct hc_call call = fake_call(caller, caller, "", 1);

	call.target = NULL;
	call.arg[1] = (uint64_t)(uintptr_t)array;
	call.arg[2] = count;
	return handler(&call);
}

struct gnttab_map_grant_ref map(uint16_t caller, uint16_t granter, uint32_t ref, uint64_t gfn,
				uint32_t flags)
{
	struct gnttab_map_grant_ref op = {.host_addr = gfn << PAGE_SHIFT,
					  .flags = flags,
					  .ref = ref,
					  .dom = granter,
					  .status = 77};

	assert_int_equal(batch(hc_grant_map, caller, &op, 1), 0);
	return op;
}

int unmap(uint16_t caller, uint32_t handle, uint64_t gfn)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = gfn << PAGE_SHIFT, .handle = handle, .status = 77};

	assert_int_equal(batch(hc_grant_unmap, caller, &op, 1), 0);
	return op.status;
}
