/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks with a rank.  Locks are taken in rising rank, never two of one rank.  Each CPU keeps a
 * mask of held ranks and CHECKs the order.  The hypervisor runs with interrupts off except in the
 * idle loop, so no variant saves flags.  No lock is held across a guest copy that can wait, nor
 * across virt_run().
 */
#ifndef CPU_LOCKS_H
#define CPU_LOCKS_H
#include <stdint.h>
#include "cpu/percpu.h"

enum lock_rank {
	RANK_DOMAINS, /* domain list */
	RANK_DOMAIN,  /* one domain: state, NPT, parameters */
	RANK_GRANT,   /* one domain's grant table */
	RANK_EVENT,   /* all event channels (one lock: pairs need no order) */
	RANK_SCHED,   /* run queues */
	RANK_FRAMES,  /* frame table, dirty list */
	RANK_HEAP,    /* hypervisor page pool */
	RANK_TRACE,
	RANK_CONSOLE,
	RANK_COUNT
};

struct spinlock {
	uint32_t held;
	uint8_t rank; /* enum lock_rank */
};
#define SPINLOCK(r)                                                                                \
	{                                                                                          \
		.held = 0, .rank = (r)                                                             \
	}

/* Everything but the usual case: contention, a broken order (stops). */
void spin_lock_slow(struct spinlock *lock);
__attribute__((noreturn)) void spin_unlock_bad(const struct spinlock *lock);

static inline void spin_lock(struct spinlock *lock)
{
	struct percpu *cpu = this_cpu();

	/* No lock of this rank or above is held, and this one is free. */
	if (__builtin_expect(cpu->locks_held >> lock->rank, 0) ||
	    __builtin_expect(__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE), 0)) {
		spin_lock_slow(lock);
		return;
	}
	cpu->locks_held |= 1u << lock->rank;
}

static inline void spin_unlock(struct spinlock *lock)
{
	struct percpu *cpu = this_cpu();
	uint32_t bit = 1u << lock->rank;

	if (__builtin_expect(!(cpu->locks_held & bit) || !lock->held, 0)) {
		spin_unlock_bad(lock);
	}
	cpu->locks_held &= ~bit;
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}
#endif
