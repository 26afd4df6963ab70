/* SPDX-License-Identifier: MIT */
/* This CPU's local APIC, xAPIC mode, registers at LAPIC_BASE (APM vol. 2 chapter 16). */
#ifndef CPU_LAPIC_H
#define CPU_LAPIC_H
#include <stdint.h>

#define LAPIC_BASE 0xFEE00000ul

/* Masks the PICs, turns the local APIC on with every local interrupt masked.  Panics when it is not
 * where it must be. */
void lapic_init(void);
void lapic_eoi(void);
/* One-shot timer, divide by 1: 0 stops it.  Fires VECTOR_TIMER. */
void lapic_timer_set(uint32_t count);
/* Free-running for calibration: masked, from ~0 down. */
void lapic_timer_measure(void);
uint32_t lapic_timer_count(void);
#endif
