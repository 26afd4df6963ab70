/* SPDX-License-Identifier: MIT */
/*
 * Who runs next (domain/sched.h).  One list of vCPUs.  Each domain has the CPU time that it used,
 * divided by its weight; the vCPU in turn is of the domain with the least.  Lock: RANK_SCHED around
 * list and states.
 */
#include "domain/sched.h"
#include "cpu/percpu.h"
#include "cpu/time.h"
#include "domain/vcpu.h"
#include "virt/virt.h"

#define SLICE_NS        5000000ull
#define SLEEP_CREDIT_NS (2 * SLICE_NS) /* by which a domain that slept may be ahead */
#define WEIGHT_DEFAULT  256u           /* of this weight: weighted time is time */

static struct {
	struct spinlock lock;
	struct vcpu *vcpus;   /* all there are */
	struct vcpu *yielded; /* is passed over once */
	uint64_t slice_end;   /* of the current vCPU */
	uint64_t turns;       /* slices given so far */
	uint64_t turn_start;  /* weighted time of the domain that had the last turn, never less than
			       * before: where a domain that slept comes in */
} sched = {.lock = SPINLOCK(RANK_SCHED)};

static bool can_run(const struct vcpu *v)
{
	return v->state == VCPU_runnable && domain_runs(v->domain);
}

/* Who slept comes before the others, but not for all the time that it slept. */
static void catch_up(struct domain *d)
{
	uint64_t earliest =
		sched.turn_start > SLEEP_CREDIT_NS ? sched.turn_start - SLEEP_CREDIT_NS : 0;

	d->weighted_ns = MAX(d->weighted_ns, earliest);
}

void sched_wake(struct vcpu *v)
{
	spin_lock(&sched.lock);
	if (v->state != VCPU_runnable && !v->halted_forever) {
		v->state = VCPU_runnable;
		catch_up(v->domain);
		v->poll_deadline = ~0ull;
		v->poll_count = 0;
		this_cpu()->need_resched = true;
	}
	spin_unlock(&sched.lock);
	vcpu_runstate_set(v, RUNSTATE_runnable);
}

void sched_kick(struct vcpu *v)
{
	v->virt.kicked = true;
	if (v->state == VCPU_blocked || v->state == VCPU_polling) {
		sched_wake(v); /* an event ends a poll as well, whatever its port: Xen's rule */
	}
}

void sched_sleep(struct vcpu *v, enum vcpu_state state)
{
	spin_lock(&sched.lock);
	v->state = (uint8_t)state;
	spin_unlock(&sched.lock);
	/* One that runs is accounted after its run; one that has run already waits for no CPU
	 * now. */
	if (v->runstate.state == RUNSTATE_runnable) {
		vcpu_runstate_set(v, RUNSTATE_blocked);
	}
}

void sched_changed(void)
{
	this_cpu()->need_resched = true;
}

void sched_yield(struct vcpu *v)
{
	sched.slice_end = 0;
	sched.yielded = v;
	sched_changed();
}

struct vcpu *sched_list(void)
{
	return sched.vcpus;
}

void sched_add(struct vcpu *v)
{
	spin_lock(&sched.lock);
	v->next = sched.vcpus;
	sched.vcpus = v;
	spin_unlock(&sched.lock);
}

void sched_forget(struct vcpu *v)
{
	struct vcpu **link = &sched.vcpus;

	spin_lock(&sched.lock);
	while (*link != v) {
		link = &(*link)->next;
	}
	*link = v->next;
	if (sched.yielded == v) {
		sched.yielded = NULL;
	}
	spin_unlock(&sched.lock);
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

uint64_t sched_wait_time(const struct vcpu *v)
{
	const struct vcpu_runstate_info *r = &v->runstate;
	uint64_t waiting = r->state == RUNSTATE_runnable ? now_ns() - r->state_entry_time : 0;

	return r->time[RUNSTATE_runnable] + waiting;
}

/* Whether a goes before b: the domain that is behind its share; of one domain, who waited
 * longer. */
static bool goes_before(const struct vcpu *a, const struct vcpu *b)
{
	if (a->domain->weighted_ns != b->domain->weighted_ns) {
		return a->domain->weighted_ns < b->domain->weighted_ns;
	}
	return a->turn < b->turn;
}

static struct vcpu *pick(void)
{
	struct vcpu *best = NULL;

	spin_lock(&sched.lock);
	for (struct vcpu *v = sched.vcpus; v; v = v->next) {
		if (can_run(v) && v != sched.yielded && (!best || goes_before(v, best))) {
			best = v;
		}
	}
	if (!best && sched.yielded && can_run(sched.yielded)) {
		best = sched.yielded;
	}
	sched.yielded = NULL;
	if (best) {
		best->turn = ++sched.turns;
		sched.turn_start = MAX(sched.turn_start, best->domain->weighted_ns);
	}
	spin_unlock(&sched.lock);
	return best;
}

struct vcpu *sched_choose(uint64_t now)
{
	struct vcpu *v = this_cpu()->current;

	this_cpu()->need_resched = false;
	if (!v || now >= sched.slice_end || !can_run(v)) {
		v = pick();
		sched.slice_end = v ? now + SLICE_NS : 0;
	}
	return v;
}

static void switch_to(struct vcpu *v)
{
	struct percpu *cpu = this_cpu();

	if (cpu->current == v) {
		return;
	}
	if (cpu->current) {
		virt_save(&cpu->current->virt);
		cpu->current = NULL;
	}
	if (cpu->last_domain != v->domain->id) {
		virt_barrier();
		cpu->last_domain = v->domain->id;
	}
	virt_load(&v->virt);
	cpu->current = v;
}

/* Charges a run to the vCPU, and to its domain by weight. */
static void charge(struct vcpu *v)
{
	uint64_t ran = now_ns() - v->run_start;

	v->cpu_time_ns += ran;
	v->run_start = 0;
	v->domain->weighted_ns += ran * WEIGHT_DEFAULT / v->domain->launch.record.weight;
}

bool sched_run(struct vcpu *v, uint64_t deadline)
{
	struct percpu *cpu = this_cpu();
	enum virt_action action;

	switch_to(v);
	vcpu_runstate_set(v, RUNSTATE_running);
	v->run_start = now_ns();
	timer_arm(MIN(sched.slice_end, deadline));
	do {
		action = virt_run(&v->virt);
	} while (action == VIRT_RESUME && !cpu->need_resched);
	if (cpu->current != v) {
		return false; /* destroyed by its own exit */
	}
	charge(v);
	vcpu_runstate_set(v, v->state == VCPU_runnable ? RUNSTATE_runnable : RUNSTATE_blocked);
	return true;
}
