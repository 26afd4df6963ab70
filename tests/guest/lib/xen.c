/* SPDX-License-Identifier: MIT */
/* Test kernels: hypercall helpers for events, grants and time. */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/xen.h"
#include <xen/domctl.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>

bool sub_in_argument(uint32_t nr)
{
	return nr == __HYPERVISOR_platform_op || nr == __HYPERVISOR_sysctl ||
	       nr == __HYPERVISOR_domctl;
}

uint32_t interface_version(uint32_t nr)
{
	switch (nr) {
	case __HYPERVISOR_domctl:
		return XEN_DOMCTL_INTERFACE_VERSION;
	case __HYPERVISOR_sysctl:
		return XEN_SYSCTL_INTERFACE_VERSION;
	default:
		return XENPF_INTERFACE_VERSION;
	}
}

long hvm_get_param_of(uint16_t domid, uint32_t index, uint64_t *value)
{
	struct xen_hvm_param arg = {.domid = domid, .index = index};
	long rc = hypercall2(__HYPERVISOR_hvm_op, HVMOP_get_param, (uintptr_t)&arg);

	*value = arg.value;
	return rc;
}

long hvm_get_param(uint32_t index, uint64_t *value)
{
	return hvm_get_param_of(DOMID_SELF, index, value);
}

long hvm_set_param_of(uint16_t domid, uint32_t index, uint64_t value)
{
	struct xen_hvm_param arg = {.domid = domid, .index = index, .value = value};

	return hypercall2(__HYPERVISOR_hvm_op, HVMOP_set_param, (uintptr_t)&arg);
}

/* ---- events --------------------------------------------------------------------------------- */

static uint8_t shared_info_page[4096] __attribute__((aligned(4096)));
shared_info_t *shared_info;

static long physmap(unsigned space, uint64_t index, uint64_t gfn)
{
	struct xen_add_to_physmap arg = {
		.domid = DOMID_SELF, .space = space, .idx = index, .gpfn = gfn};

	return hypercall2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (uintptr_t)&arg);
}

void events_init(void)
{
	long rc = physmap(XENMAPSPACE_shared_info, 0, (uintptr_t)shared_info_page / PAGE_SIZE);

	if (rc != 0) {
		broken("shared_info: %ld", rc);
	}
	shared_info = (shared_info_t *)shared_info_page;
	rc = hvm_set_param_of(DOMID_SELF, HVM_PARAM_CALLBACK_IRQ, 2ull << 56 | CALLBACK_VECTOR);
	if (rc != 0) {
		broken("callback vector: %ld", rc);
	}
}

uint64_t now_ns(void)
{
	const volatile struct vcpu_time_info *time;
	uint32_t version;
	uint64_t delta, ns;

	if (shared_info == NULL) {
		return 0;
	}
	time = &shared_info->vcpu_info[0].time;
	do {
		version = time->version;
		__asm__ volatile("" : : : "memory");
		delta = rdtsc() - time->tsc_timestamp;
		delta = time->tsc_shift >= 0 ? delta << time->tsc_shift : delta >> -time->tsc_shift;
		ns = time->system_time +
		     (uint64_t)(((unsigned __int128)delta * time->tsc_to_system_mul) >> 32);
		__asm__ volatile("" : : : "memory");
	} while ((version & 1) != 0 || version != time->version);
	return ns;
}

void sleep_ns(uint64_t ns)
{
	struct sched_poll arg = {.nr_ports = 0, .timeout = now_ns() + ns};

	hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, (uintptr_t)&arg);
}

long event_send(uint32_t port)
{
	struct evtchn_send arg = {.port = port};

	return hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (uintptr_t)&arg);
}

long event_close(uint32_t port)
{
	struct evtchn_close arg = {.port = port};

	return hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_close, (uintptr_t)&arg);
}

long event_unbound(uint16_t remote)
{
	struct evtchn_alloc_unbound arg = {.dom = DOMID_SELF, .remote_dom = remote};
	long rc =
		hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, (uintptr_t)&arg);

	return rc < 0 ? rc : (long)arg.port;
}

long event_interdomain(uint16_t remote, uint32_t remote_port)
{
	struct evtchn_bind_interdomain arg = {.remote_dom = remote, .remote_port = remote_port};
	long rc = hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain,
			     (uintptr_t)&arg);

	return rc < 0 ? rc : (long)arg.local_port;
}

long event_virq(uint32_t virq, uint32_t vcpu)
{
	struct evtchn_bind_virq arg = {.virq = virq, .vcpu = vcpu};
	long rc = hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, (uintptr_t)&arg);

	return rc < 0 ? rc : (long)arg.port;
}

long event_ipi(uint32_t vcpu)
{
	struct evtchn_bind_ipi arg = {.vcpu = vcpu};
	long rc = hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, (uintptr_t)&arg);

	return rc < 0 ? rc : (long)arg.port;
}

bool event_pending(uint32_t port)
{
	bool was;

	__asm__ volatile("lock btrq %2, %1"
			 : "=@ccc"(was), "+m"(shared_info->evtchn_pending[port / 64])
			 : "r"((uint64_t)(port % 64))
			 : "memory");
	return was;
}

void event_unmask(uint32_t port)
{
	struct evtchn_unmask arg = {.port = port};

	hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_unmask, (uintptr_t)&arg);
}

bool event_wait(uint32_t port, uint64_t timeout_ns)
{
	uint64_t end = now_ns() + timeout_ns;
	evtchn_port_t ports[1] = {port};
	struct sched_poll arg = {.nr_ports = 1, .timeout = end};

	set_xen_guest_handle(arg.ports, ports);
	for (;;) {
		if (event_pending(port)) {
			return true;
		}
		if (now_ns() >= end) {
			return false;
		}
		hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, (uintptr_t)&arg);
	}
}

/* ---- grants ---------------------------------------------------------------------------------- */

grant_entry_v1_t *grant_table;

void grants_init(void)
{
	long rc = physmap(XENMAPSPACE_grant_table, 0, GRANT_TABLE_GFN);

	if (rc != 0) {
		broken("grant table: %ld", rc);
	}
	grant_table = (grant_entry_v1_t *)(GRANT_TABLE_GFN * PAGE_SIZE);
}

void grant_give(uint32_t ref, uint16_t peer, const void *page, bool readonly)
{
	volatile grant_entry_v1_t *entry = &grant_table[ref];

	entry->frame = (uint32_t)((uintptr_t)page / PAGE_SIZE);
	entry->domid = peer;
	__asm__ volatile("" : : : "memory");
	entry->flags = (uint16_t)(GTF_permit_access | (readonly ? GTF_readonly : 0));
}

void grant_end(uint32_t ref)
{
	volatile grant_entry_v1_t *entry = &grant_table[ref];

	entry->flags = 0;
}

int grant_map(uint16_t domid, uint32_t ref, unsigned slot, uint32_t flags, uint32_t *handle)
{
	struct gnttab_map_grant_ref arg = {.host_addr = GRANT_MAP_GPA + slot * PAGE_SIZE,
					   .flags = GNTMAP_host_map | flags,
					   .ref = ref,
					   .dom = domid,
					   .status = GNTST_general_error};
	long rc =
		hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, (uintptr_t)&arg, 1);

	*handle = arg.handle;
	return rc != 0 ? (int)rc : arg.status;
}

int grant_unmap(unsigned slot, uint32_t handle)
{
	struct gnttab_unmap_grant_ref arg = {.host_addr = GRANT_MAP_GPA + slot * PAGE_SIZE,
					     .handle = handle,
					     .status = GNTST_general_error};
	long rc = hypercall3(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, (uintptr_t)&arg,
			     1);

	return rc != 0 ? (int)rc : arg.status;
}
