/* SPDX-License-Identifier: MIT */
/*
 * Which single right the hypervisor's floor refuses.  The floor itself says only that a policy is
 * too low; here it is asked about a policy of no more than that one right.
 */
#include <string.h>
#include "xsm/tool/model.h"

/* The initial contexts, the subject, the object, and what these are to themselves. */
#define FEW ((XSM_SID_COUNT + 2) * 2)

struct small {
	unsigned context[FEW]; /* numbers in the whole policy */
	unsigned count;
};

static unsigned place(struct small *s, unsigned context)
{
	for (unsigned i = 0; i < s->count; i++) {
		if (s->context[i] == context) {
			return i;
		}
	}
	s->context[s->count] = context;
	return s->count++;
}

const char *policy_floor(const struct policy *p, const struct right *right)
{
	static const char nothing[] = "";
	struct xsm_blob_context context[FEW] = {{0}};
	uint32_t vector[2][XSM_VECTOR_WORDS] = {{0}};
	uint16_t cell[FEW * FEW] = {0};
	struct small s = {.count = 0};
	struct xsm_policy small = {
		.context = context, .cell = cell, .vector = vector[0], .names = nothing};
	const char *why;
	unsigned subject, object, few;

	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		small.sid[i] = (uint16_t)place(&s, p->xsm.sid[i]);
	}
	subject = place(&s, right->subject);
	object = place(&s, right->object);
	few = s.count;
	for (unsigned i = 0; i < few; i++) {
		context[i].self = (uint16_t)place(&s, p->xsm.context[s.context[i]].self);
	}
	for (unsigned i = 0; i < s.count; i++) {
		context[i].flags = p->xsm.context[s.context[i]].flags;
		if (i >= few) {
			context[i].self = (uint16_t)i;
		}
	}
	small.contexts = (uint16_t)s.count;
	if (xsm_floor_check(&small, &why) != 0) {
		return NULL; /* not because of this right */
	}
	cell[subject * s.count + object] = 1;
	vector[1][right->relation * XSM_CLASS_COUNT + right->cls] = 1u << right->perm;
	return xsm_floor_check(&small, &why) == 0 ? NULL : why;
}
