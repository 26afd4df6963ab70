/* SPDX-License-Identifier: MIT */
/*
 * Flush epochs.  A change that takes rights away calls tlb_request(); a CPU carries out all
 * requests before its next guest entry (tlb_sync: flush by new ASID generation) and notes the
 * epoch. tlb_passed(e) is true when every online CPU has noted at least e.
 */
#ifndef MM_TLB_H
#define MM_TLB_H
#include "base/must_check.h"
#include "cpu/percpu.h"
#include <stdbool.h>
#include <stdint.h>

extern uint64_t tlb_requested; /* mm/tlb.c alone writes it */

MAY_DROP uint32_t tlb_request(void); /* returns the epoch that must pass */
uint64_t tlb_current(void);
MUST_CHECK bool tlb_passed(uint32_t epoch); /* one that was requested before */
/* Has this CPU carried out all?  Inline: on the path of every guest entry. */
static inline MUST_CHECK bool tlb_is_synced(const struct percpu *cpu)
{
	return cpu->tlb_epoch == __atomic_load_n(&tlb_requested, __ATOMIC_ACQUIRE);
}
MUST_CHECK bool
tlb_sync(void); /* called on this CPU before guest entry: true = flush everything now */
#endif
