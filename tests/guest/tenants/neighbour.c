/* SPDX-License-Identifier: MIT */
/*
 * One of two tenants that want to meet (tests/attack/neighbours): gives the other (`peer=DOMID`) a
 * page and a port, says so, and when a byte comes in on its console tries everything to reach what
 * the other has given.  Without a policy that allows it nothing may come through.
 */
#include "tests/guest/lib/xen.h"
#include <xen/domctl.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/memory.h>

const char test_title[] = "neighbour";

#define REF 20

static uint8_t shared[PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t mine[PAGE_SIZE] __attribute__((aligned(4096)));
static uint16_t peer;

static void refused(const char *what, long answer, long wanted)
{
	check_equal(what, (uint64_t)answer, (uint64_t)wanted);
}

static long copy(bool out)
{
	struct gnttab_copy op = {.len = PAGE_SIZE,
				 .flags = out ? GNTCOPY_dest_gref : GNTCOPY_source_gref};
	struct gnttab_copy_ptr own = {.u.gmfn = (uintptr_t)mine / PAGE_SIZE, .domid = DOMID_SELF};
	struct gnttab_copy_ptr other = {.u.ref = REF, .domid = peer};
	long rc;

	op.source = out ? own : other;
	op.dest = out ? other : own;
	rc = hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (uintptr_t)&op, 1);
	return rc != 0 ? rc : op.status;
}

static long status_of(uint16_t domid)
{
	struct evtchn_status op = {.dom = domid, .port = 2};

	return hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_status, (uintptr_t)&op);
}

static void reach(void)
{
	struct evtchn_alloc_unbound unbound = {.dom = peer, .remote_dom = DOMID_SELF};
	struct gnttab_query_size size = {.dom = peer};
	uint32_t handle;
	long bound = -XEN_EPERM;

	refused("map of the page that it gave", grant_map(peer, REF, 0, 0, &handle),
		GNTST_permission_denied);
	refused("the same, read-only", grant_map(peer, REF, 0, GNTMAP_readonly, &handle),
		GNTST_permission_denied);
	refused("copy from it", copy(false), GNTST_permission_denied);
	refused("copy to it", copy(true), GNTST_permission_denied);
	for (uint32_t port = 1; port < 32 && bound == -XEN_EPERM; port++) {
		bound = event_interdomain(peer, port);
	}
	refused("bind to the port that it gave, or any", bound, -XEN_EPERM);
	refused("state of its ports", status_of(peer), -XEN_EPERM);
	refused("a port inside it",
		hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
			   (uintptr_t)&unbound),
		-XEN_EPERM);
	refused("size of its grant table",
		hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, (uintptr_t)&size, 1),
		-XEN_EPERM);
	refused("destroy", domain_control(XEN_DOMCTL_destroydomain, peer), -XEN_EPERM);
	refused("pause", domain_control(XEN_DOMCTL_pausedomain, peer), -XEN_EPERM);
	for (unsigned i = 0; i < PAGE_SIZE; i++) {
		if (mine[i] != 0x11 || shared[i] != 0x22) {
			not_ok("pages", "byte %u changed: %x, %x", i, mine[i], shared[i]);
			return;
		}
	}
	ok("nothing went across");
}

void test_main(void)
{
	volatile struct xencons_interface *ring;
	uint64_t gfn = 0;
	char number[8];

	if (option("peer", number, sizeof(number)) == NULL) {
		broken("no peer=");
	}
	for (const char *at = number; *at != 0; at++) {
		peer = (uint16_t)(peer * 10 + (*at - '0'));
	}
	hvm_get_param(HVM_PARAM_CONSOLE_PFN, &gfn);
	ring = (void *)(gfn * PAGE_SIZE);
	events_init();
	grants_init();
	memset(mine, 0x11, sizeof(mine));
	memset(shared, 0x22, sizeof(shared));
	grant_give(REF, peer, shared, false);
	check_true("a port for the peer", event_unbound(peer) > 0);
	print("given to %u\n", peer);
	while (ring->in_prod == ring->in_cons) {
		sleep_ns(2000000);
	}
	reach();
	print("tried\n");
	while (ring->in_prod != 2) {
		sleep_ns(2000000);
	}
}
