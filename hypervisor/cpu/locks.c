/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks and the check of their order (locks.h).  A wrong order is a broken invariant of the
 * hypervisor and stops the machine: on one CPU it would hang for ever, on two it might.
 * percpu.locks_held: bit r = a lock of rank r is held.
 */
#include "cpu/locks.h"
#include "base/lib.h"
#include "cpu/asm.h"
#include "cpu/percpu.h"

_Static_assert(RANK_COUNT <= 31, "locks_held has a bit for each rank");

void spin_lock_slow(struct spinlock *lock)
{
	struct percpu *cpu = this_cpu();
	uint32_t bit = 1u << lock->rank;

	/* Nothing of this rank or a higher one may be held. */
	CHECK(cpu->locks_held < bit);
	while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) != 0) {
		/* Alone, nobody can ever free it. */
		CHECK(percpu_count > 1);
		while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED) != 0) {
			cpu_relax();
		}
	}
	cpu->locks_held |= bit;
}

void spin_unlock_bad(const struct spinlock *lock)
{
	panic("unlock of rank %u, which this CPU does not hold", lock->rank);
}
