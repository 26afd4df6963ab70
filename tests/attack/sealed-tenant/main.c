/* SPDX-License-Identifier: MIT */
/*
 * T1, T2, T3, T7: a hostile Dom0 against a running tenant and against the builder, with every call
 * it has: all refused, and the tenant's memory is what it was.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/tenant.h"
#include <xen/domctl.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/memory.h>
#include <xen/sched.h>

const char test_title[] = "Dom0 against a sealed tenant";

static struct build request;
static struct tenant victim;
static uint8_t page[4096] __attribute__((aligned(4096)));
static uint64_t secret_gfn;

static void refused(const char *name, long rc)
{
	check_equal(name, (uint64_t)rc, (uint64_t)-XEN_EPERM);
}

/* Refused by the policy; one that gives Dom0 all that can be given lets it through, where the state
 * has nothing against it. */
static void policy_refuses(const char *name, long rc)
{
	check_equal(name, (uint64_t)rc, under_policy("all") ? 0 : (uint64_t)-XEN_EPERM);
}

/* Any negative answer: where a wrong port or reference is not a matter of rights. */
static void fails(const char *name, long rc)
{
	if (rc < 0) {
		ok("%s: %ld", name, rc);
	} else {
		not_ok(name, "answer %ld", rc);
	}
}

static void audited(const char *name, uint32_t nr, uint32_t sub, unsigned before)
{
	unsigned after = audit_count(nr, sub);

	if (after > before) {
		ok("%s is in the audit trace", name);
	} else {
		not_ok(name, "no denial of %u.%u in the trace", nr, sub);
	}
}

static void map_foreign(uint64_t gfn)
{
	xen_ulong_t index[1] = {gfn};
	xen_pfn_t to[1] = {0xC2000};
	int error[1] = {1};
	struct xen_add_to_physmap_batch batch = {
		.domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1};
	struct xen_add_to_physmap single = {.domid = DOMID_SELF,
					    .space = XENMAPSPACE_gmfn_foreign,
					    .idx = gfn,
					    .gpfn = 0xC2000};
	unsigned before = audit_count(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch);
	long rc;

	batch.u.foreign_domid = victim.domid;
	set_xen_guest_handle(batch.idxs, index);
	set_xen_guest_handle(batch.gpfns, to);
	set_xen_guest_handle(batch.errs, error);
	rc = hypercall2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, (uintptr_t)&batch);
	if (rc == -XEN_EPERM || (rc == 0 && error[0] == -XEN_EPERM)) {
		ok("foreign map in a batch is -EPERM");
	} else {
		not_ok("foreign map in a batch", "answer %ld, element %d", rc, error[0]);
	}
	audited("foreign map", __HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, before);
	rc = hypercall2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (uintptr_t)&single);
	fails("foreign map alone", rc);
}

static void memory_of_victim(void)
{
	struct xen_add_to_physmap add = {
		.domid = victim.domid, .space = XENMAPSPACE_shared_info, .gpfn = secret_gfn};
	struct xen_remove_from_physmap remove = {.domid = victim.domid, .gpfn = secret_gfn};
	xen_pfn_t frames[1] = {0x90000};
	struct xen_memory_reservation more = {.nr_extents = 1, .domid = victim.domid};

	set_xen_guest_handle(more.extent_start, frames);
	refused("shared_info over the tenant's page",
		hypercall2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (uintptr_t)&add));
	add.space = XENMAPSPACE_grant_table;
	refused("grant frame over the tenant's page",
		hypercall2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (uintptr_t)&add));
	refused("removing the tenant's page",
		hypercall2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, (uintptr_t)&remove));
	refused("populating the tenant",
		hypercall2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (uintptr_t)&more));
	more.domid = DOMID_SELF;
	fails("populating oneself",
	      hypercall2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (uintptr_t)&more));
}

static void vcpu_of_victim(void)
{
	static const struct {
		const char *name;
		uint32_t cmd;
	} calls[] = {
		{"setvcpucontext", XEN_DOMCTL_setvcpucontext},
		{"getvcpucontext", XEN_DOMCTL_getvcpucontext},
		{"gethvmcontext", XEN_DOMCTL_gethvmcontext},
		{"sethvmcontext", XEN_DOMCTL_sethvmcontext},
		{"gethvmcontext_partial", XEN_DOMCTL_gethvmcontext_partial},
		{"getpageframeinfo3", XEN_DOMCTL_getpageframeinfo3},
		{"max_mem", XEN_DOMCTL_max_mem},
		{"setdomainhandle", XEN_DOMCTL_setdomainhandle},
		{"hypercall_init", XEN_DOMCTL_hypercall_init},
		{"memory_mapping", XEN_DOMCTL_memory_mapping},
		{"ioport_permission", XEN_DOMCTL_ioport_permission},
		{"iomem_permission", XEN_DOMCTL_iomem_permission},
		{"set_target", XEN_DOMCTL_set_target},
		{"debug_op", XEN_DOMCTL_debug_op},
		{"gdbsx_guestmemio", XEN_DOMCTL_gdbsx_guestmemio},
		{"shadow_op", XEN_DOMCTL_shadow_op},
		{"vm_event_op", XEN_DOMCTL_vm_event_op},
		{"resumedomain", XEN_DOMCTL_resumedomain},
		{"createdomain", XEN_DOMCTL_createdomain},
	};
	char name[64];

	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
		unsigned before = audit_count(__HYPERVISOR_domctl, calls[i].cmd);

		format_into(name, sizeof(name), "domctl %s", calls[i].name);
		refused(name, domain_control(calls[i].cmd, victim.domid));
		audited(name, __HYPERVISOR_domctl, calls[i].cmd, before);
	}
}

static void params_of_victim(void)
{
	static const uint32_t params[] = {HVM_PARAM_CALLBACK_IRQ, HVM_PARAM_STORE_PFN,
					  HVM_PARAM_CONSOLE_PFN, HVM_PARAM_CONSOLE_EVTCHN, 36};
	uint64_t value;
	char name[64];

	for (unsigned i = 0; i < ARRAY_SIZE(params); i++) {
		format_into(name, sizeof(name), "set HVM parameter %u", params[i]);
		refused(name, hvm_set_param_of(victim.domid, params[i], 1));
		format_into(name, sizeof(name), "get HVM parameter %u", params[i]);
		refused(name, hvm_get_param_of(victim.domid, params[i], &value));
	}
}

static void grants_of_victim(void)
{
	uint32_t handle;
	char name[64];

	for (uint32_t ref = 2; ref < 600; ref = ref < 16 ? ref + 1 : ref * 2 + 1) {
		int status = grant_map(victim.domid, ref, 5, 0, &handle);

		format_into(name, sizeof(name), "grant %u, not given: status", ref);
		fails(name, status);
	}
	fails("a reference of 2^32-1", grant_map(victim.domid, 0xffffffff, 5, 0, &handle));
	fails("a grant of the builder", grant_map(CORBEL_DOMID_BUILDER, 0, 5, 0, &handle));
	fails("a grant of no domain", grant_map(4711, 0, 5, 0, &handle));
	fails("a grant of DOMID_XEN", grant_map(DOMID_XEN, 0, 5, 0, &handle));
	fails("a grant of DOMID_IO", grant_map(DOMID_IO, 0, 5, 0, &handle));
	fails("unmap with a handle of nobody", grant_unmap(5, 0x12345));
	fails("unmap of the console at another address", grant_unmap(5, victim.console_handle));
}

static void copy_from_victim(void)
{
	struct gnttab_copy op = {.len = 64, .flags = 0};
	long rc;

	memset(page, 0xee, sizeof(page));
	op.source.domid = victim.domid;
	op.source.u.gmfn = secret_gfn;
	op.dest.domid = DOMID_SELF;
	op.dest.u.gmfn = (uintptr_t)page / PAGE_SIZE;
	rc = hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (uintptr_t)&op, 1);
	fails("grant copy from the tenant's frame number", rc != 0 ? rc : op.status);
	op.flags = GNTCOPY_source_gref;
	op.source.u.ref = 9;
	rc = hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (uintptr_t)&op, 1);
	fails("grant copy from a reference not given", rc != 0 ? rc : op.status);
	check_equal("nothing was copied", page[0], 0xee);
	op.flags = 0;
	op.source.domid = DOMID_SELF;
	op.source.u.gmfn = (uintptr_t)page / PAGE_SIZE;
	op.dest.domid = victim.domid;
	op.dest.u.gmfn = secret_gfn;
	rc = hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (uintptr_t)&op, 1);
	fails("grant copy into the tenant's frame number", rc != 0 ? rc : op.status);
}

static void events_of_victim(void)
{
	struct evtchn_alloc_unbound unbound = {.dom = victim.domid,
					       .remote_dom = CORBEL_DOMID_DOM0};
	struct evtchn_status status = {.dom = victim.domid, .port = 1};
	struct evtchn_reset reset = {.dom = victim.domid};
	char name[64];

	for (uint32_t port = 3; port < 2000; port = port * 2 + 1) {
		format_into(name, sizeof(name), "bind to port %u, not meant for Dom0", port);
		fails(name, event_interdomain(victim.domid, port));
	}
	fails("bind to the console port a second time", event_interdomain(victim.domid, 1));
	fails("bind to port 0", event_interdomain(victim.domid, 0));
	fails("bind to port 2^32-1", event_interdomain(victim.domid, 0xffffffff));
	refused("a new port inside the tenant",
		hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
			   (uintptr_t)&unbound));
	policy_refuses(
		"state of the tenant's port",
		hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_status, (uintptr_t)&status));
	refused("reset of the tenant's ports",
		hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_reset, (uintptr_t)&reset));
}

/* The builder's calls, from Dom0: the sealed tenant, itself and a new domain as targets. */
static void build_calls(void)
{
	static uint64_t argument[64];
	static const uint16_t targets[] = {0, CORBEL_DOMID_BUILDER, DOMID_SELF, 0xffff};
	char name[64];

	for (uint32_t op = CORBEL_OP_build_create; op <= CORBEL_OP_build_done; op++) {
		for (unsigned i = 0; i <= ARRAY_SIZE(targets); i++) {
			uint16_t target = i < ARRAY_SIZE(targets) ? targets[i] : victim.domid;
			long rc;

			memset(argument, 0, sizeof(argument));
			memcpy(argument, &target, 2);
			rc = corbel_call((enum corbel_op)op, argument);
			format_into(name, sizeof(name), "build call %u on domain %u", op, target);
			if (rc == -XEN_EPERM || (rc == -XEN_ESRCH && target == 0xffff)) {
				ok("%s: %ld", name, rc);
			} else {
				not_ok(name, "answer %ld", rc);
			}
		}
	}
	memset(argument, 0, sizeof(argument));
	refused("rendezvous_get from Dom0", corbel_call(CORBEL_OP_rendezvous_get, argument));
}

static void control_of_builder(void)
{
	policy_refuses("pause the builder", domain_control(XEN_DOMCTL_pausedomain, 1));
	policy_refuses("unpause the builder", domain_control(XEN_DOMCTL_unpausedomain, 1));
	policy_refuses("destroy the builder", domain_control(XEN_DOMCTL_destroydomain, 1));
	fails("destroy oneself", domain_control(XEN_DOMCTL_destroydomain, 0));
	fails("destroy a domain that is not", domain_control(XEN_DOMCTL_destroydomain, 4711));
	fails("destroy DOMID_XEN", domain_control(XEN_DOMCTL_destroydomain, DOMID_XEN));
	fails("grants of the builder: bind to its ports", event_interdomain(1, 1));
}

static void end_victim(void)
{
	volatile struct xencons_interface *ring = grant_slot(victim.slot);

	ring->in[0] = 'q';
	ring->in_prod = 1;
	event_send(victim.console_port);
	check_equal("the tenant checks its memory and ends", tenant_wait(&victim, 10000000000ull),
		    TENANT_off);
	check_true("its memory was what it had been",
		   strstr(victim.log, "ok - memory has not changed") != NULL);
	tenant_destroy(&victim);
}

void test_main(void)
{
	uint64_t before;

	ring_client_init();
	build_image(&request, "worker.elf");
	before = frames_settle();
	request.name = "secret";
	request.cmdline = "case=secret";
	build_must(&request);
	tenant_attach(&victim, "secret", request.domid, 0);
	check_true("the victim runs", tenant_said(&victim, "secret at ", 5000000000ull));
	secret_gfn = 0x300;
	map_foreign(secret_gfn);
	memory_of_victim();
	vcpu_of_victim();
	params_of_victim();
	grants_of_victim();
	copy_from_victim();
	events_of_victim();
	build_calls();
	control_of_builder();
	end_victim();
	check_equal("every frame is back, and scrubbed", frames_settle(), before);
}
