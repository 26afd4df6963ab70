/* SPDX-License-Identifier: MIT */
/*
 * The trace ring (trace.h).  One ring for the host: records are rare unless `trace` is on.  Records
 * made before trace_init() or overwritten unread-able count as lost, so that no loss is silent.
 */
#include "core/trace.h"
#include "core/lib.h"
#include "core/locks.h"
#include "cpu/time.h"

bool trace_verbose;

static struct spinlock trace_lock = SPINLOCK(RANK_TRACE);
static struct corbel_trace *ring;
static uint32_t capacity;
static uint64_t last_seq;      /* of the newest record; 0 = none yet */
static uint64_t first_seq = 1; /* oldest record that may still be in the ring */

void trace_init(void *memory, uint32_t bytes)
{
	spin_lock(&trace_lock);
	ring = memory;
	capacity = bytes / (uint32_t)sizeof(*ring);
	first_seq = last_seq + 1;
	spin_unlock(&trace_lock);
}

void trace_add(struct corbel_trace record)
{
	spin_lock(&trace_lock);
	record.seq = ++last_seq;
	record.time_ns = now_ns();
	if (capacity == 0) {
		first_seq = last_seq + 1;
	} else {
		ring[last_seq % capacity] = record;
		if (last_seq - first_seq >= capacity) {
			first_seq = last_seq - capacity + 1;
		}
	}
	spin_unlock(&trace_lock);
}

uint32_t trace_read(uint64_t first, struct corbel_trace *out, uint32_t max, uint64_t *next,
		    uint64_t *lost)
{
	uint32_t copied = 0;

	spin_lock(&trace_lock);
	uint64_t seq = MAX(first, first_seq);

	for (; seq <= last_seq && copied < max; seq++) {
		out[copied++] = ring[seq % capacity];
	}
	*next = seq;
	*lost = first_seq - 1;
	spin_unlock(&trace_lock);
	return copied;
}

static const char *const kind_names[] = {"?",    "denied",    "audited", "state",   "crash",
					 "exit", "hypercall", "builder", "measure", "build"};

/* No lock: the machine is about to stop, perhaps with it held. */
void trace_dump(uint32_t last)
{
	uint64_t seq = last_seq >= last ? last_seq - last + 1 : 1;

	for (seq = MAX(seq, first_seq); seq <= last_seq; seq++) {
		const struct corbel_trace *r = &ring[seq % capacity];
		const char *kind = r->kind < ARRAY_SIZE(kind_names) ? kind_names[r->kind] : "?";

		printk("trace %lu %luus %s d%u.%u -> d%u call %x result %d class %u perm %u arg %lx",
		       r->seq, r->time_ns / 1000, kind, r->subject, r->vcpu, r->object, r->call,
		       r->result, r->cls, r->perm, r->arg);
	}
}
