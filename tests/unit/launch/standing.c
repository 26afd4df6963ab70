/* SPDX-License-Identifier: MIT */
/*
 * What a domain holds that a new policy forbids (T38): counted and on record, kept or revoked, on
 * the simulated machine.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/host.h"
#include "launch/launchlog.h"
#include "mm/frames.h"
#include "mm/npt.h"
#include "launch/reload_calls.h"
#include <xen/errno.h>

static struct domain *tenant;
static uint32_t handle, tenant_port, dom0_port;

/* Dom0 maps a page of the tenant and shares a channel with it, as a back end does. */
static void serve(void)
{
	tenant = make_domain_of(TENANT_LABEL, 0);
	memset(world_memory(tenant, 9 * PAGE_SIZE), 0x5A, PAGE_SIZE);
	give_page(tenant, 8, 0, 9);
	assert_int_equal(map_page(dom0, tenant->id, 8, 100, &handle), GNTST_okay);
	assert_int_equal(open_port(tenant, 0, &tenant_port), 0);
	assert_int_equal(bind_port(dom0, tenant->id, tenant_port, &dom0_port), 0);
	is_pending(dom0, dom0_port);
	assert_int_equal(world_memory(dom0, 100 * PAGE_SIZE)[5], 0x5A);
}

#define STANDING 3u /* the mapping, and the channel from both ends */

static void check_standing_records(int result)
{
	struct corbel_trace first;

	assert_int_equal(records_of(CORBEL_TRACE_standing, &first), STANDING);
	assert_int_equal(first.subject, 0);
	assert_int_equal(first.object, tenant->id);
	assert_int_equal(first.cls, XSM_CLASS_grant);
	assert_int_equal(first.perm, XSM_PERM_grant_map_write);
	assert_int_equal(first.result, result);
	assert_int_equal(first.arg, 1);
}

static void standing_kept(void **state)
{
	(void)state;
	serve();
	records_of(CORBEL_TRACE_standing, NULL);
	assert_int_equal(load_policy("apart", CORBEL_POLICY_CHECK, serial + 1, 0), 0);
	assert_int_equal(last_load.standing, STANDING);
	assert_int_equal(last_load.revoked, 0);
	check_standing_records(0);
	assert_true(is_in_force("cloud"));
	assert_int_equal(load_policy("apart", 0, serial + 1, 30), 0);
	assert_int_equal(last_load.standing, STANDING);
	assert_int_equal(last_load.revoked, 0);
	check_standing_records(0);
	/* Still there, but nothing new, and each signal is asked about anew. */
	world_memory(tenant, 9 * PAGE_SIZE)[5] = 0x77;
	assert_int_equal(world_memory(dom0, 100 * PAGE_SIZE)[5], 0x77);
	assert_int_equal(send_event(dom0, dom0_port), -XEN_EPERM);
	assert_int_equal(send_event(tenant, tenant_port), -XEN_EPERM);
	give_page(tenant, 9, 0, 10);
	assert_int_equal(map_page(dom0, tenant->id, 9, 101, &(uint32_t){0}),
			 GNTST_permission_denied);
	assert_int_equal(confirm_policy(0), 0);
	assert_int_equal(send_event(dom0, dom0_port), 0);
	assert_true(is_pending(tenant, tenant_port));
	assert_int_equal(unmap_page(dom0, handle, 100), GNTST_okay);
}

/* No room in the launch log: nothing is switched, and nothing is on record as if it were. */
static void standing_without_room(void **state)
{
	static uint8_t blob[CORBEL_POLICY_MAX];
	struct corbel_policy_load load = {.serial = serial + 1, .confirm_s = 30};
	uint32_t taken;
	(void)state;
	serve();
	load.size = policy_file("apart", blob);
	policy_session();
	records_of(CORBEL_TRACE_standing, NULL);
	taken = reload_log_room();
	assert_true(launchlog_reserve(taken));
	assert_int_equal(load_bytes(blob, &load), -XEN_EBUSY);
	assert_true(is_in_force("cloud"));
	assert_int_equal(records_of(CORBEL_TRACE_standing, NULL), 0);
	/* A check needs no room. */
	load.flags = CORBEL_POLICY_CHECK;
	load.confirm_s = 0;
	assert_int_equal(load_bytes(blob, &load), 0);
	launchlog_release(taken);
	fresh_builder();
	assert_int_equal(unmap_page(dom0, handle, 100), GNTST_okay);
}

static void standing_revoked(void **state)
{
	uint64_t frames = frames_count().free;
	struct npt_entry theirs, mine;
	struct corbel_trace told;

	(void)state;
	serve();
	records_of(CORBEL_TRACE_standing, NULL);
	assert_int_equal(load_policy("apart", CORBEL_POLICY_REVOKE, serial + 1, 30), 0);
	assert_int_equal(last_load.standing, STANDING);
	assert_int_equal(last_load.revoked, STANDING);
	/* Each of them on record once, also the channel that ends at both sides. */
	assert_int_equal(records_of(CORBEL_TRACE_standing, &told), STANDING);
	assert_int_equal(told.result, 1);
	/* An empty page of Dom0's own lies there, and the tenant has its own back. */
	assert_true(npt_lookup(&tenant->npt, (gfn_t){9}, &theirs));
	assert_true(npt_lookup(&dom0->npt, (gfn_t){100}, &mine));
	assert_int_not_equal(mine.frame.n, theirs.frame.n);
	assert_true(machine_is_zero(mine.frame));
	assert_int_equal(world_memory(tenant, 9 * PAGE_SIZE)[5], 0x5A);
	assert_int_equal(tenant->mapped_by_peers, 0);
	assert_true(is_pending(tenant, tenant_port));     /* told of the end, and no more */
	assert_int_equal(send_event(dom0, dom0_port), 0); /* into the void, as to any that left */
	assert_false(is_pending(tenant, tenant_port));
	/* Under the new policy nothing forbidden is left. */
	assert_int_equal(confirm_policy(1), 0);
	serial++;
	assert_int_equal(load_policy("apart", CORBEL_POLICY_CHECK, serial + 1, 0), 0);
	assert_int_equal(last_load.standing, 0);
	assert_int_equal(load_policy("cloud", 0, serial + 1, 30), 0);
	/* Nothing of it comes back with the old policy. */
	assert_int_equal(tenant->mapped_by_peers, 0);
	assert_int_equal(send_event(dom0, dom0_port), 0);
	assert_false(is_pending(tenant, tenant_port));
	assert_int_equal(unmap_page(dom0, handle, 100), GNTST_okay);
	assert_false(npt_lookup(&dom0->npt, (gfn_t){100}, &mine));
	assert_int_equal(unmap_page(dom0, handle, 100), GNTST_bad_handle);
	assert_int_equal(map_page(dom0, tenant->id, 8, 100, &handle), GNTST_okay);
	assert_int_equal(world_memory(dom0, 100 * PAGE_SIZE)[5], 0x5A);
	assert_int_equal(unmap_page(dom0, handle, 100), GNTST_okay);
	world_destroy(tenant);
	assert_int_equal(world_frames_free(), frames);
}

/* A page is needed in place of each mapping: where they are not to be had nothing is revoked. */
static void revoke_without_memory(void **state)
{
	static uint8_t blob[CORBEL_POLICY_MAX];
	static frame_t taken[MACHINE_FRAMES];
	struct corbel_policy_load load = {.flags = CORBEL_POLICY_REVOKE, .confirm_s = 30};
	unsigned count = 0;

	(void)state;
	serve();
	policy_session();
	load.size = policy_file("apart", blob);
	load.serial = serial + 1;
	while (frames_count().free >= STANDING) {
		assert_int_equal(frames_alloc(OWNER_HYPERVISOR, 0, &taken[count++]), 0);
	}
	assert_int_equal(load_bytes(blob, &load), 1);
	assert_non_null(strstr(load.reason, "too little free memory"));
	assert_true(is_in_force("cloud"));
	assert_int_equal(tenant->mapped_by_peers, 1);
	assert_int_equal(world_memory(dom0, 100 * PAGE_SIZE)[5], 0x5A);
	frame_put(taken[--count]);
	machine_settle();
	assert_int_equal(frames_count().free, STANDING);
	assert_int_equal(load_bytes(blob, &load), 0); /* just enough */
	assert_int_equal(load.revoked, STANDING);
	while (count) {
		frame_put(taken[--count]);
	}
	assert_int_equal(confirm_policy(0), 0);
	assert_int_equal(unmap_page(dom0, handle, 100), GNTST_okay);
}

/* The tenant ends while its page is mapped: with the mapping revoked it goes at once. */
static void revoked_then_ended(void **state)
{
	uint16_t id;

	(void)state;
	serve();
	id = tenant->id;
	assert_int_equal(
		load_policy("apart", CORBEL_POLICY_REVOKE | CORBEL_POLICY_NO_ROLLBACK, ++serial, 0),
		0);
	domain_destroy(tenant);
	world_settle();
	assert_null(world_domain(id));
	assert_int_equal(unmap_page(dom0, handle, 100), GNTST_okay);
}

/* What a policy allowed that is taken back: its uses end with it. */
static void rolled_back_uses(void **state)
{
	uint32_t port, peer_port, h;

	(void)state;
	assert_int_equal(load_policy("apart", CORBEL_POLICY_NO_ROLLBACK, ++serial, 0), 0);
	tenant = make_domain_of(TENANT_LABEL, 0);
	assert_int_equal(load_policy("cloud", 0, serial + 1, 30), 0);
	give_page(tenant, 8, 0, 9);
	assert_int_equal(map_page(dom0, tenant->id, 8, 100, &h), GNTST_okay);
	assert_int_equal(open_port(tenant, 0, &port), 0);
	assert_int_equal(bind_port(dom0, tenant->id, port, &peer_port), 0);
	reload_pass(31 * SECOND);
	assert_true(is_in_force("apart"));
	assert_int_equal(tenant->mapped_by_peers, 0);
	is_pending(dom0, peer_port);
	send_event(tenant, port);
	assert_false(is_pending(dom0, peer_port));
	assert_int_equal(unmap_page(dom0, h, 100), GNTST_okay);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, reload_clean)
	const struct CMUnitTest tests[] = {
		T(standing_kept),         T(standing_revoked),      T(revoked_then_ended),
		T(revoke_without_memory), T(standing_without_room), T(rolled_back_uses),
	};

	return cmocka_run_group_tests_name("standing", tests, reload_setup, NULL);
}
