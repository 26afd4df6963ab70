/* SPDX-License-Identifier: MIT */
/*
 * Rules of the author that record calls: whether there is anything to record.
 */
#ifndef XSM_TOOL_AUDITS_H
#define XSM_TOOL_AUDITS_H
#include "xsm/tool/folder.h"

/* A finding for each auditallow of the author's files that names no right that anybody has. */
void audits_check(const struct folder *folder, struct findings *findings);
#endif
