/* SPDX-License-Identifier: MIT */
/*
 * Weighted round robin (domain/sched.h).  One list of vCPUs; the turn is the one's that has waited
 * longest, for a slice of SLICE_NS scaled by its domain's weight over 256.  Between two runs the
 * loop fires timers, polls the UART and gives the reaper and the scrubber a bounded share.  Lock:
 * RANK_SCHED around list and states.
 */
#include "domain/sched.h"
#include "launch/policy.h"
#include "launch/build.h"
#include "diag/console.h"
#include "ipc/event.h"
#include "gate/hypercall.h"
#include "domain/vcpu.h"
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

static struct vcpu *vcpus; /* all there are */
static struct spinlock lock = SPINLOCK(RANK_SCHED);
static uint64_t slice_end, next_console;
static uint64_t turns; /* slices given so far */

static bool can_run(const struct vcpu *v)
{
	return v->state == VCPU_runnable && domain_runs(v->domain);
}

void sched_wake(struct vcpu *v)
{
	spin_lock(&lock);
	if (v->state != VCPU_runnable && !v->halted_forever) {
		v->state = VCPU_runnable;
		v->poll_deadline = ~0ull;
		v->poll_count = 0;
		this_cpu()->need_resched = true;
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
	spin_unlock(&lock);
}

void sched_changed(void)
{
	this_cpu()->need_resched = true;
}

void sched_add(struct vcpu *v)
{
	spin_lock(&lock);
	v->next = vcpus;
	vcpus = v;
	spin_unlock(&lock);
}

void sched_forget(struct vcpu *v)
{
	struct vcpu **link = &vcpus;

	spin_lock(&lock);
	while (*link != v) {
		link = &(*link)->next;
	}
	*link = v->next;
	spin_unlock(&lock);
	if (this_cpu()->current == v) {
		this_cpu()->current = NULL; /* its FPU state dies with it */
	}
}

static __attribute__((noinline)) void wake_poller(struct vcpu *v, uint32_t port)
{
	for (uint32_t p = 0; v->state == VCPU_polling && p < v->poll_count; p++) {
		if (v->poll_ports[p] == port) {
			sched_wake(v);
		}
	}
}

void sched_poll_port(struct domain *d, uint32_t port)
{
	for (uint32_t i = 0; i < d->vcpu_count && d->vcpu[i]; i++) {
		if (__builtin_expect(d->vcpu[i]->state == VCPU_polling, 0)) {
			wake_poller(d->vcpu[i], port);
		}
	}
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

	for (struct vcpu *v = vcpus; v; v = v->next) {
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

/* Of those that can run, the one whose last turn is longest ago. */
static struct vcpu *pick(void)
{
	struct vcpu *best = NULL;

	spin_lock(&lock);
	for (struct vcpu *v = vcpus; v; v = v->next) {
		if (can_run(v) && (!best || v->turn < best->turn)) {
			best = v;
		}
	}
	if (best) {
		best->turn = ++turns;
	}
	spin_unlock(&lock);
	return best;
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
	return MIN(SLICE_NS * v->domain->record.weight / 256, SLICE_MAX_NS);
}

void sched_run(void)
{
	struct percpu *cpu = this_cpu();

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
		v = cpu->current;
		/* A vCPU whose slice is not over goes on before those that wait. */
		if (!v || now >= slice_end || !can_run(v)) {
			v = pick();
			slice_end = v ? now + slice_of(v) : 0;
		}
		if (v) {
			run(v, deadline);
			continue;
		}
		virt_flush(); /* an idle CPU holds no guest's translations back */
		if (!work) {
			timer_arm(deadline);
			cpu_idle();
		}
	}
}

void sched_yield(void)
{
	slice_end = 0; /* the others' turn */
	sched_changed();
}

long hc_sched_yield(struct hc_call *call)
{
	(void)call;
	sched_yield();
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
	rc = arg->nr_ports ? copy_from_guest(v, ports, (uintptr_t)arg->ports.p,
					     arg->nr_ports * (uint32_t)sizeof(ports[0]))
			   : 0;
	if (rc) {
		return rc;
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
