/* SPDX-License-Identifier: MIT */
/*
 * Client side of the drainer's socket.  A client sends one line, `attach N`,
 * `new N` or `forget NAME`; the answer is `ok REPLAY` or `error TEXT`, after which an attached
 * stream is raw in both directions, its first REPLAY bytes being old output.
 */
#ifndef CORBEL_TOOL_CONSOLE_LINK_H
#define CORBEL_TOOL_CONSOLE_LINK_H
#include <stdbool.h>
#include <stdint.h>

struct console_script {
	const char *send;   /* typed first, with a newline; NULL = nothing */
	const char *expect; /* leave with 0 when seen; NULL = never */
	int timeout_s;      /* leave with 1 after that; 0 = never */
	bool start;         /* the domain is new and paused: it runs as soon as somebody listens */
};

/* Full path of the socket. */
void console_link_path(char *path, unsigned size);
/* Tells the drainer to look at its domains now.  Silent when it does not run. */
void console_link_announce(uint16_t domid);
/* Tells the drainer that a domain of this name is not to be restarted.  True if one was to be. */
bool console_link_forget(const char *name);
/* Connects the terminal until the console ends or Ctrl-] is typed.  Returns an exit code.  A domain
 * to be started runs afterwards even if there was no console. */
int console_link_attach(uint16_t domid, const struct console_script *script);

#endif
