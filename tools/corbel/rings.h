/* SPDX-License-Identifier: MIT */
/*
 * Reader of the trace rings: each CPU has its own, with its own sequence numbers.  One read takes
 * what is new in all of them, in order of time.
 */
#ifndef CORBEL_TOOL_RINGS_H
#define CORBEL_TOOL_RINGS_H
#include <stddef.h>

#include "abi/corbel.h"

#define RINGS_MAX 256 /* the CPU's number is one byte */

struct rings {
	uint64_t read[RINGS_MAX]; /* number of the last record that was read, 0 = none */
	uint64_t lost;            /* records that were overwritten before they could be read here */
	/* of the last read */
	struct corbel_trace *records;
	size_t count, room;
	uint64_t gap_ns; /* nothing is missing after this time */
};

/* Fills records with all that is new; may be called again and again.  Returns 0 or a negative
 * errno. */
int rings_read(struct rings *rings);
void rings_free(struct rings *rings);

#endif
