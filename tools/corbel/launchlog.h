/* SPDX-License-Identifier: MIT */
/*
 * Dom0's store of the launch log (abi/log.h): one file for each boot, <root>/BOOTID.log, record i
 * at byte 512 * i.  It is append-only and the only place where a record is kept for good: the
 * hypervisor is told that it may forget a record only when fsync() has returned for it.  Nobody
 * trusts the store: a verifier sees by the tree's root whether a record is lost or altered.
 */
#ifndef CORBEL_TOOL_LAUNCHLOG_H
#define CORBEL_TOOL_LAUNCHLOG_H
#include <stddef.h>
#include <stdint.h>

#include "abi/log.h"

extern const char *launchlog_root; /* "/var/lib/corbel/launchlog"; tests point it elsewhere */

struct launchlog {
	int fd;         /* of this boot's file, with its lock; -1: closed */
	uint64_t count; /* whole records in it */
	uint8_t boot_id[32];
	char path[256];
	char error[512]; /* what went wrong, for people */
};

/* Makes the folder, finds out which boot this is, opens its file and takes the file's lock, after
 * those who have it.  A torn last record, of a writer that was killed, is cut off.  Returns 0 or a
 * negative errno with log->error; then nothing is open. */
int launchlog_open(struct launchlog *log);
/* Takes over all records that are not yet stored.  Returns 0 or a negative errno with log->error;
 * what was not stored was not acknowledged, so that the next try goes on there. */
int launchlog_drain(struct launchlog *log);
/* The first `count` records as they stand in the file: they cost no memory that the kernel could
 * not take back.  NULL with log->error; else launchlog_unmap() ends it, before or after the close.
 */
const struct corbel_log_record *launchlog_map(struct launchlog *log, uint64_t count);
void launchlog_unmap(const struct corbel_log_record *records, uint64_t count);
void launchlog_close(struct launchlog *log);

/* Takes the daemon's place, which only one has, until the process ends.  Returns -EWOULDBLOCK if it
 * is taken, another negative errno if that cannot be told; the reason goes to why. */
int launchlog_alone(char *why, size_t size);

/* All of it once: open, drain, close.  The reason of a failure goes to why. */
int launchlog_store(char *why, size_t size);

#endif
