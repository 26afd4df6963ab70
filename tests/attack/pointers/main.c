/* SPDX-License-Identifier: MIT */
/*
 * T21, T44: every hypercall and sub-op with hostile pointers and arguments, from Dom0 and from a
 * tenant.  The hypervisor survives, nothing is wrongly granted, a neighbour goes on, frames
 * balance.
 */
#include "tests/guest/lib/hostile_calls.h"
#include "tests/guest/lib/tenant.h"

const char test_title[] = "hostile pointers and arguments";

static struct build request;
static struct tenant neighbour, hostile;

static void start(struct tenant *t, const char *file, const char *name, const char *cmdline,
		  unsigned slot)
{
	build_image(&request, file);
	request.name = name;
	request.cmdline = cmdline;
	request.uuid[0]++;
	build_must(&request);
	tenant_attach(t, name, request.domid, slot);
}

static void map_odd_grants(void)
{
	static const struct {
		uint32_t ref;
		const char *name;
	} odd[] = {
		{20, "granted shared_info"},
		{21, "granted grant table"},
		{22, "granted address without RAM"},
		{23, "granted APIC page"},
	};
	uint32_t handle;
	int status;

	if (!tenant_said(&hostile, "grants are ready", 5000000000ull)) {
		not_ok("odd grants", "the tenant did not make them");
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(odd); i++) {
		status = grant_map(hostile.domid, odd[i].ref, 6, 0, &handle);
		if (status < 0) {
			ok("%s cannot be mapped: %d", odd[i].name, status);
		} else {
			not_ok(odd[i].name, "was mapped");
			grant_unmap(6, handle);
		}
	}
	status = grant_map(hostile.domid, 24, 6, 0, &handle);
	check_true("a read-only grant cannot be mapped writable", status < 0);
	status = grant_map(hostile.domid, 24, 6, GNTMAP_readonly, &handle);
	check_equal("but read-only", (uint64_t)status,
		    under_policy("split") ? (uint64_t)GNTST_permission_denied : 0);
	if (status == 0) {
		struct corbel_host_info *into = grant_slot(6);

		/* T19: the hypervisor must not write there on Dom0's behalf either. */
		check_equal("and not written through a hypercall buffer",
			    (uint64_t)corbel_call(CORBEL_OP_host_info, into),
			    (uint64_t)-XEN_EFAULT);
		grant_unmap(6, handle);
	}
}

void test_main(void)
{
	uint64_t before;

	ring_client_init();
	before = frames_settle();
	start(&neighbour, "worker.elf", "neighbour", "case=count", 0);
	check_true("the neighbour runs", tenant_said(&neighbour, "count 2", 5000000000ull));
	start(&hostile, "hostile-calls.elf", "hostile", "", 1);
	map_odd_grants();
	if (hostile.attached) {
		check_equal("the hostile tenant ends by itself",
			    tenant_wait(&hostile, 60000000000ull), TENANT_off);
	} else { /* it waits for room on its console in the end */
		check_equal("the hostile tenant only hurts itself",
			    tenant_wait(&hostile, 5000000000ull), TENANT_lives);
	}
	tenant_destroy(&hostile);
	hostile_pointers(grant_slot(0));
	neighbour.log_used = 0;
	check_true("the neighbour goes on", tenant_said(&neighbour, "count", 5000000000ull));
	tenant_destroy(&neighbour);
	check_equal("every frame is back, and scrubbed", frames_settle(), before);
	hostile_arguments(1, 6000, true);
	start(&hostile, "worker.elf", "honest", "case=hello", 2);
	check_equal("an honest build still works", tenant_wait(&hostile, 10000000000ull),
		    TENANT_off);
	tenant_destroy(&hostile);
}
