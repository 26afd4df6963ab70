/* SPDX-License-Identifier: MIT */
/*
 * The boot log as one well-formed crypto-agile log: firmware's records, those that its final events
 * table alone has, Corbel's.  The hypervisor hands on firmware's memory as it lay there
 * (abi/corbel.h, struct corbel_boot_log); here it is cut and joined.  Bounded against any bytes.
 * Needs no trust: a verifier replays the log to the quoted PCRs.
 */
#ifndef CORBEL_TOOL_RAWLOG_H
#define CORBEL_TOOL_RAWLOG_H
#include <stddef.h>
#include <stdint.h>

struct rawlog {
	uint8_t *data; /* the log; the caller frees it */
	size_t length;
	char error[256]; /* of -EBADMSG, for people */
};

/* Reads the pieces from the hypervisor and joins them.  0; -EBADMSG with log->error when they are
 * not what the hypervisor may give; else the negative errno of the call.  On failure there is no
 * data. */
int rawlog_load(struct rawlog *log);

/* The same of bytes that were read before. */
int rawlog_join(struct rawlog *log, const uint8_t *raw, size_t size);
#endif
