/* SPDX-License-Identifier: MIT */
/*
 * Compilation of what an author wrote: what he should not write is refused, and what the compiler
 * says is said of the place that he has to change.
 */
#ifndef XSM_TOOL_AUTHORED_H
#define XSM_TOOL_AUTHORED_H
#include "xsm/tool/folder.h"

/* As folder_compile().  All faults that can be found are found in one run, those in the author's
 * own files first. */
sepol_policydb_t *authored_compile(const struct folder *folder, const char *extra, bool neverallow,
				   struct findings *findings);
#endif
