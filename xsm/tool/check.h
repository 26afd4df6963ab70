/* SPDX-License-Identifier: MIT */
/*
 * What verb check finds, for verbs that must not go on when it finds something.
 */
#ifndef XSM_TOOL_CHECK_H
#define XSM_TOOL_CHECK_H
#include "xsm/tool/model.h"

/* Loads the policy and checks it; whether there is nothing to object to.  The policy is to be freed
 * in either case; `expected` counts its expect lines. */
bool check_policy(struct policy *p, const char *path, const char *base, struct findings *findings,
		  unsigned *expected);
/* The exit status that the findings ask for. */
int check_status(const struct findings *findings);
#endif
