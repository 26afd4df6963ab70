/* SPDX-License-Identifier: MIT */
/*
 * Test kernels: hypercalls, HVM parameters, shared_info and events, grants, time.
 */
#ifndef GUEST_XEN_H
#define GUEST_XEN_H
#include "tests/guest/lib/lib.h"
#include "abi/corbel.h"
#include "abi/log.h"
#include <xen/xen.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>

static inline long hypercall5(unsigned nr, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
			      uint64_t a5)
{
	register uint64_t r10 __asm__("r10") = a4;
	register uint64_t r8 __asm__("r8") = a5;
	long rax = nr;

	__asm__ volatile("vmmcall"
			 : "+a"(rax), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
			 :
			 : "memory");
	return rax;
}

static inline long hypercall1(unsigned nr, uint64_t a1)
{
	return hypercall5(nr, a1, 0, 0, 0, 0);
}

static inline long hypercall2(unsigned nr, uint64_t a1, uint64_t a2)
{
	return hypercall5(nr, a1, a2, 0, 0, 0);
}

static inline long hypercall3(unsigned nr, uint64_t a1, uint64_t a2, uint64_t a3)
{
	return hypercall5(nr, a1, a2, a3, 0, 0);
}

static inline long corbel_call(enum corbel_op op, void *argument)
{
	return hypercall2(CORBEL_HYPERCALL, op, (uintptr_t)argument);
}

/* The calls whose sub-op is the first word of the argument, not RDI; the second is the version. */
bool sub_in_argument(uint32_t nr);
uint32_t interface_version(uint32_t nr);

long hvm_get_param(uint32_t index, uint64_t *value);
long hvm_set_param_of(uint16_t domid, uint32_t index, uint64_t value);
long hvm_get_param_of(uint16_t domid, uint32_t index, uint64_t *value);

/* ---- shared_info, events ---- */
extern shared_info_t *shared_info; /* 0 before events_init() */
#define CALLBACK_VECTOR 0xF3
/* Maps shared_info and sets the callback vector; ports stay masked, interrupts off. */
void events_init(void);
uint64_t now_ns(void); /* since the host's boot, by the vCPU's time info; 0 before events_init() */
void sleep_ns(uint64_t ns); /* SCHEDOP_poll without ports */
long event_send(uint32_t port);
long event_close(uint32_t port);
/* A negative errno, or the port. */
long event_unbound(uint16_t remote);
long event_interdomain(uint16_t remote, uint32_t remote_port);
long event_virq(uint32_t virq, uint32_t vcpu);
long event_ipi(uint32_t vcpu);
bool event_pending(uint32_t port); /* and clears it */
void event_unmask(uint32_t port);  /* upcalls from now on */
/* SCHEDOP_poll until the port is pending (cleared here); false when the time ran out. */
bool event_wait(uint32_t port, uint64_t timeout_ns);

/* ---- grants ---- */
#define GRANT_TABLE_GFN 0xC0000ul /* holes of every test domain: no RAM there */
#define GRANT_MAP_GPA   0xC1000000ul
#define GRANT_OWN_FIRST 8u
#define GRANT_ENTRIES   512u
extern grant_entry_v1_t *grant_table; /* 0 before grants_init() */
void grants_init(void);
void grant_give(uint32_t ref, uint16_t peer, const void *page, bool readonly);
void grant_end(uint32_t ref);
/* GNTST_*; on success *handle.  slot: page number above GRANT_MAP_GPA. */
int grant_map(uint16_t domid, uint32_t ref, unsigned slot, uint32_t flags, uint32_t *handle);
int grant_unmap(unsigned slot, uint32_t handle);
static inline void *grant_slot(unsigned slot)
{
	return (void *)(GRANT_MAP_GPA + slot * PAGE_SIZE);
}

/* ---- Dom0's view of the host ---- */
void host_info(struct corbel_host_info *out);
long launch_info(uint16_t domid, struct corbel_launch_info *out);
/* Waits until nothing is dirty and the free count rests; returns it. */
uint64_t frames_settle(void);
long domain_control(uint32_t cmd, uint16_t domid); /* XEN_DOMCTL_* without argument */
/* Denials recorded since boot of the exact call (number, sub-op) by this domain. */
unsigned audit_count(uint32_t nr, uint32_t sub);
/* The hypervisor's last crash record of the domain in the trace; false: none. */
bool trace_crash(uint16_t domid, struct corbel_trace *out);
bool trace_has(uint32_t kind); /* CORBEL_TRACE_* */
/* Whether the hypervisor's log ring contains the text. */
bool log_contains(const char *text);
#endif
