/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic of time.c, apart so that tests can run it: ns = ((ticks << shift) * mul) >> 32, as
 * pvclock has it (<xen/xen.h> struct vcpu_time_info).
 */
#ifndef CPU_CLOCK_H
#define CPU_CLOCK_H
#include <stdint.h>

struct clock_scale {
	uint32_t mul;
	int8_t shift;
};

/* Scale from a frequency to ns; mul keeps 31 to 32 significant bits. */
struct clock_scale clock_scale(uint64_t hz);
uint64_t clock_to_ns(struct clock_scale scale, uint64_t ticks);
/* Seconds since 1970 of a UTC calendar date, year >= 1970. */
uint64_t clock_unix_seconds(unsigned year, unsigned month, unsigned day, unsigned hour,
			    unsigned minute, unsigned second);
#endif
