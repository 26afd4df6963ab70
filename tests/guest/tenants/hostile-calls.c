/* SPDX-License-Identifier: MIT */
/*
 * Hostile tenant: every call with every bad pointer, then nonsense by the thousand; then the
 * grants, ports and frames of its neighbours.
 */
#include "tests/guest/lib/hostile_calls.h"
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/xen.h"
#include <xen/domctl.h>
#include <xen/memory.h>

const char test_title[] = "hostile tenant";

static void fails(const char *name, long rc)
{
	if (rc < 0) {
		ok("%s: %ld", name, rc);
	} else {
		not_ok(name, "answer %ld", rc);
	}
}

static void neighbours(void)
{
	static const uint16_t others[] = {0, 1, 2, 3, 4, 5, 6};
	uint16_t self = (uint16_t)cpuid(0x40000004, 0).c;
	char name[64];

	for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
		uint16_t other = others[i];
		uint32_t handle;
		uint64_t value;
		struct evtchn_alloc_unbound unbound = {.dom = other, .remote_dom = self};
		unsigned granted = 0;

		if (other == self) {
			continue;
		}
		format_into(name, sizeof(name), "control of domain %u", other);
		fails(name, domain_control(XEN_DOMCTL_destroydomain, other));
		fails(name, domain_control(XEN_DOMCTL_pausedomain, other));
		fails(name, hvm_get_param_of(other, 17, &value));
		fails(name, hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
				       (uintptr_t)&unbound));
		for (uint32_t ref = 0; ref < 140; ref++) {
			granted += grant_map(other, ref, 5, 0, &handle) >= 0;
		}
		format_into(name, sizeof(name), "no grant of domain %u can be mapped", other);
		check_equal(name, granted, 0);
		granted = 0;
		for (uint32_t port = 0; port < 40; port++) {
			granted += event_interdomain(other, port) >= 0;
		}
		format_into(name, sizeof(name), "no port of domain %u can be bound", other);
		check_equal(name, granted, 0);
	}
}

/* T21: only plain own RAM can be granted; the peer is Dom0, which tries to map these. */
static void odd_grants(void)
{
	grant_give(20, CORBEL_DOMID_DOM0, shared_info, false);
	grant_give(21, CORBEL_DOMID_DOM0, grant_table, false);
	grant_give(22, CORBEL_DOMID_DOM0, (void *)0x90000000ul, false);
	grant_give(23, CORBEL_DOMID_DOM0, (void *)0xFEE00000ul, false);
	grant_give(24, CORBEL_DOMID_DOM0, (void *)0x200000ul, true);
	print("grants are ready\n");
}

void test_main(void)
{
	events_init();
	grants_init();
	odd_grants();
	neighbours();
	hostile_pointers(NULL);
	hostile_arguments(4711, 4000, false);
	ok("the hostile tenant lived through it");
}
