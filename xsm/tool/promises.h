/* SPDX-License-Identifier: MIT */
/*
 * What a policy's sources promise beside its rules: expect lines and neverallow rules, also by the
 * call of a macro or a block inherited that has some.  They are not in the blob, so two policies of
 * the same rights can differ in them.
 */
#ifndef XSM_TOOL_PROMISES_H
#define XSM_TOOL_PROMISES_H
#include "xsm/tool/model.h"

/* A finding, with its place in the old sources, for each promise that the new ones do not make, or
 * that covers less there.  False: one of the two has no sources, so nothing can be said. */
bool promises_gone(const struct policy *old, const struct policy *new, struct findings *gone);
#endif
