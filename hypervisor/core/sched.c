/* SPDX-License-Identifier: MIT */
/*
 * Weighted round robin (core/sched.h).  One FIFO of runnable vCPUs; a slice is SLICE_NS scaled by
 * the domain's weight over 256.  Between two runs the loop fires timers, polls the UART and gives
 * the reaper and the scrubber a bounded share.  Lock: RANK_SCHED around the lists.
 */
#include "core/sched.h"
#include "core/policy.h"
#include "core/build.h"
#include "core/console.h"
#include "core/event.h"
#include "core/hypercall.h"
#include "core/vcpu.h"
#include "cpu/cpu.h"
#include "cpu/percpu.h"
#include "cpu/time.h"
#include "mm/frames.h"
#include "virt/virt.h"
#include "virt/vlapic.h"
#include <xen/errno.h>

#define SLICE_NS     5000000ull
#define SLICE_MAX_NS 50000000ull /* a heavy domain still lets others in */
#define CONSOLE_NS   20000000ull /* UART input is polled this often */
#define REAP_BUDGET  1024u       /* frames taken from a dying domain per pass */
#define SCRUB_BUDGET 128u        /* frames scrubbed per pass */

static struct vcpu *queue_head, *queue_tail, *all_vcpus;
static struct spinlock lock = SPINLOCK(RANK_SCHED);
static uint64_t slice_end, next_console;

static void enqueue(struct vcpu *v)
{
	if (v->queued) {
		return;
	}
	v->queued = true;
	v->next = NULL;
	if (queue_tail) {
		queue_tail->next = v;
	} else {
		queue_head = v;
	}
	queue_tail = v;
}

static void dequeue(struct vcpu *v)
{
	struct vcpu *before = NULL;

	if (!v->queued) {
		return;
	}
	for (struct vcpu *q = queue_head; q != v; q = q->next) {
		before = q;
	}
	if (before) {
		before->next = v->next;
	} else {
		queue_head = v->next;
	}
	if (queue_tail == v) {
		queue_tail = before;
	}
	v->queued = false;
}

void sched_wake(struct vcpu *v)
{
	spin_lock(&lock);
	if (v->state != VCPU_runnable && !v->halted_forever) {
		v->state = VCPU_runnable;
		v->poll_deadline = ~0ull;
		v->poll_count = 0;
		if (domain_runs(v->domain)) {
			enqueue(v);
			this_cpu()->need_resched = true;
		}
	}
	spin_unlock(&lock);
	vcpu_runstate_set(v, RUNSTATE_runnable);
}

void sched_kick(struct vcpu *v)
{
	v->kicked = true;
	if (v->state == VCPU_blocked || v->state == VCPU_polling) {
		sched_wake(v); /* an event ends a poll as well, whatever its port: Xen's rule */
	}
}

void sched_sleep(struct vcpu *v, enum vcpu_state state)
{
	spin_lock(&lock);
	v->state = (uint8_t)state;
	dequeue(v);
	spin_unlock(&lock);
}

void sched_remove(struct vcpu *v)
{
	spin_lock(&lock);
	dequeue(v);
	spin_unlock(&lock);
	this_cpu()->need_resched = true;
}

void sched_resume(struct vcpu *v)
{
	spin_lock(&lock);
	if (v->state == VCPU_runnable && domain_runs(v->domain)) {
		enqueue(v);
		this_cpu()->need_resched = true;
	}
	spin_unlock(&lock);
}

void sched_yield_now(void)
{
	slice_end = 0; /* the run loop re-queues the current vCPU at the tail */
	this_cpu()->need_resched = true;
}

void sched_add(struct vcpu *v)
{
	spin_lock(&lock);
	v->all_next = all_vcpus;
	all_vcpus = v;
	spin_unlock(&lock);
}

void sched_forget(struct vcpu *v)
{
	struct vcpu **link = &all_vcpus;

	spin_lock(&lock);
	dequeue(v);
	while (*link != v) {
		link = &(*link)->all_next;
	}
	*link = v->all_next;
	spin_unlock(&lock);
	if (this_cpu()->current == v) {
		this_cpu()->current =
			NULL; /* its FPU state dies with it; the next load replaces it */
	}
}

void sched_poll_port(struct domain *d, uint32_t port)
{
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		struct vcpu *v = d->vcpu[i];

		for (uint32_t p = 0; v && v->state == VCPU_polling && p < v->poll_count; p++) {
			if (v->poll_ports[p] == port) {
				sched_wake(v);
			}
		}
	}
}

void sched_timer_changed(void)
{
	this_cpu()->need_resched = true;
}

uint64_t sched_cpu_time(const struct vcpu *v)
{
	uint64_t running = this_cpu()->current == v && v->run_start ? now_ns() - v->run_start : 0;

	return v->cpu_time_ns + running;
}

/* Fires what is due; returns the next deadline of anybody. */
static uint64_t fire_timers(uint64_t now)
{
	uint64_t next = ~0ull;

	for (struct vcpu *v = all_vcpus; v; v = v->all_next) {
		if (!domain_runs(v->domain)) {
			continue; /* a paused domain's timers fire when it runs again */
		}
		if (v->timer_deadline <= now) {
			v->timer_deadline = ~0ull;
			event_virq(v, VIRQ_TIMER);
		}
		if (v->poll_deadline <= now) {
			v->poll_deadline = ~0ull;
			if (v->state == VCPU_polling) {
				sched_wake(v);
			}
		}
		next = MIN(next, MIN(v->timer_deadline, v->poll_deadline));
	}
	if (next_console <= now) {
		next_console = now + CONSOLE_NS;
		if (console_poll()) {
			event_global_virq(VIRQ_CONSOLE);
		}
	}
	return MIN(next, next_console);
}

static struct vcpu *pick(void)
{
	struct vcpu *v;

	spin_lock(&lock);
	v = queue_head;
	if (v) {
		dequeue(v);
	}
	spin_unlock(&lock);
	return v;
}

static void switch_to(struct vcpu *v)
{
	struct percpu *cpu = this_cpu();

	if (cpu->current == v) {
		return;
	}
	if (cpu->current) {
		virt_save(cpu->current);
	}
	if (cpu->last_domain != v->domain->id) {
		virt_barrier();
		cpu->last_domain = v->domain->id;
	}
	virt_load(v);
}

/* Runs v until it stops, or something else wants the CPU. */
static void run(struct vcpu *v, uint64_t next_deadline)
{
	struct percpu *cpu = this_cpu();
	enum virt_action action;

	switch_to(v);
	vcpu_runstate_set(v, RUNSTATE_running);
	v->run_start = now_ns();
	timer_arm(MIN(slice_end, next_deadline));
	do {
		action = virt_run(v);
	} while (action == VIRT_RESUME && !cpu->need_resched);
	if (cpu->current != v) {
		return; /* the vCPU was destroyed by its own exit */
	}
	v->cpu_time_ns += now_ns() - v->run_start;
	v->run_start = 0;
	if (v->stub_budget_ns && v->cpu_time_ns > v->stub_budget_ns) {
		build_stub_ended(v->domain, CORBEL_STUB_TIMEDOUT, virt_rip(v));
	}
	vcpu_runstate_set(v, v->state == VCPU_runnable ? RUNSTATE_runnable : RUNSTATE_blocked);
}

static uint64_t slice_of(const struct vcpu *v)
{
	return MIN(SLICE_NS * v->domain->weight / 256, SLICE_MAX_NS);
}

void sched_run(void)
{
	struct percpu *cpu = this_cpu();
	struct vcpu *last = NULL;

	for (;;) {
		uint64_t now = now_ns(), deadline;
		struct vcpu *v;
		bool work;

		cpu->need_resched = false;
		deadline = fire_timers(now);
		deadline = MIN(deadline, policy_tick(now));
		builder_tick(now);
		work = !domain_reap(REAP_BUDGET);
		work = (frames_scrub(SCRUB_BUDGET) != 0) || work;
		if (last && cpu->current != last) {
			last = NULL; /* the reaper took it */
		}
		/* A vCPU whose slice is not over goes on before those that wait. */
		if (last && now < slice_end && last->state == VCPU_runnable && last->queued &&
		    domain_runs(last->domain)) {
			v = last;
			dequeue(v);
		} else {
			v = pick();
			slice_end = v ? now + slice_of(v) : 0;
		}
		last = v;
		if (!v) {
			virt_flush(); /* an idle CPU holds no guest's translations back */
			if (!work) {
				timer_arm(deadline);
				cpu_idle();
			}
			continue;
		}
		run(v, deadline);
		if (cpu->current != v) {
			last = NULL;
		} else if (v->state == VCPU_runnable && domain_runs(v->domain)) {
			spin_lock(&lock);
			enqueue(v);
			spin_unlock(&lock);
		}
	}
}

long hc_sched_yield(struct hc_call *call)
{
	(void)call;
	sched_yield_now();
	return 0;
}

long hc_sched_block(struct hc_call *call)
{
	bool interrupt = virt_interrupts_on(call->vcpu) && vlapic_pending(call->vcpu) >= 0;

	if (!event_pending(call->vcpu) && !interrupt) {
		sched_sleep(call->vcpu, VCPU_blocked);
		call->block = true;
	}
	return 0;
}

long hc_sched_shutdown(struct hc_call *call)
{
	const struct sched_shutdown *arg = (void *)call->in.bytes;

	if (arg->reason > SHUTDOWN_MAX || arg->reason == SHUTDOWN_suspend) {
		return -XEN_EINVAL; /* nothing can resume a suspended domain here */
	}
	if (arg->reason == SHUTDOWN_crash) {
		domain_crash(call->caller, "its kernel reported a crash", virt_rip(call->vcpu));
	} else {
		domain_shutdown(call->caller, (uint16_t)arg->reason);
	}
	call->block = true;
	return 0;
}

long hc_sched_poll(struct hc_call *call)
{
	const struct sched_poll *arg = (void *)call->in.bytes;
	struct vcpu *v = call->vcpu;
	uint32_t ports[ARRAY_SIZE(v->poll_ports)];
	int rc;

	if (arg->nr_ports > ARRAY_SIZE(ports)) {
		return -XEN_EINVAL;
	}
	if (arg->nr_ports) {
		rc = copy_from_guest(v, ports, (uintptr_t)arg->ports.p,
				     arg->nr_ports * (uint32_t)sizeof(ports[0]));
		if (rc) {
			return rc;
		}
	}
	for (uint32_t i = 0; i < arg->nr_ports; i++) {
		if (ports[i] >= EVENT_PORTS) {
			return -XEN_EINVAL;
		}
		if (event_port_pending(call->caller, ports[i])) {
			return 0;
		}
	}
	if (arg->timeout && arg->timeout <= now_ns()) {
		return 0;
	}
	memcpy(v->poll_ports, ports, arg->nr_ports * sizeof(ports[0]));
	v->poll_count = arg->nr_ports;
	sched_sleep(v, VCPU_polling);
	v->poll_deadline = arg->timeout ? arg->timeout : ~0ull;
	call->block = true;
	return 0;
}
