/* SPDX-License-Identifier: MIT */
/*
 * Dom0's side of one build session: posts the request ring and serves the
 * builder's pulls from the image files until it says done or failed.
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
	struct session_file files[3]; /* index: enum corbel_ring_file */
	uint8_t request[CORBEL_REQUEST_MAX];
	uint32_t request_size;
	bool progress;                        /* draw a bar on stderr */
	volatile sig_atomic_t *interrupted;   /* signals so far: 1 = give up, 2 = at once */
	int idle_ms, staging_ms, building_ms; /* longest silence in each phase; 0 = usual */
	/* results */
	int result; /* 0 or the builder's negative errno */
	uint16_t domid;
	uint32_t instance;
	char reason[160];
	/* private */
	struct host_session host;
	uint32_t served;
	uint64_t staged, total;
};

/* Returns 0 with domid, or a negative errno with reason; nothing is left behind in either case. */
int session_run(struct session *session);

#endif
