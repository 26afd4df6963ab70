/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks with a rank.  Locks are taken in rising rank; two domains' locks in rising domid.  Each
 * CPU keeps a mask of held ranks and CHECKs the order.  The hypervisor runs with interrupts off
 * except in the idle loop, so no variant saves flags.  No lock is held across a guest copy that can
 * wait, nor across virt_run().
 */
#ifndef CORE_LOCKS_H
#define CORE_LOCKS_H
#include <stdint.h>

enum lock_rank {
	RANK_DOMAINS, /* domain list */
	RANK_DOMAIN,  /* one domain: state, NPT, parameters */
	RANK_GRANT,   /* one domain's grant table */
	RANK_EVENT,   /* all event channels (one lock: pairs need no order) */
	RANK_SCHED,   /* run queues */
	RANK_FRAMES,  /* frame table free lists */
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

void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
#endif
