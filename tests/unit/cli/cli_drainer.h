/* SPDX-License-Identifier: MIT */
/*
 * The console drainer on the fake machine: where each of its tests starts, and a client of its.
 */
#ifndef CLI_CLI_DRAINER_H
#define CLI_CLI_DRAINER_H
#include <stddef.h>
#include <stdint.h>

extern int drainer_events; /* for consoled_round() */

/* cmocka's: Dom0 alone, in a fresh directory, with the drainer listening. */
int drainer_set_up(void **state);
int drainer_tear_down(void **state);

/* Lets the drainer work until nothing more happens. */
void drainer_settle(void);

/* Sends a request and lets the drainer work; returns the socket. */
int client_connect(const char *line);
/* What has come by now, as a string; its length. */
size_t client_reads(int fd, char *to, size_t size);

/* A domain's log, as a string; fails without one. */
void read_console_log(uint16_t domid, char *to, size_t size);
#endif
