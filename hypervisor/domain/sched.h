/* SPDX-License-Identifier: MIT */
/*
 * Who runs next on the CPU.  The share of the CPU is the domain's, by its weight, whatever its
 * number of vCPUs; among a domain's vCPUs the one that has waited longest goes first.  A vCPU runs
 * until its slice ends, it blocks, or its domain stops; there is one hypervisor stack per CPU and
 * no handler ever sleeps in the middle.  The loop that calls this is boot/loop.c.
 *
 * INV-SCHED-1  Between domains that always want to run, CPU time goes by weight: none is ahead of
 *              another by more than a slice each (unit/sched).
 */
#ifndef DOMAIN_SCHED_H
#define DOMAIN_SCHED_H
#include "base/must_check.h"
#include "domain/domain.h"

/* Something changed for it: it leaves the guest soon, or wakes if it is blocked. */
void sched_kick(struct vcpu *v);
/* Blocked, polling, waiting or offline -> runnable. */
void sched_wake(struct vcpu *v);
void sched_sleep(struct vcpu *v, enum vcpu_state state); /* current vCPU stops after this exit */
void sched_poll_port(struct domain *d, uint32_t port);   /* wakes vCPUs polling on this port */
void sched_changed(void);          /* a deadline, or which domains run: look again */
void sched_yield(struct vcpu *v);  /* the current one: whoever else can run goes first, once */
void sched_add(struct vcpu *v);    /* into the list of all vCPUs */
void sched_forget(struct vcpu *v); /* out of it */
/* ns used so far, the current run included. */
uint64_t sched_cpu_time(const struct vcpu *v);
/* ns for which it could have run and did not, so far. */
uint64_t sched_wait_time(const struct vcpu *v);

struct vcpu *sched_list(void); /* all vCPUs, linked by v->next */
/* The current vCPU if its slice is not over, else the next in turn; NULL: none can run. */
struct vcpu *sched_choose(uint64_t now);
/* Runs v until it stops, its slice ends, or something else wants the CPU; no later than `deadline`
 * (ns since boot).  Afterwards v may be gone: false then. */
MUST_CHECK bool sched_run(struct vcpu *v, uint64_t deadline);
#endif
