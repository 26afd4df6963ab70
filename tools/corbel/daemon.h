/* SPDX-License-Identifier: MIT */
/*
 * What the CLI's daemons share: going to the background and a log with time stamps.
 */
#ifndef CORBEL_TOOL_DAEMON_H
#define CORBEL_TOOL_DAEMON_H
#include <stdarg.h>

/* Returns in the child only: a descriptor for daemon_ready(), or a negative errno.  The parent
 * leaves with 0 once the child says that it is ready, with 1 if it ends before. */
int daemon_fork(void);
/* Says so; from here on stderr is the file LOG_ROOT/NAME.log. */
void daemon_ready(int descriptor, const char *name);

/* One line on stderr: time, who, text. */
void daemon_say(const char *who, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

#endif
