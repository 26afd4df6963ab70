/* SPDX-License-Identifier: MIT */
/*
 * Why a policy decides as it does: the rules and constraints behind one right, and what it would
 * take to give it.
 */
#ifndef XSM_TOOL_REASON_H
#define XSM_TOOL_REASON_H
#include "xsm/tool/model.h"

struct json_object;

struct reason {
	struct right right;
	bool allowed;
	bool sources;          /* the policy is a folder; else only floor and least are known */
	struct findings rules; /* allow rules that give it, whatever the owners */
	struct findings constraint; /* constraints that deny it for this relation of owners */
	const char *floor;          /* why the hypervisor would refuse it; NULL: it would not */
	char *least;                /* denied: the smallest rule for it */
	struct findings objection;  /* neverallow rules that forbid the least rule */
	bool possible;              /* the least rule compiles and has effect */
};

/* "(KIND SUBJECT OBJECT (CLASS (PERM)))" */
char *reason_rule(const struct policy *p, const struct right *right, const char *kind);
/* The same sources without any constraint; p is of a folder.  The copy is freed by the caller, also
 * when it fails. */
bool reason_unconstrained(const struct policy *p, struct folder *folder, struct policy *without);
/* The constraints each of which denies the right, if `extra` (more rules, or NULL) gives it. */
void reason_constraints(struct findings *constraints, const struct policy *p,
			const struct right *right, const char *extra);

void reason_find(struct reason *reason, const struct policy *p, const struct right *right);
void reason_free(struct reason *reason);
/* Several lines without the last newline, each indented by `indent`. */
char *reason_text(const struct reason *reason, const struct policy *p, const char *indent);
struct json_object *reason_json(const struct reason *reason, const struct policy *p);
/* The right and whether it is allowed; of reason only these two are read. */
struct json_object *reason_json_short(const struct reason *reason, const struct policy *p);
#endif
