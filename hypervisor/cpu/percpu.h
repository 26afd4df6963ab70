/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU data, reached through GS base.  `private` is for the owning CPU alone; `shared` may be
 * touched by others under the rules given at each field.
 */
#ifndef CPU_PERCPU_H
#define CPU_PERCPU_H
#include <stdbool.h>
#include <stdint.h>

struct vcpu;

#define MAX_CPUS  8
#define MAP_SLOTS 8 /* temporary mappings per CPU, see mm/slots.h */

struct percpu {
	struct percpu *self; /* must stay first: %gs:0 */
	uint32_t id;         /* 0 .. MAX_CPUS-1 */
	/* private */
	struct vcpu *current; /* vCPU whose context is loaded, or 0 */
	uint16_t last_domain; /* whose branch history the predictors hold */
	uint32_t locks_held;  /* bit per enum lock_rank */
	uint32_t slots_used;  /* stack depth of mm/slots.c */
	uint64_t *slot_entry; /* first slot of this CPU: page-table entry and address */
	uint8_t *slot_base;
	uint64_t host_vmcb_pa; /* VMSAVE area for FS/GS/TR of the host */
	/* shared */
	bool need_resched;  /* set by anyone, cleared by the owner */
	uint64_t tlb_epoch; /* last flush epoch this CPU has carried out (mm/tlb.h) */
};

extern struct percpu percpu_area[MAX_CPUS];
extern uint32_t percpu_count; /* CPUs that run the hypervisor */

#ifdef CORBEL_HOST_TEST
#define this_cpu() (&percpu_area[0])
#else
static inline struct percpu *this_cpu(void)
{
	struct percpu *p;
	__asm__("mov %%gs:0, %0" : "=r"(p));
	return p;
}
#endif
#endif
