/* SPDX-License-Identifier: MIT */
/*
 * A bounded log file per console: at CONSOLE_LOG_MAX bytes the file becomes
 * FILE.1 and a new one starts, so a tenant can fill at most twice that.
 */
#ifndef CORBEL_TOOL_CONSOLE_LOG_H
#define CORBEL_TOOL_CONSOLE_LOG_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CONSOLE_LOG_MAX (1u << 20)

extern const char *console_log_root; /* "/var/log/corbel"; tests point it elsewhere */

struct console_log {
	int fd; /* -1: no file; output is still drained */
	size_t size;
	char path[256];
};

int console_log_prepare(void);
/* A fresh file for a new domain.  keep: go on with the file that is there. */
int console_log_open(struct console_log *log, uint16_t domid, int keep);
void console_log_write(struct console_log *log, const char *bytes, size_t size);
/* The last bytes written, at most size; returns how many. */
size_t console_log_tail(const struct console_log *log, char *to, size_t size);
void console_log_close(struct console_log *log);

#endif
