/* SPDX-License-Identifier: MIT */
/*
 * What virt/ asks of floors above: what an exit means to the domain, and that somebody is to be
 * woken.  The one page of virt/ that knows a vCPU's and a domain's structure; nothing else of virt/
 * includes or calls what lies above it.
 */
#ifndef VIRT_UPCALLS_H
#define VIRT_UPCALLS_H
#include "base/must_check.h"
#include "domain/domain.h"

enum virt_action {
	VIRT_RESUME, /* enter again */
	VIRT_STOP    /* the vCPU slept, yielded or its domain ended: let the scheduler choose */
};

/* How a guest touched memory that its nested tables do not give. */
struct virt_fault {
	uint64_t gpa;
	bool present; /* something is mapped there, without this right */
	bool fetch, write;
};

/* calls/hypercall.c: VMMCALL at CPL 0; steps over it. */
enum virt_action hypercall_dispatch(struct vcpu *v);
/* launch/life.c: HLT, already stepped over. */
MUST_CHECK enum virt_action domain_vcpu_halts(struct vcpu *v);
/* launch/life.c: a nested page fault. */
MUST_CHECK enum virt_action domain_nested_fault(struct vcpu *v, const struct virt_fault *fault);
/* launch/life.c: the guest broke its contract; records the reason, ends the domain. */
void domain_crash(struct domain *d, const char *reason, uint64_t arg);
/* ipc/event.c: evtchn_upcall_pending of the vCPU. */
MUST_CHECK bool event_pending(struct vcpu *v);
/* domain/sched.c: something changed for it, it leaves the guest soon or wakes if it is blocked; and
 * blocked, polling, waiting or offline -> runnable. */
void sched_kick(struct vcpu *v);
void sched_wake(struct vcpu *v);
#endif
