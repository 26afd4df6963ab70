/* SPDX-License-Identifier: MIT */
/* One CPU: what it must be able to do, its control registers, waiting. */
#ifndef CPU_CPU_H
#define CPU_CPU_H
#include "base/must_check.h"
#include <stdbool.h>
#include <stdint.h>
#include "cpu/msr.h"

#define EFER_LME    (1ull << 8)
#define EFER_LMA    (1ull << 10)
#define EFER_NXE    (1ull << 11)
#define EFER_SVME   (1ull << 12)
#define EFER_AIBRSE (1ull << 21) /* automatic IBRS */

#define CR0_PE (1ull << 0)
#define CR0_MP (1ull << 1)
#define CR0_ET (1ull << 4)
#define CR0_NE (1ull << 5)
#define CR0_WP (1ull << 16)
#define CR0_PG (1ull << 31)

#define CR4_PAE        (1ull << 5)
#define CR4_MCE        (1ull << 6)
#define CR4_OSFXSR     (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_UMIP       (1ull << 11)
#define CR4_LA57       (1ull << 12)
#define CR4_OSXSAVE    (1ull << 18)
#define CR4_SMEP       (1ull << 20)
#define CR4_SMAP       (1ull << 21)

/* Names of required features that this CPU lacks, blank-separated; "" = all there. */
void cpu_missing_features(char *names, uint32_t size);
/* Has it the barrier that makes it forget predictions (MSR_PRED_CMD)? */
MUST_CHECK bool cpu_has_ibpb(void);
/* GS base of the boot CPU; must come before anything that takes a lock. */
void cpu_set_percpu(unsigned id);
/* EFER, CR0 and CR4 as the hypervisor runs: NXE, WP, and SMEP, SMAP, UMIP where the CPU has them.
 * Needed before page tables with NX bits are loaded. */
void cpu_protect(void);

/* Waits with interrupts on until one came, then turns them off again.  The caller looks at
 * need_resched first: one that is pending by then ends the wait at once. */
void cpu_idle(void);
#endif
