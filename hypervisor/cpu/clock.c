/* SPDX-License-Identifier: MIT */
/* Arithmetic of time (clock.h); pure. */
#include "cpu/clock.h"

#define NS_PER_SECOND 1000000000ull

struct clock_scale clock_scale(uint64_t hz)
{
	struct clock_scale scale = {.shift = 0};
	uint64_t ns = NS_PER_SECOND;

	/* Bring ns/hz into [1/2, 1): then mul = ns/hz * 2^32 has 32 bits and cannot overflow.  At
	 * exactly 1 GHz that makes mul 2^31 with shift 1. */
	while (ns >= hz) {
		hz *= 2;
		scale.shift++;
	}
	while (ns * 2 < hz) {
		ns *= 2;
		scale.shift--;
	}
	scale.mul = (uint32_t)((ns << 32) / hz);
	return scale;
}

uint64_t clock_to_ns(struct clock_scale scale, uint64_t ticks)
{
	ticks = scale.shift >= 0 ? ticks << scale.shift : ticks >> -scale.shift;
	return (uint64_t)((unsigned __int128)ticks * scale.mul >> 32);
}

uint64_t clock_unix_seconds(unsigned year, unsigned month, unsigned day, unsigned hour,
			    unsigned minute, unsigned second)
{
	/* Years counted from March, so that the leap day is the last of its year. */
	uint64_t y = month > 2 ? year : year - 1;
	uint64_t m = month > 2 ? month - 3 : month + 9;
	uint64_t days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1;

	/* 719468 days from 1 March of year 0 to 1 January 1970. */
	return ((days - 719468) * 24 + hour) * 3600 + minute * 60 + second;
}
