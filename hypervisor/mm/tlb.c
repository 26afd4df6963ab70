/* SPDX-License-Identifier: MIT */
/*
 * Flush epochs (mm/tlb.h).  Requests only count up; a CPU that enters a guest first takes the
 * newest number as its own and flushes.  CPUs that are not online hold no translations.
 */
#include "mm/tlb.h"
#include "cpu/percpu.h"
#include "mm/iommu.h"

uint64_t tlb_requested;

uint32_t tlb_request(void)
{
	return (uint32_t)__atomic_add_fetch(&tlb_requested, 1, __ATOMIC_ACQ_REL);
}

uint64_t tlb_current(void)
{
	return __atomic_load_n(&tlb_requested, __ATOMIC_ACQUIRE);
}

bool tlb_passed(uint32_t epoch)
{
	/* The epoch was taken in the past: at most 2^32 requests ago. */
	uint64_t now = tlb_current(), full = now - ((uint32_t)now - epoch);

	for (uint32_t cpu = 0; cpu < percpu_count; cpu++) {
		if (__atomic_load_n(&percpu_area[cpu].tlb_epoch, __ATOMIC_ACQUIRE) < full) {
			return false;
		}
	}
	return true;
}

bool tlb_sync(void)
{
	struct percpu *cpu = this_cpu();
	uint64_t now = tlb_current();

	if (cpu->tlb_epoch == now) {
		return false;
	}
	iommu_flush(); /* devices forget, too, before this epoch has passed */
	__atomic_store_n(&cpu->tlb_epoch, now, __ATOMIC_RELEASE);
	return true;
}
