/* SPDX-License-Identifier: MIT */
/*
 * The trace rings (trace.h), one for each CPU.  Records overwritten count as lost, so that no loss
 * is silent.
 */
#include "diag/trace.h"
#include "base/lib.h"
#include "cpu/locks.h"
#include "cpu/percpu.h"
#include "cpu/time.h"

bool trace_verbose;

static struct spinlock locks[MAX_CPUS] = {[0 ... MAX_CPUS - 1] = SPINLOCK(RANK_TRACE)};
static struct trace_ring {
	uint64_t last_seq; /* of the newest record; 0 = none yet */
	struct corbel_trace record[TRACE_RECORDS];
} rings[MAX_CPUS];

/* The oldest record that is still in the ring. */
static uint64_t first_seq(const struct trace_ring *r)
{
	return r->last_seq > TRACE_RECORDS ? r->last_seq - TRACE_RECORDS + 1 : 1;
}

void trace_add(struct corbel_trace record)
{
	uint32_t cpu = this_cpu()->id;
	struct trace_ring *r = &rings[cpu];

	spin_lock(&locks[cpu]);
	record.seq = ++r->last_seq;
	record.time_ns = now_ns();
	record.cpu = (uint8_t)cpu;
	r->record[r->last_seq % TRACE_RECORDS] = record;
	spin_unlock(&locks[cpu]);
}

uint32_t trace_read(uint32_t cpu, uint64_t first, struct corbel_trace *out, uint32_t max,
		    uint64_t *next, uint64_t *lost)
{
	struct trace_ring *r = &rings[cpu];
	uint32_t copied = 0;

	spin_lock(&locks[cpu]);
	uint64_t seq = MAX(first, first_seq(r));

	for (; seq <= r->last_seq && copied < max; seq++) {
		out[copied++] = r->record[seq % TRACE_RECORDS];
	}
	*next = seq;
	*lost = first_seq(r) - 1;
	spin_unlock(&locks[cpu]);
	return copied;
}

static const char *const kind_names[] = {"?",       "denied", "audited",   "state",
					 "crash",   "exit",   "hypercall", "builder",
					 "measure", "build",  "policy",    "standing"};

/* No lock: the machine is about to stop, perhaps with it held. */
void trace_dump(uint32_t last)
{
	const struct trace_ring *ring = &rings[this_cpu()->id];
	uint64_t seq = ring->last_seq >= last ? ring->last_seq - last + 1 : 1;

	for (seq = MAX(seq, first_seq(ring)); seq <= ring->last_seq; seq++) {
		const struct corbel_trace *r = &ring->record[seq % TRACE_RECORDS];
		const char *kind = r->kind < ARRAY_SIZE(kind_names) ? kind_names[r->kind] : "?";

		printk("trace %lu %luus %s d%u.%u -> d%u call %x result %d class %u perm %u arg %lx",
		       r->seq, r->time_ns / 1000, kind, r->subject, r->vcpu, r->object, r->call,
		       r->result, r->cls, r->perm, r->arg);
	}
}
