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

struct trace {
	const char *path;
	uint8_t digest[32];
	struct trace_line *item; /* sorted; lines that say the same are added up */
	unsigned count;
};

/*
 * Reads the file.  Every context, relation, class and permission must be the
 * policy's.  False after all faults have been named with file and line: return STATUS_BAD.
 */
bool trace_read(struct trace *trace, const char *path, const struct policy *p, bool json);
void trace_free(struct trace *trace);

/* Calls of the ring with this subject, class and permission; kind is DENIED or AUDITED. */
uint64_t trace_in_ring(const struct trace *trace, enum trace_kind kind, const struct right *right);

/* Whether it was recorded under this policy. */
bool trace_is_of(const struct trace *trace, const struct policy *p);

#endif
