/* SPDX-License-Identifier: MIT */
/*
 * What virt/ asks of floors above: what an exit means to the domain, and that somebody is to be
 * woken.  Nothing of virt/ includes or calls anything else that lies above it.
 */
#ifndef VIRT_UPCALLS_H
#define VIRT_UPCALLS_H
#include "base/must_check.h"
#include "virt/vcpu.h"

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
enum virt_action hypercall_dispatch(struct virt_vcpu *v);
/* launch/life.c: HLT, already stepped over. */
MUST_CHECK enum virt_action vcpu_halts(struct virt_vcpu *v);
/* launch/life.c: a nested page fault. */
MUST_CHECK enum virt_action vcpu_nested_fault(struct virt_vcpu *v, const struct virt_fault *fault);
/* launch/life.c: the guest broke its contract; records the reason, ends the domain. */
void vcpu_crash(struct virt_vcpu *v, const char *reason, uint64_t arg);
/* ipc/event.c: the vector by which it hears of events if one is pending, else -1. */
MUST_CHECK int vcpu_event_vector(struct virt_vcpu *v);
/* domain/vcpu.c: something changed for it: it leaves the guest soon, or wakes if it is blocked. */
void vcpu_kick(struct virt_vcpu *v);
/* domain/vcpu.c: it got a start-up interrupt; an offline one starts at vector << 12. */
void vcpu_startup(struct virt_vcpu *v, uint8_t vector);
/* domain/vcpu.c: those of its domain by number; NULL: there is none of this number. */
struct virt_vcpu *vcpu_sibling(const struct virt_vcpu *v, uint32_t id);
#endif
