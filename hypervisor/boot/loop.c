/* SPDX-License-Identifier: MIT */
/*
 * The host's loop: fires timers, lets policy and builder look at the clock, polls the UART, gives
 * reaper and scrubber a bounded share, and runs the vCPU whose turn it is.  On top of everything;
 * no lock is held here.
 */
#include "boot/loop.h"
#include "cpu/cpu.h"
#include "cpu/time.h"
#include "diag/console.h"
#include "domain/sched.h"
#include "ipc/event.h"
#include "ipc/pirq.h"
#include "launch/build.h"
#include "launch/life.h"
#include "launch/policy.h"
#include "mm/frames.h"
#include "virt/virt.h"

#define CONSOLE_NS   20000000ull /* UART input is polled this often */
#define REAP_BUDGET  1024u       /* frames taken from a dying domain per pass */
#define SCRUB_BUDGET 128u        /* frames scrubbed per pass */

/* Fires what is due of one vCPU's timers; returns the next deadline. */
static uint64_t fire_vcpu_timers(struct vcpu *v, uint64_t now)
{
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
	return MIN(v->timer_deadline, v->poll_deadline);
}

/* The next deadline of anybody.  A paused domain's timers fire when it runs again. */
static uint64_t fire_timers(uint64_t now)
{
	uint64_t next = ~0ull;

	for (struct vcpu *v = sched_list(); v; v = v->next) {
		if (domain_runs(v->domain)) {
			next = MIN(next, fire_vcpu_timers(v, now));
		}
	}
	return next;
}

static uint64_t poll_console(uint64_t now)
{
	static uint64_t next;

	if (next <= now) {
		next = now + CONSOLE_NS;
		if (console_poll()) {
			event_global_virq(VIRQ_CONSOLE);
		}
	}
	return next;
}

/* Everything that has a deadline; returns the earliest to come. */
static uint64_t look_at_clock(uint64_t now)
{
	uint64_t next = fire_timers(now);

	next = MIN(next, poll_console(now));
	next = MIN(next, policy_tick(now));
	next = MIN(next, pirq_tick(now));
	builder_tick(now);
	return next;
}

/* A bounded share of what waits for somebody to do it; false: nothing is left. */
static bool clean_up(void)
{
	bool reaped = domain_reap(REAP_BUDGET);
	bool scrubbed = frames_scrub(SCRUB_BUDGET) == 0;

	return !reaped || !scrubbed;
}

void host_loop(void)
{
	for (;;) {
		uint64_t now = now_ns();
		uint64_t deadline = look_at_clock(now);
		bool more = clean_up();
		struct vcpu *v = sched_choose(now);

		if (v) {
			if (sched_run(v, deadline)) {
				build_check_stub(v);
			}
			continue;
		}
		virt_flush(); /* an idle CPU holds no guest's translations back */
		if (!more) {
			timer_arm(deadline);
			cpu_idle();
		}
	}
}
