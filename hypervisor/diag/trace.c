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

/* The oldest of the newest `count` records; no ring holds more than TRACE_RECORDS. */
static uint64_t first_of_last(const struct trace_ring *ring, uint32_t count)
{
	if (ring->last_seq <= count) {
		return 1;
	}
	return ring->last_seq - count + 1;
}

static uint64_t oldest_seq(const struct trace_ring *ring)
{
	return first_of_last(ring, TRACE_RECORDS);
}

void trace_add(struct corbel_trace record)
{
	uint32_t cpu = this_cpu()->id;
	struct trace_ring *ring = &rings[cpu];

	spin_lock(&locks[cpu]);
	ring->last_seq++;
	record.seq = ring->last_seq;
	record.time_ns = now_ns();
	record.cpu = (uint8_t)cpu;
	ring->record[record.seq % TRACE_RECORDS] = record;
	spin_unlock(&locks[cpu]);
}

uint32_t trace_read(uint32_t cpu, uint64_t first, struct corbel_trace *out, uint32_t max,
		    uint64_t *next, uint64_t *lost)
{
	struct trace_ring *ring = &rings[cpu];
	uint32_t copied = 0;
	uint64_t seq;

	spin_lock(&locks[cpu]);
	seq = MAX(first, oldest_seq(ring));
	while (seq <= ring->last_seq && copied < max) {
		out[copied] = ring->record[seq % TRACE_RECORDS];
		copied++;
		seq++;
	}
	*next = seq;
	*lost = oldest_seq(ring) - 1;
	spin_unlock(&locks[cpu]);
	return copied;
}

static const char *kind_name(unsigned kind)
{
	static const char *const names[] = CORBEL_TRACE_NAMES;

	if (kind >= ARRAY_SIZE(names) || !names[kind]) {
		return "?";
	}
	return names[kind];
}

/* No lock: the machine is about to stop, perhaps with it held. */
void trace_dump(uint32_t last)
{
	const struct trace_ring *ring = &rings[this_cpu()->id];
	uint64_t seq = first_of_last(ring, MIN(last, TRACE_RECORDS));

	for (; seq <= ring->last_seq; seq++) {
		const struct corbel_trace *r = &ring->record[seq % TRACE_RECORDS];

		printk("trace %lu %luus %s d%u.%u -> d%u call %x result %d class %u perm %u arg %lx",
		       r->seq, r->time_ns / 1000, kind_name(r->kind), r->subject, r->vcpu,
		       r->object, r->call, r->result, r->cls, r->perm, r->arg);
	}
}
