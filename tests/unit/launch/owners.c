/* SPDX-License-Identifier: MIT */
/*
 * Whose a domain is, on the simulated machine with the shipped policies: the owner is said once,
 * after the commit and before the seal; without him a label with rights among one owner's domains
 * is not sealed (T23); domains of different owners, or of none, reach nothing of each other (T24);
 * and a number that is given again does not inherit what was granted to it before (T22).
 *
 * launch/build.c is included, so that the numbers can be brought to their end.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "launch/build.c"
#include "base/host.h"
#include "launch/reload_calls.h"

static void put_in_force(const char *name)
{
	if (!is_in_force(name)) {
		assert_int_equal(load_policy(name, CORBEL_POLICY_NO_ROLLBACK, ++serial, 0), 0);
	}
}

static int teardown(void **state)
{
	(void)state;
	world_end_all();
	world_settle();
	return 0;
}

static void owner_rules(void **state)
{
	uint16_t id;

	(void)state;
	put_in_force("cloud");
	assert_int_equal(create_domain(TENANT_LABEL, &id), 0);
	assert_int_equal(commit_for(id, 1), 0);
	assert_int_equal(world_domain(id)->launch.record.owner[31], 1);
	assert_int_equal(commit_for(id, 2), -XEN_EEXIST); /* write-once */
	assert_int_equal(world_domain(id)->launch.record.owner[31], 1);
	fresh_builder();
	assert_int_equal(create_domain(TENANT_LABEL, &id), 0);
	assert_int_equal(commit_for(id, 0), 0);
	assert_int_equal(commit_for(id, 2), -XEN_EEXIST); /* nobody's stays nobody's */
	assert_int_equal(world_domain(id)->launch.record.owner[31], 0);
	fresh_builder();
	assert_int_equal(create_domain(MONITOR_LABEL, &id), 0);
	assert_int_equal(world_domain(id)->label.tenant, 0);
	assert_int_equal(commit_for(id, 1), -XEN_EINVAL); /* the provider's own */
	assert_int_equal(commit_for(id, 0), 0);
}

/* T23: the label alone gets nobody among an owner's domains. */
static void squatted_label(void **state)
{
	struct corbel_trace record;
	struct domain *victim;
	uint16_t id;

	(void)state;
	put_in_force("lab");
	victim = make_domain_of(LAB_LABEL, 1);
	assert_int_equal(create_domain(LAB_LABEL, &id), 0);
	world_commit(world_domain(id));
	world_start_vcpu(world_domain(id));
	records_of(CORBEL_TRACE_denied, NULL);
	assert_int_equal(seal_domain(id), -XEN_EPERM);
	assert_int_equal(records_of(CORBEL_TRACE_denied, &record), 1);
	assert_int_equal(record.cls, XSM_CLASS_domain);
	assert_int_equal(record.perm, XSM_PERM_domain_create);
	assert_int_equal(world_domain(id)->state, CORBEL_DOM_building);
	assert_int_not_equal(world_domain(id)->label.tenant, victim->label.tenant);
	/* With another owner it is sealed, and a stranger. */
	fresh_builder();
	assert_int_equal(create_domain(LAB_LABEL, &id), 0);
	assert_int_equal(commit_for(id, 2), 0);
	world_start_vcpu(world_domain(id));
	assert_int_equal(seal_domain(id), 0);
	assert_int_not_equal(world_domain(id)->label.tenant, victim->label.tenant);
	/* cloud has no such rights: strangers need no owner. */
	teardown(NULL);
	put_in_force("cloud");
	make_domain_of(TENANT_LABEL, 0);
}

/* Tries all that two tenants could want of each other; how many of three things it got. */
static unsigned reach(struct domain *from, struct domain *to)
{
	uint32_t handle, remote, local;
	unsigned got = 0;
	long rc;

	give_page(to, 8, from->id, 9);
	if (map_page(from, to->id, 8, 100, &handle) == GNTST_okay) {
		got++;
		assert_int_equal(unmap_page(from, handle, 100), GNTST_okay);
	}
	assert_int_equal(open_port(to, from->id, &remote), 0);
	rc = bind_port(from, to->id, remote, &local);
	if (rc == 0) {
		got++;
		is_pending(from, local);
		got += send_event(from, local) == 0 && is_pending(to, remote);
	} else {
		assert_int_equal(rc, -XEN_EPERM);
	}
	return got;
}

/* T24, and what `lab` is for. */
static void strangers(void **state)
{
	static const uint8_t owner[] = {1, 1, 2};
	struct domain *d[3];
	uint64_t denied;

	(void)state;
	put_in_force("cloud");
	for (unsigned i = 0; i < 3; i++) {
		d[i] = make_domain_of(TENANT_LABEL, i < 2 ? 0 : 1);
	}
	for (unsigned i = 0; i < 9; i++) {
		if (i / 3 != i % 3) {
			denied = host.audit_denied;
			assert_int_equal(reach(d[i / 3], d[i % 3]), 0);
			assert_int_equal(host.audit_denied, denied + 2);
		}
	}
	teardown(NULL);
	put_in_force("lab");
	for (unsigned i = 0; i < 3; i++) {
		d[i] = make_domain_of(LAB_LABEL, owner[i]);
	}
	for (unsigned i = 0; i < 9; i++) {
		if (i / 3 != i % 3) {
			assert_int_equal(reach(d[i / 3], d[i % 3]),
					 owner[i / 3] == owner[i % 3] ? 3 : 0);
		}
	}
}

/* An owner's number is his while one of his domains lives; a later one is new. */
static void numbers_of_owners(void **state)
{
	struct domain *one, *two, *none;
	uint32_t first;

	(void)state;
	put_in_force("cloud");
	one = make_domain_of(TENANT_LABEL, 7);
	two = make_domain_of(TENANT_LABEL, 7);
	none = make_domain_of(TENANT_LABEL, 0);
	first = one->label.tenant;
	assert_int_equal(two->label.tenant, first);
	assert_int_equal(two->self_label.tenant, first);
	assert_int_not_equal(none->label.tenant, first);
	assert_int_not_equal(none->label.tenant, 0);
	world_destroy(one);
	one = make_domain_of(TENANT_LABEL, 7);
	assert_int_equal(one->label.tenant, first);
	world_destroy(one);
	world_destroy(two);
	one = make_domain_of(TENANT_LABEL, 7);
	assert_true(one->label.tenant > first);
}

/* T22: numbers rise and come again only after all others.  Then what was once granted to the number
 * is the granter's word still: it is the policy that keeps a stranger from it. */
static void number_given_again(void **state)
{
	struct domain *granter, *old, *next;
	uint32_t handle, port, local;
	uint16_t id;

	(void)state;
	put_in_force("lab");
	granter = make_domain_of(LAB_LABEL, 1);
	old = make_domain_of(LAB_LABEL, 1);
	id = old->id;
	assert_true(id > granter->id);
	give_page(granter, 8, id, 9);
	assert_int_equal(open_port(granter, id, &port), 0);
	assert_int_equal(map_page(old, granter->id, 8, 100, &handle), GNTST_okay);
	world_destroy(old);
	assert_int_equal(granter->mapped_by_peers, 0);
	/* Not the next number, nor any below the last one. */
	next = make_domain_of(LAB_LABEL, 1);
	assert_true(next->id > id);
	next_domid = DOMID_FIRST_RESERVED - 1;
	old = make_domain_of(TENANT_LABEL, 0);
	assert_int_equal(old->id, DOMID_FIRST_RESERVED - 1);
	/* The wrap: never 0 or 1, never a number or a slot that is in use. */
	for (;;) {
		old = make_domain_of(LAB_LABEL, 2);
		assert_true(old->id >= CORBEL_DOMID_FIRST && old->id != granter->id &&
			    old->id != next->id);
		if (old->id >= id) {
			break;
		}
		world_destroy(old);
	}
	/* The same number, another owner: the entry and the port are still there, out of reach. */
	assert_int_equal(old->id, id);
	assert_int_equal(map_page(old, granter->id, 8, 100, &handle), GNTST_permission_denied);
	assert_int_equal(bind_port(old, granter->id, port, &local), -XEN_EPERM);
	/* The same number, the same owner: what he granted he may use. */
	world_destroy(old);
	next_domid = id;
	old = make_domain_of(LAB_LABEL, 1);
	assert_int_equal(old->id, id);
	assert_int_equal(map_page(old, granter->id, 8, 100, &handle), GNTST_okay);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		T(owner_rules),       T(squatted_label),     T(strangers),
		T(numbers_of_owners), T(number_given_again),
	};

	return cmocka_run_group_tests_name("owners", tests, reload_setup, NULL);
}
