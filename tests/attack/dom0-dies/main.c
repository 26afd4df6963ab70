/* SPDX-License-Identifier: MIT */
/*
 * Dom0 crashes while the builder waits for its bytes.  The hypervisor says so, ends every domain,
 * and stops the machine: expected by the launcher (status 35 and the message).
 */
#include "tests/guest/lib/tenant.h"
#include <xen/sched.h>

const char test_title[] = "Dom0 dies in mid-request";

static struct build request;

static bool die(struct build *b, struct corbel_ring *ring, uint8_t *data)
{
	struct sched_shutdown arg = {.reason = SHUTDOWN_crash};

	(void)ring;
	(void)data;
	if (b->wants == 2) {
		ok("two ranges were asked for");
		hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uintptr_t)&arg);
		not_ok("SCHEDOP_shutdown", "came back");
	}
	return true;
}

void test_main(void)
{
	ring_client_init();
	build_image(&request, "worker.elf");
	request.data_pages = 1;
	request.answer = die;
	build_run(&request);
	not_ok("crash of Dom0", "the build ended: %s", request.reason);
}
