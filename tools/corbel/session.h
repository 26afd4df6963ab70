/* SPDX-License-Identifier: MIT */
/*
 * Dom0's side of one session with the builder, to build a domain or to load a
 * policy: posts the request ring and serves the builder's pulls from the files
 * until it says done or failed.
 */
#ifndef CORBEL_TOOL_SESSION_H
#define CORBEL_TOOL_SESSION_H
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/corbel/host.h"

struct session_file {
	int fd; /* -1 = none */
	uint64_t size;
	const char *path;
};

struct session {
	uint32_t kind;                /* CORBEL_SESSION_* */
	struct session_file files[4]; /* index: enum corbel_ring_file */
	uint8_t request[CORBEL_REQUEST_MAX];
	uint32_t request_size;
	bool progress;                        /* draw a bar on stderr */
	volatile sig_atomic_t *interrupted;   /* signals so far: 1 = give up, 2 = at once */
	int idle_ms, staging_ms, building_ms; /* longest silence in each phase; 0 = usual */
	/* results */
	int result; /* 0 or the builder's negative errno */
	uint16_t domid;
	uint32_t standing, revoked; /* policy: see struct corbel_ring */
	uint32_t instance;
	char reason[160];
	/* private */
	struct host_session host;
	uint32_t served;
	uint64_t staged, total;
};

/* A session of a kind, without files. */
void session_init(struct session *session, uint32_t kind);
/* Returns 0 with the results, or a negative errno with reason; nothing is left behind in either
 * case.  After a signal a domain that was finished is destroyed; a policy is the caller's to undo.
 */
int session_run(struct session *session);

/* One session at a time: takes the lock, after those who have it.  who: begins what is said while
 * it waits.  Returns a descriptor to close, or a negative errno, said already. */
int session_lock(const char *who);
/* Counts SIGINT, SIGTERM and SIGHUP instead of dying of them. */
volatile sig_atomic_t *session_catch_signals(void);
/* Lets them end the program again. */
void session_release_signals(void);

#endif
