/* SPDX-License-Identifier: MIT */
/*
 * Rules that would allow the denied calls of a trace, each held against the floor, the sources'
 * neverallow rules and their constraints.
 */
#ifndef XSM_TOOL_PROPOSE_H
#define XSM_TOOL_PROPOSE_H
#include "xsm/tool/trace.h"

struct proposal {
	struct right right; /* in struct proposals.checker */
	uint64_t calls;
	char *why; /* not to be proposed, because; NULL: proposed */
};

struct proposals {
	const struct policy *checker; /* sources that the rules were compiled with */
	struct proposal *item; /* by subject, object, class, permission; relations side by side */
	unsigned count;
	uint64_t allowed_already; /* denied calls that the policy allows */
	struct proposal *extra;   /* rights that the rules give although nobody asked */
	unsigned extras;
};

/* p is what the trace was read for; checker is p, or a policy of sources that has its contexts. */
void proposals_make(struct proposals *all, const struct trace *trace, const struct policy *p,
		    const struct policy *checker);
void proposals_free(struct proposals *all);

/* Proposals that share a rule: the items from `first` on, up to the returned number. */
unsigned proposals_rule(const struct proposals *all, unsigned first);
/* Whether the rule from first to end has anything to propose, and its text. */
bool proposals_has_rule(const struct proposals *all, unsigned first, unsigned end);
char *proposals_text(const struct proposals *all, unsigned first, unsigned end);

#endif
