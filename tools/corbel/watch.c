/* SPDX-License-Identifier: MIT */
/*
 * See watch.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/corbel/watch.h"
#include "tools/corbel/xenstore.h"

#define RETRY_S 5

/* ---- the child ----------------------------------------------------------------------------- */

/* If the parent is gone there is nobody to tell. */
static void tell(int out, enum watch_news news)
{
	char byte = (char)news;

	if (write(out, &byte, 1) != 1 && errno != EAGAIN) { /* a full pipe says enough */
		_exit(0);
	}
}

/* Until the connection ends.  One watch alone: while the library waits for the answer to a second
 * it would take the first one's event for it. */
static void follow(struct xs_handle *store, int out)
{
	unsigned count;
	char **event;

	while ((event = xs_read_watch(store, &count))) {
		free(event);
		tell(out, WATCH_fired);
	}
}

static void child(int out, const char *path)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN); /* the parent's matter */
	for (;;) {
		struct xs_handle *store = xenstore_connect();

		if (store && xs_watch(store, path, "")) {
			tell(out, WATCH_connected);
			follow(store, out);
		}
		xs_close(store);
		tell(out, WATCH_lost);
		sleep(RETRY_S);
	}
}

/* ---- the parent ---------------------------------------------------------------------------- */

int watch_start(struct watch *watch, const char *path)
{
	int ends[2];

	watch->events = -1;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) {
		return -errno;
	}
	watch->child = fork();
	if (watch->child == 0) {
		close(ends[0]);
		child(ends[1], path);
	}
	close(ends[1]);
	if (watch->child < 0) {
		int error = errno;

		close(ends[0]);
		return -error;
	}
	watch->events = ends[0];
	return 0;
}

void watch_stop(struct watch *watch)
{
	if (watch->events < 0) {
		return;
	}
	close(watch->events);
	watch->events = -1;
	kill(watch->child, SIGKILL);
	waitpid(watch->child, NULL, 0);
}

unsigned watch_take(struct watch *watch)
{
	unsigned news = WATCH_none;
	char bytes[64];
	ssize_t count;

	if (watch->events < 0) {
		return WATCH_none;
	}
	while ((count = read(watch->events, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < count; i++) {
			/* The last word about the connection counts. */
			if (bytes[i] != WATCH_fired) {
				news &= ~(unsigned)(WATCH_connected | WATCH_lost);
			}
			news |= (unsigned)bytes[i];
		}
	}
	if (count == 0) {
		watch_stop(watch);
		return WATCH_lost;
	}
	return news;
}
