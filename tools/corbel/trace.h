/* SPDX-License-Identifier: MIT */
/*
 * Trace records as text: one line each, one JSON object each, or summed up for other tools.
 */
#ifndef CORBEL_TOOL_TRACE_H
#define CORBEL_TOOL_TRACE_H
#include "tools/corbel/reader.h"

/* Record i of the reader's last read. */
void trace_print(const struct reader *reader, size_t i);
void trace_print_json(const struct reader *reader, size_t i);

/* All that the trace and the counters hold of the policy in force.  Returns an exit code. */
int trace_export(void);

#endif
