/* SPDX-License-Identifier: MIT */
/*
 * Allow rules that a constraint empties: they compile, and nobody ever gets what they give.
 */
#ifndef XSM_TOOL_EMPTIED_H
#define XSM_TOOL_EMPTIED_H
#include "xsm/tool/model.h"

/* A finding for each permission of an allow rule that constraints deny for all its subjects and
 * objects and in every relation of owners; it names the rule's place and theirs.  p is of a
 * folder. */
void emptied_find(const struct policy *p, struct findings *warnings);
#endif
