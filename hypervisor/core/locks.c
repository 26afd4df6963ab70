/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks and the check of their order (locks.h).  A wrong order is a broken invariant of the
 * hypervisor and stops the machine: on one CPU it would hang for ever, on two it might.
 *
 * percpu.locks_held: bit r = a lock of rank r is held; bit r + 16 = a second one is, which only
 * domains and their grant tables may have (two domains in rising domid: the caller's duty).
 */
#include "core/locks.h"
#include "core/lib.h"
#include "cpu/asm.h"
#include "cpu/percpu.h"

#define SECOND(rank) (1u << ((rank) + 16))
#define FIRST(rank)  (1u << (rank))
#define FIRST_MASK   0xffffu

_Static_assert(RANK_COUNT <= 16, "locks_held has 16 bits for first locks");

static bool may_pair(uint8_t rank)
{
	return rank == RANK_DOMAIN || rank == RANK_GRANT;
}

void spin_lock_slow(struct spinlock *lock)
{
	struct percpu *cpu = this_cpu();
	uint32_t bit = FIRST(lock->rank);

	/* Nothing of a higher rank may be held. */
	CHECK((cpu->locks_held & FIRST_MASK) < bit << 1);
	if (cpu->locks_held & bit) {
		CHECK(may_pair(lock->rank) && !(cpu->locks_held & SECOND(lock->rank)));
		bit = SECOND(lock->rank);
	}
	while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE) != 0) {
		/* Alone, nobody can ever free it. */
		CHECK(percpu_count > 1);
		while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED) != 0) {
			cpu_relax();
		}
	}
	cpu->locks_held |= bit;
}

void spin_unlock_slow(struct spinlock *lock)
{
	struct percpu *cpu = this_cpu();

	CHECK(lock->held != 0 && (cpu->locks_held & FIRST(lock->rank)));
	if (cpu->locks_held & SECOND(lock->rank)) {
		cpu->locks_held &= ~SECOND(lock->rank);
	} else {
		cpu->locks_held &= ~FIRST(lock->rank);
	}
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}
