/* SPDX-License-Identifier: MIT */
/*
 * Reload against everything else: thousands of random steps - loads with and without revoking,
 * confirmations, roll-backs and time running out, between creates, ends, grant mappings, channels
 * and signals of Dom0 and of tenants with three owners.  After each step every label is one of the
 * policy in force; after a load that revokes, nothing stands that the policy forbids; what a call
 * was granted, the policy in force allows; in the end every frame and heap page is back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include "base/host.h"
#include "launch/policy.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "launch/reload_calls.h"
#include <xen/errno.h>

#define TENANTS 5u
#define STEPS   6000u
#define ROUNDS  4u
#define PAGES   6u /* places where a domain maps what others grant, gfn 100 and up */

static struct player { /* [0] is Dom0 */
	struct domain *d;
	uint32_t handle[PAGES];
	bool mapped[PAGES];
	uint32_t port[8], ports;
} player[1 + TENANTS];
static const char *const policies[] = {"cloud", "split", "lab"};
static uint64_t loads, refusals, maps, sends;

static struct player *anybody(void)
{
	return &player[machine_below(1 + TENANTS)];
}

static bool allows(const struct domain *s, const struct domain *t, unsigned right)
{
	return xsm_allowed(&host_policy, s->label, s == t ? t->self_label : t->label, right);
}

/* ---- steps --------------------------------------------------------------------------------- */
static void create_or_end(void)
{
	static const char *const labels[] = {TENANT_LABEL, LAB_LABEL, MONITOR_LABEL};
	struct player *p = &player[1 + machine_below(TENANTS)];
	unsigned kind = machine_below(3);
	const char *label = labels[kind];
	uint16_t domid;
	long rc;

	if (p->d) {
		domain_destroy(p->d);
		memset(p, 0, sizeof(*p));
		world_settle();
		return;
	}
	rc = create_domain(label, &domid);
	fresh_builder(); /* it was a trial */
	if (rc == 0) {
		p->d = make_domain_of(label, kind == 1 ? (uint8_t)(1 + machine_below(3)) : 0);
	} else {
		/* No memory: domains that have ended, but whose pages others still map. */
		assert_true(rc == -XEN_ENOENT || rc == -XEN_EBUSY || rc == -XEN_ENOMEM);
	}
}

static void map_or_unmap(void)
{
	struct player *p = anybody(), *granter = anybody();
	uint32_t i = machine_below(PAGES), ref = 8 + machine_below(4);
	int16_t status;

	if (!p->d || !granter->d) {
		return;
	}
	if (p->mapped[i]) {
		status = unmap_page(p->d, p->handle[i], 100 + i);
		/* Only a policy can keep a mapping of a live domain in place. */
		assert_true(status == GNTST_okay || status == GNTST_permission_denied);
		p->mapped[i] = status != GNTST_okay;
		return;
	}
	give_page(granter->d, ref, p->d->id, 9);
	status = map_page(p->d, granter->d->id, ref, 100 + i, &p->handle[i]);
	p->mapped[i] = status == GNTST_okay;
	assert_int_equal(p->mapped[i], allows(p->d, granter->d, XSM_RIGHT(grant, map_write)));
	maps += p->mapped[i];
	refusals += !p->mapped[i];
}

static void connect(void)
{
	struct player *p = anybody(), *peer = anybody();
	uint32_t remote, local;
	long rc;

	if (!p->d || !peer->d || p == peer || p->ports == 8 || peer->ports == 8 ||
	    open_port(peer->d, p->d->id, &remote)) {
		return;
	}
	rc = bind_port(p->d, peer->d->id, remote, &local);
	assert_int_equal(rc == 0, allows(p->d, peer->d, XSM_RIGHT(event, bind)));
	if (rc == 0) {
		p->port[p->ports++] = local;
		peer->port[peer->ports++] = remote;
	}
}

static void signal_peer(void)
{
	struct player *p = anybody();
	long rc;

	if (p->d && p->ports) {
		rc = send_event(p->d, p->port[machine_below(p->ports)]);
		assert_true(rc == 0 || rc == -XEN_EPERM || rc == -XEN_EINVAL);
		sends += rc == 0;
	}
}

static void load(void)
{
	const char *name = policies[machine_below(ARRAY_SIZE(policies))];
	uint32_t flags = machine_below(2) ? CORBEL_POLICY_REVOKE : 0;
	bool waits = policy_info().seconds_left != 0;
	long rc = load_policy(name, flags, serial + 1, 30);

	assert_true(waits ? rc == -XEN_EBUSY || rc == -XEN_EINVAL : rc == 0 || rc == 1);
	if (rc == 0) {
		loads++;
		assert_true(is_in_force(name));
		assert_true(!(flags & CORBEL_POLICY_REVOKE) ||
			    last_load.revoked <= last_load.standing);
	}
	if (rc == 0 && flags) {
		assert_int_equal(confirm_policy(1), 0);
		serial++;
		assert_int_equal(load_policy(name, CORBEL_POLICY_CHECK, serial + 1, 0), 0);
		assert_int_equal(last_load.standing, 0);
	}
}

static void decide(void)
{
	bool waits = policy_info().seconds_left != 0;
	uint32_t what = machine_below(3);
	uint64_t was = policy_info().serial;

	if (what == 2) {
		machine.now += 31000000000ull;
		policy_tick(machine.now);
	} else {
		assert_int_equal(confirm_policy(what), waits ? 0 : -XEN_ENOENT);
	}
	assert_int_equal(policy_info().seconds_left, 0);
	if (waits && what == 1) {
		serial = was;
	}
	assert_int_equal(policy_info().serial, serial);
}

/* ---- after each ------------------------------------------------------------------------------ */
static void check_labels(void)
{
	for (unsigned i = 0; i <= TENANTS; i++) {
		const struct domain *d = player[i].d, *e;
		struct xsm_label self;

		if (!d) {
			continue;
		}
		self = xsm_self_label(&host_policy, d->label);
		assert_true(d->label.ctx < host_policy.contexts);
		assert_memory_equal(&self, &d->self_label, sizeof(self));
		assert_int_equal(d->label.tenant != 0, xsm_is_owned(&host_policy, d->label));
		for (unsigned j = 0; j < i && d->label.tenant; j++) {
			e = player[j].d;
			/* One number, one owner; no owner, a number of its own. */
			assert_true(!e || (e->label.tenant == d->label.tenant) ==
						  (d->launch.record.owner[0] != 0 &&
						   e->launch.record.owner[0] ==
							   d->launch.record.owner[0]));
		}
	}
}

/* Everybody but Dom0 ends, and Dom0 gives back what it holds. */
static void end_all(void)
{
	machine.now += 31000000000ull;
	policy_tick(machine.now);
	/* `lab` knows all labels and lets Dom0 unmap. */
	serial++;
	assert_int_equal(load_policy("lab", CORBEL_POLICY_NO_ROLLBACK, serial, 0), 0);
	world_end_all();
	world_settle();
	for (unsigned i = 0; i < PAGES; i++) {
		if (player[0].mapped[i]) {
			assert_int_equal(unmap_page(dom0, player[0].handle[i], 100 + i),
					 GNTST_okay);
		}
	}
	for (unsigned i = 0; i < player[0].ports; i++) {
		struct evtchn_close close = {.port = player[0].port[i]};

		world_arg(dom0, __HYPERVISOR_event_channel_op, EVTCHNOP_close, &close,
			  sizeof(close));
	}
	world_settle();
	assert_int_equal(dom0->mapped_by_peers, 0);
	memset(player, 0, sizeof(player));
	player[0].d = dom0;
}

static void random_steps(void **state)
{
	static void (*const step[])(void) = {
		create_or_end, map_or_unmap, map_or_unmap, map_or_unmap, connect,
		connect,       signal_peer,  signal_peer,  load,         decide};
	const char *seed = getenv("SEED");
	uint64_t frames = world_frames_free(), heap = 0;

	(void)state;
	machine_seed(seed ? (uint64_t)atoll(seed) : 1);
	player[0].d = dom0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < STEPS / ROUNDS; i++) {
			step[machine_below(ARRAY_SIZE(step))]();
			check_labels();
		}
		end_all();
		assert_int_equal(world_frames_free(), frames);
		/* Dom0's tables grow on first use and stay: no more is taken in the last round. */
		assert_true(round + 1 < ROUNDS || heap_free_pages() == heap);
		heap = heap_free_pages();
	}
	assert_true(loads > 30 && maps > 30 && refusals > 30 && sends > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_steps)};

	return cmocka_run_group_tests_name("reload_random", tests, reload_setup, NULL);
}
