/* SPDX-License-Identifier: MIT */
/*
 * T58: processor state does not pass from one domain to another, by any register that a guest can
 * write, whatever CPUID says of it.  Dom0 fills all as one side, a tenant as the other.
 */
#include "tests/guest/lib/state.h"
#include "tests/guest/lib/tenant.h"
#include <xen/sched.h>

const char test_title[] = "processor state of two domains";

static struct build request;
static struct tenant tenant;

void test_main(void)
{
	ring_client_init();
	build_image(&request, "state.elf");
	request.name = "state";
	state_check_fresh();
	state_fill(SIDE_b);
	build_must(&request);
	tenant_attach(&tenant, "state", request.domid, 0);
	for (unsigned i = 0; i < 400 && tenant_state(&tenant) == TENANT_lives; i++) {
		hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
		state_look(SIDE_b, i >= 30);
		tenant_drain(&tenant);
	}
	state_report("Dom0, a tenant running in between");
	check_equal("the tenant ends", tenant_wait(&tenant, 20000000000ull), TENANT_off);
	tenant_destroy(&tenant);
}
