/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the launch log do on the simulated machine: read it as Dom0 does, keep all
 * records, and compute the tree's root from them in the words of RFC 9162 section 2.1.1, not in the
 * hypervisor's way.  Host test code.
 */
#ifndef LAUNCH_LAUNCHLOG_CALLS_H
#define LAUNCH_LAUNCHLOG_CALLS_H
#include "abi/log.h"
#include "launch/reload_calls.h"

#define KEPT 8192u

int launchlog_setup(void **state); /* of a group */
/* After each test: nothing lives but Dom0, all is stored, and the builder waits for a session. */
int launchlog_clean(void **state);

extern struct corbel_log_record kept[KEPT]; /* by index */
extern uint64_t kept_count;

long corbel(struct domain *d, uint64_t op, void *arg, size_t size);
/* One log_read; what it filled is copied to out. */
long log_read(struct corbel_log_read *op, struct corbel_log_record *out);
/* Brings `kept` up to date without storing anything; returns how many there are. */
uint64_t log_keep(void);
/* Tells the hypervisor that all are stored. */
void log_store(void);
void log_root(uint64_t size, uint8_t out[32]);

long report_by(struct domain *d, struct corbel_report *report);
/* Ends the present instance without its having done anything: one builder record. */
void end_fruitless(int status);

/* The TPM: takes each checkpoint, keeps it, and answers checkpoint_answer. */
extern struct corbel_checkpoint taken;
extern unsigned taken_count;
extern uint32_t checkpoint_answer;
long checkpoint(uint8_t nonce, struct corbel_checkpoint *out);

/* A record as it must be, but for the salt and the time, which are the record's own. */
struct corbel_log_record expected_record(uint64_t index, uint32_t type, uint16_t domid);
void check_record(const struct corbel_log_record *expected);
#endif
