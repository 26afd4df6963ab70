/* SPDX-License-Identifier: MIT */
/*
 * Allow rules of the author that add nothing: others give all that they give.
 */
#ifndef XSM_TOOL_REPEATED_H
#define XSM_TOOL_REPEATED_H
#include "xsm/tool/model.h"

/* A finding for each allow rule outside macros and blocks without which the policy is the same; of
 * several that say the same the first is kept.  Not where a warning stands already.  Of
 * a large policy one finding says that this was not tried.  p is of a folder. */
void repeated_find(const struct policy *p, struct findings *warnings);
#endif
