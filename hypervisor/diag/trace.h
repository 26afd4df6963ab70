/* SPDX-License-Identifier: MIT */
/*
 * The trace ring (struct corbel_trace, abi/corbel.h): denials, audited grants, life-cycle changes,
 * crashes; with `trace` on the command line every exit and hypercall too.  Overwrites the oldest
 * record and counts what a reader lost; never drops in silence.
 */
#ifndef DIAG_TRACE_H
#define DIAG_TRACE_H
#include <stdbool.h>
#include "abi/corbel.h"
#include "base/must_check.h"

#define TRACE_RECORDS 2048u

extern bool trace_verbose;
/* Fills seq, time and cpu; the other fields are the caller's. */
void trace_add(struct corbel_trace record);
/* For kinds that need no more: who did it, to whom, how it ended, and the kind's own number. */
static inline void trace_note(enum corbel_trace_kind kind, uint16_t subject, uint16_t object,
			      int32_t result, uint64_t arg)
{
	trace_add((struct corbel_trace){.kind = (uint16_t)kind,
					.subject = subject,
					.object = object,
					.result = result,
					.arg = arg});
}
/* Of one CPU's ring: copies records with seq >= first into out[max]; returns how many; *next is the
 * next seq to ask for, *lost the total ever overwritten. */
MAY_DROP uint32_t trace_read(uint32_t cpu, uint64_t first, struct corbel_trace *out, uint32_t max,
			     uint64_t *next, uint64_t *lost);
void trace_dump(uint32_t last); /* prints the last records; used by panic */
#endif
