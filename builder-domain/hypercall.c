/* SPDX-License-Identifier: MIT */
/*
 * Typed hypercalls on Xen's structures.  Holds the shared_info page, whose only use here is to
 * clear the pending bit of the one port that the builder ever binds, and to tell the time.
 */
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/hvm/hvm_op.h>

#define BATCH_MAX       64
#define SHARED_INFO_GPA 0x10000ul
#define NS_PER_MS       1000000ull

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static const char *error_text(int error)
{
	switch (error) {
	case XEN_EPERM:
		return "not permitted";
	case XEN_ENOENT:
		return "not known to the policy";
	case XEN_EEXIST:
		return "a live domain has it";
	case XEN_ENOMEM:
		return "out of memory";
	default:
		return "refused";
	}
}

int call_result(const char *what, long rc)
{
	int error = (int)-rc;

	if (rc == 0) {
		return 0;
	}
	return fail(error, "%s: %s (error %d)", what, error_text(error), error);
}

void console_write(const char *text, size_t len)
{
	/* Words for people; the result goes to the hypervisor by another way. */
	IGNORED(hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, len, address(text)));
}

int shared_info_map(void)
{
	struct xen_add_to_physmap map = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_shared_info,
		.gpfn = SHARED_INFO_GPA >> PAGE_SHIFT,
	};
	long rc = hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, address(&map), 0);

	return call_result("builder: shared_info", rc);
}

static volatile struct shared_info *shared_info(void)
{
	return guest_pointer(SHARED_INFO_GPA);
}

/* Nanoseconds since boot by the para-virtual clock (<xen/xen.h>, vcpu_time_info).  Corbel writes it
 * once, before the instance runs. */
static uint64_t system_time(void)
{
	const volatile struct vcpu_time_info *time = &shared_info()->vcpu_info[0].time;
	uint64_t delta = cycles() - time->tsc_timestamp;
	unsigned __int128 scaled;

	if (time->tsc_shift < 0) {
		delta >>= -time->tsc_shift;
	} else {
		delta <<= time->tsc_shift;
	}
	scaled = (unsigned __int128)delta * time->tsc_to_system_mul;
	return time->system_time + (uint64_t)(scaled >> 32);
}

/* The bits of ports that are signalled, in words of the guest's width. */
#define PORTS_PER_WORD 64
#define PORT_WORDS     64

void event_wait(uint32_t port, uint32_t milliseconds)
{
	evtchn_port_t ports[1] = {port};
	struct sched_poll poll = {.nr_ports = 1};
	uint32_t index = port / PORTS_PER_WORD % PORT_WORDS;
	xen_ulong_t bit = 1ul << (port % PORTS_PER_WORD);

	set_xen_guest_handle(poll.ports, ports);
	poll.timeout = system_time() + milliseconds * NS_PER_MS;
	/* Without a wait the caller looks again, until its deadline. */
	IGNORED(hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, address(&poll), 0));
	__atomic_fetch_and(&shared_info()->evtchn_pending[index], ~bit, __ATOMIC_SEQ_CST);
}

void event_send(uint32_t port)
{
	struct evtchn_send send = {.port = port};

	/* A peer that is gone does not answer; the ring's deadline ends that. */
	IGNORED(hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, address(&send), 0));
}

int event_bind(uint16_t peer, uint32_t peer_port, uint32_t *port)
{
	struct evtchn_bind_interdomain bind = {
		.remote_dom = peer,
		.remote_port = peer_port,
	};
	long rc = hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain,
			    address(&bind), 0);

	*port = bind.local_port;
	return (int)rc;
}

int grant_map(uint16_t peer, const uint32_t *refs, unsigned count, uint64_t gpa, int writable)
{
	struct gnttab_map_grant_ref map[BATCH_MAX] = {0};
	uint32_t flags = GNTMAP_host_map;
	long rc;

	if (!writable) {
		flags |= GNTMAP_readonly;
	}
	for (unsigned i = 0; i < count; i++) {
		map[i].host_addr = gpa + i * PAGE_SIZE;
		map[i].flags = flags;
		map[i].ref = refs[i];
		map[i].dom = peer;
		map[i].status = GNTST_general_error; /* stays if the call does not come to it */
	}
	rc = hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, address(map), count);
	for (unsigned i = 0; i < count && rc == 0; i++) {
		if (map[i].status != GNTST_okay) {
			return fail(XEN_EFAULT, "ring: grant reference %u refused: status %d",
				    refs[i], map[i].status);
		}
	}
	return call_result("ring: grants", rc);
}

long corbel_call(enum corbel_op op, void *argument)
{
	return hypercall(CORBEL_HYPERCALL, op, address(argument), 0);
}

long memory_populate(uint16_t domid, const uint64_t *gfns, unsigned count, unsigned order)
{
	struct xen_memory_reservation reservation = {
		.nr_extents = count,
		.extent_order = order,
		.domid = domid,
	};

	set_xen_guest_handle(reservation.extent_start, (xen_pfn_t *)(uintptr_t)gfns);
	return hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, address(&reservation), 0);
}

/* A page's result that is not 0, as an error whatever it is. */
static long batch_error(int result)
{
	if (result > 0) {
		return -XEN_EINVAL;
	}
	return result;
}

long foreign_map(uint16_t domid, uint64_t first_gfn, unsigned count, uint64_t window_gpa)
{
	xen_ulong_t idxs[BATCH_MAX];
	xen_pfn_t gpfns[BATCH_MAX];
	int errs[BATCH_MAX];
	struct xen_add_to_physmap_batch batch = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_gmfn_foreign,
		.size = (uint16_t)count,
		.u.foreign_domid = domid,
	};
	long rc;

	for (unsigned i = 0; i < count; i++) {
		idxs[i] = first_gfn + i;
		gpfns[i] = (window_gpa >> PAGE_SHIFT) + i;
		errs[i] = -XEN_EINVAL; /* stays if the call does not come to it */
	}
	set_xen_guest_handle(batch.idxs, idxs);
	set_xen_guest_handle(batch.gpfns, gpfns);
	set_xen_guest_handle(batch.errs, errs);
	rc = hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, address(&batch), 0);
	for (unsigned i = 0; i < count && rc >= 0; i++) {
		if (errs[i] != 0) {
			return batch_error(errs[i]);
		}
	}
	return rc;
}

long foreign_unmap(uint64_t window_gpa)
{
	struct xen_remove_from_physmap remove = {
		.domid = DOMID_SELF,
		.gpfn = window_gpa >> PAGE_SHIFT,
	};

	return hypercall(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, address(&remove), 0);
}

long param_set(uint16_t domid, uint32_t index, uint64_t value)
{
	struct xen_hvm_param param = {
		.domid = domid,
		.index = index,
		.value = value,
	};

	return hypercall(__HYPERVISOR_hvm_op, HVMOP_set_param, address(&param), 0);
}

long event_alloc(uint16_t domid, uint16_t peer, uint32_t *port)
{
	struct evtchn_alloc_unbound alloc = {.dom = domid, .remote_dom = peer};
	long rc = hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, address(&alloc),
			    0);

	*port = alloc.port;
	return rc;
}
