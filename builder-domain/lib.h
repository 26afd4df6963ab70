/* SPDX-License-Identifier: MIT */
/*
 * The builder's small change: console lines and the reason of a failure.  Every text that reaches a
 * user leaves through here.  Memory functions and formatter are the hypervisor's.
 */
#ifndef BUILDER_LIB_H
#define BUILDER_LIB_H
#include <xen/errno.h>

#include "base/lib.h"

#define PAGE_SIZE   4096ul
#define PAGE_SHIFT  12
#define REASON_SIZE 128

/* One line on the host console, with the prefix "builder: ". */
void print(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* Records why the build ends (what and where); the value is -error (XEN_E*).  The first reason
 * wins. A macro, so that every reader of one file sees that a failure is never 0. */
#define fail(error, ...) (fail_because(__VA_ARGS__), -(error))
void fail_because(const char *text, ...) __attribute__((format(printf, 1, 2)));
extern char fail_reason[REASON_SIZE]; /* empty: none yet */

#endif
