/* SPDX-License-Identifier: MIT */
/*
 * The trace ring (trace.h).  One ring for the host: records are rare unless `trace` is on.  Records
 * overwritten count as lost, so that no loss is silent.
 */
#include "core/trace.h"
#include "core/lib.h"
#include "core/locks.h"
#include "cpu/time.h"

bool trace_verbose;

static struct spinlock trace_lock = SPINLOCK(RANK_TRACE);
static struct corbel_trace ring[TRACE_RECORDS];
static uint64_t last_seq; /* of the newest record; 0 = none yet */

/* The oldest record that is still in the ring. */
static uint64_t first_seq(void)
{
	return last_seq > TRACE_RECORDS ? last_seq - TRACE_RECORDS + 1 : 1;
}

void trace_add(struct corbel_trace record)
{
	spin_lock(&trace_lock);
	record.seq = ++last_seq;
	record.time_ns = now_ns();
	ring[last_seq % TRACE_RECORDS] = record;
	spin_unlock(&trace_lock);
}

uint32_t trace_read(uint64_t first, struct corbel_trace *out, uint32_t max, uint64_t *next,
		    uint64_t *lost)
{
	uint32_t copied = 0;

	spin_lock(&trace_lock);
	uint64_t seq = MAX(first, first_seq());

	for (; seq <= last_seq && copied < max; seq++) {
		out[copied++] = ring[seq % TRACE_RECORDS];
	}
	*next = seq;
	*lost = first_seq() - 1;
	spin_unlock(&trace_lock);
	return copied;
}

static const char *const kind_names[] = {"?",    "denied",    "audited", "state",   "crash",
					 "exit", "hypercall", "builder", "measure", "build"};

/* No lock: the machine is about to stop, perhaps with it held. */
void trace_dump(uint32_t last)
{
	uint64_t seq = last_seq >= last ? last_seq - last + 1 : 1;

	for (seq = MAX(seq, first_seq()); seq <= last_seq; seq++) {
		const struct corbel_trace *r = &ring[seq % TRACE_RECORDS];
		const char *kind = r->kind < ARRAY_SIZE(kind_names) ? kind_names[r->kind] : "?";

		printk("trace %lu %luus %s d%u.%u -> d%u call %x result %d class %u perm %u arg %lx",
		       r->seq, r->time_ns / 1000, kind, r->subject, r->vcpu, r->object, r->call,
		       r->result, r->cls, r->perm, r->arg);
	}
}
