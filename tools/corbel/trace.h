/* SPDX-License-Identifier: MIT */
/*
 * Trace records as text; names from hypercalls.def and perms.def.
 */
#ifndef CORBEL_TOOL_TRACE_H
#define CORBEL_TOOL_TRACE_H
#include <stddef.h>

#include "abi/corbel.h"

void trace_call_name(uint32_t call, char *out, size_t size);
void trace_permission_name(unsigned class, unsigned perm, char *out, size_t size);
void trace_print(const struct corbel_trace *record);
void trace_print_json(const struct corbel_trace *record);

#endif
