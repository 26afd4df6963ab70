/* SPDX-License-Identifier: MIT */
/*
 * Promises that stand as they stood and cover less: an attribute that they name, or a set of
 * permissions, has lost something.
 */
#ifndef XSM_TOOL_SHRUNK_H
#define XSM_TOOL_SHRUNK_H
#include "xsm/tool/model.h"

/* Adds a finding, with its place in the old sources, for each expect line and neverallow rule that
 * covers a right which no expect line of the same kind, or no neverallow rule, of the new sources
 * covers; not where `gone` has the promise already.  What a type does that the new policy does not
 * have is no loss.  Both are of folders. */
void shrunk_find(const struct policy *old, const struct policy *new, struct findings *gone);
#endif
