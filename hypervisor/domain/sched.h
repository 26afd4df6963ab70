/* SPDX-License-Identifier: MIT */
/*
 * Weighted round robin on each physical CPU.  A vCPU runs until its slice ends, it blocks, or its
 * domain stops; there is one hypervisor stack per CPU and no handler ever sleeps in the middle.
 */
#ifndef DOMAIN_SCHED_H
#define DOMAIN_SCHED_H
#include "domain/domain.h"

void sched_wake(struct vcpu *v); /* blocked, polling or waiting -> runnable */
void sched_kick(
	struct vcpu *v); /* something changed for it: leave the guest soon / wake if blocked */
void sched_sleep(struct vcpu *v, enum vcpu_state state); /* current vCPU stops after this exit */
void sched_poll_port(struct domain *d, uint32_t port);   /* wakes vCPUs polling on this port */
void sched_yield(void);                                  /* after this exit, the others' turn */
void sched_changed(void);                      /* a deadline, or which domains run: look again */
void sched_add(struct vcpu *v);                /* into the list of all vCPUs */
void sched_forget(struct vcpu *v);             /* out of it */
uint64_t sched_cpu_time(const struct vcpu *v); /* ns used so far, the current run included */
__attribute__((noreturn)) void sched_run(void);
#endif
