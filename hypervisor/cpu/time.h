/* SPDX-License-Identifier: MIT */
/*
 * Time: nanoseconds since boot from the calibrated TSC, the one-shot LAPIC timer, the wall clock
 * read once from the RTC.
 */
#ifndef CPU_TIME_H
#define CPU_TIME_H
#include <stdint.h>

void time_init(void);  /* calibrates TSC and LAPIC timer against the PIT; panics when it cannot */
uint64_t now_ns(void); /* monotonic, ns since time_init */
uint64_t tsc_hz(void);
/* pvclock scaling (<xen/xen.h> struct vcpu_time_info): ns = ((tsc << shift) * mul) >> 32.
 * At exactly 1 GHz mul would be 2^32: then shift is 1 and mul 2^31. */
void time_pvclock(uint32_t *mul, int8_t *shift, uint64_t *tsc_base); /* ns 0 at tsc_base */
uint64_t wallclock_boot_ns(void); /* UTC ns since 1970 at now_ns() == 0 */

void timer_arm(uint64_t deadline_ns); /* one-shot; a past deadline fires at once; ~0 = stop */
#define VECTOR_TIMER    0xEC
#define VECTOR_SPURIOUS 0xFF
#endif
