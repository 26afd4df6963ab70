/* SPDX-License-Identifier: MIT */
/*
 * A recorded trace in its text form (`corbel trace --export`), read for one policy:
 *
 *   corbel-trace 1 SHA256-OF-THE-POLICY-IN-FORCE
 *   denied|audited SUBJECT OBJECT RELATION CLASS PERM COUNT
 *   allowed|refused SUBJECT CLASS PERM COUNT
 *
 * denied and audited are calls of the trace ring; allowed and refused are the exact counters of all
 * calls, which do not know the object and include those of the ring.
 */
#ifndef XSM_TOOL_TRACE_H
#define XSM_TOOL_TRACE_H
#include "xsm/tool/model.h"

enum trace_kind { TRACE_DENIED, TRACE_AUDITED, TRACE_ALLOWED, TRACE_REFUSED };

struct trace_line {
	enum trace_kind kind;
	struct right right; /* ALLOWED and REFUSED: object and relation are 0 */
	uint64_t count;
	unsigned line; /* the first that says it */
};

/* Something that the policy lacks, so that lines were left out. */
struct trace_gap {
	char *text;
	unsigned lines, line, last; /* how many, the first and the last of them */
};

struct trace {
	const char *path;
	uint8_t digest[32];
	struct trace_line *item; /* sorted; lines that say the same are added up */
	unsigned count;
	struct trace_gap *gap;
	unsigned gaps;
};

/*
 * Reads the file, or standard input for `-`.  Every context, relation, class and permission must be
 * the policy's.  False after all faults have been named with file and line: return STATUS_BAD.
 */
bool trace_read(struct trace *trace, const char *path, const struct policy *p, bool json);
/* The same for a policy that need not be the one in force: what it lacks is a gap.  `recorded`, if
 * that one is known, must have it. */
bool trace_read_gaps(struct trace *trace, const char *path, const struct policy *p,
		     const struct policy *recorded, bool json);
void trace_free(struct trace *trace);

/* Calls of the ring with this subject, class and permission; kind is DENIED or AUDITED. */
uint64_t trace_in_ring(const struct trace *trace, enum trace_kind kind, const struct right *right);

/* Whether it was recorded under this policy. */
bool trace_is_of(const struct trace *trace, const struct policy *p);

#endif
