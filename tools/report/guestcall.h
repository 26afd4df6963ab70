/* SPDX-License-Identifier: MIT */
/*
 * Corbel's own hypercalls from a program inside a guest, through the Xen devices of its kernel.
 */
#ifndef REPORT_GUESTCALL_H
#define REPORT_GUESTCALL_H
#include <stddef.h>

/* False: `error` says what is missing, in one line. */
int guestcall_open(char error[256]);

/* The hypervisor's answer, >= 0 or a negative errno; the argument (at most a page) comes back. */
int guestcall(unsigned op, void *argument, size_t size);
#endif
