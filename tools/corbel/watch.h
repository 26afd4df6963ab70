/* SPDX-License-Identifier: MIT */
/*
 * A watch on xenstore for whoever polls other things too.  A child process waits for it and says so
 * through a pipe: the static libxenstore has no descriptor to poll.  So neither a xenstored that
 * hangs nor one that is gone holds up the parent, and the child connects again when there is one.
 */
#ifndef CORBEL_TOOL_WATCH_H
#define CORBEL_TOOL_WATCH_H
#include <stdbool.h>
#include <sys/types.h>

struct watch {
	int events; /* descriptor to poll, -1 = no child */
	pid_t child;
};

enum watch_news {
	WATCH_none = 0,
	WATCH_fired = 1,     /* the path or what is below it has changed, or may have */
	WATCH_connected = 2, /* a xenstored answers: from now on changes are told */
	WATCH_lost = 4,      /* none does: changes are not told until WATCH_connected */
};

/* The caller has no grant mapped and no lock that matters, or the child would keep it.  0 or a
 * negative errno. */
int watch_start(struct watch *watch, const char *path);
/* Takes what the child has said, without waiting: any of WATCH_*.  When the child itself has ended,
 * WATCH_lost, and events is -1. */
unsigned watch_take(struct watch *watch);
void watch_stop(struct watch *watch);

#endif
