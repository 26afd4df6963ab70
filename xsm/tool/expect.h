/* SPDX-License-Identifier: MIT */
/*
 * Test lines in the comments of a policy's sources:
 *
 *   ; expect allow SUBJECT OBJECT CLASS PERM [RELATION]
 *   ; expect deny  SUBJECT OBJECT CLASS PERM|* [RELATION]
 *   SUBJECT and OBJECT: a type, a context, an attribute, * (deny only); OBJECT also `self`
 *   ; retired CLASS PERM...|*     these permissions need not have a holder
 */
#ifndef XSM_TOOL_EXPECT_H
#define XSM_TOOL_EXPECT_H
#include "xsm/tool/model.h"

struct expect {
	const char *file; /* of the policy's folder */
	unsigned line;
	char *text; /* "allow tenant.t self vcpu timer" */
	bool allow;
	bool *subject, *object; /* [context]; object NULL: the own domain */
	int relation;           /* -1: all that can occur */
	unsigned cls, perm;     /* perm UINT32_MAX: all of the class */
	bool bad;               /* cannot be asked; said already */
};

struct expectations {
	struct expect *item;
	unsigned count;
	uint32_t retired[XSM_CLASS_COUNT]; /* permissions */
};

/* Reads the lines of a policy that was made of a folder; wrong ones become findings. */
void expectations_read(struct expectations *e, const struct policy *p, struct findings *findings);
/* The same of sources that do not compile, as far as can be seen without a policy. */
void expectations_look(const struct folder *folder, struct findings *findings);
void expectations_free(struct expectations *e);
/* Whether the line speaks of this right. */
bool expect_covers(const struct expect *e, const struct policy *p, const struct right *right);
/* Whether the policy is as expected; if not, a finding says what it does and why. */
bool expect_holds(const struct expect *e, const struct policy *p, struct findings *findings);
#endif
