/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's side of the launch log for tests of Dom0's programs: keeps records until they
 * are stored, by the rules of abi/log.h, in memory that processes share.  Stands behind
 * tools/corbel/host.h.
 */
#ifndef SIM_FAKE_LOG_H
#define SIM_FAKE_LOG_H
#include <stdbool.h>

#include "abi/corbel.h"
#include "abi/log.h"

#define FAKE_LOG_MAX 8192
/* Bytes of the boot log; byte i of it is i * 131 / 8. */
#define FAKE_BOOT_LOG 9000

struct fake_log {
	struct corbel_log_record record[FAKE_LOG_MAX]; /* all that ever were */
	uint64_t count, stored;
	uint8_t boot_id[32];
	/* faults */
	int error;       /* log_read answers so */
	int boot_error;  /* boot_log answers so */
	bool bad_boot;   /* the boot log's header is not right */
	bool other_boot; /* log_read names another boot than host_info */
	void (*change)(struct corbel_log_record *record); /* done to each record on its way out */
	void (*before)(const struct corbel_log_read *read);
	/* the calls that are not about the log; NULL: -ENOSYS */
	int (*call)(enum corbel_op op, void *argument);
};
extern struct fake_log *fake_log;

void fake_log_init(void);
/* A record of this type about this domain; returns it, with its index. */
struct corbel_log_record *fake_log_add(enum corbel_log_type type, uint16_t domid);
#endif
