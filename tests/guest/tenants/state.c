/* SPDX-License-Identifier: MIT */
/* Tenant of guest/state: fresh registers first, then its own for as long as it runs. */
#include "tests/guest/lib/state.h"
#include "tests/guest/lib/xen.h"
#include <xen/sched.h>

const char test_title[] = "processor state of a tenant";

void test_main(void)
{
	state_check_fresh();
	state_fill(SIDE_a);
	for (unsigned i = 0; i < 60; i++) {
		hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
		state_look(SIDE_a, i >= 30);
	}
	state_report("tenant, Dom0 running in between");
}
