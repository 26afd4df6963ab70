/* SPDX-License-Identifier: MIT */
/*
 * T16: the host ends while a tenant holds a secret in its memory and in a register: Dom0 switches
 * off (end=off), its kernel crashes (end=crash), or the hypervisor itself stops for something that
 * the script breaks in it from outside (end=panic): then Dom0 goes on calling it until that is met.
 * The script searches the machine's RAM before and after.
 */
#include "tests/guest/lib/tenant.h"
#include <xen/sched.h>

const char test_title[] = "the end of the host";

static struct build request;
static struct tenant tenant;

void test_main(void)
{
	struct sched_shutdown arg = {.reason = SHUTDOWN_crash};
	char end[8] = "";

	option("end", end, sizeof(end));
	ring_client_init();
	build_image(&request, "worker.elf");
	request.name = "secret";
	request.cmdline = "case=secret";
	build_must(&request);
	tenant_attach(&tenant, "secret", request.domid, 0);
	check_true("a tenant holds its secret", tenant_said(&tenant, "secret at", 20000000000ull));
	if (strcmp(end, "crash") == 0) {
		hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uintptr_t)&arg);
	}
	while (strcmp(end, "panic") == 0) {
		event_send(tenant.console_port);
		(void)tenant_state(&tenant);
	}
	sleep_ns(3000000000ull); /* the script finds the secret meanwhile */
}
