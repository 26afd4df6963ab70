/* SPDX-License-Identifier: MIT */
/*
 * The builder's small change: memory functions, text formatting, console lines and the reason of a
 * failure.  Trusted; every text that reaches a user leaves through here.
 */
#ifndef BUILDER_LIB_H
#define BUILDER_LIB_H
#include <stddef.h>
#include <stdint.h>
#include <xen/errno.h>

#define PAGE_SIZE   4096ul
#define PAGE_SHIFT  12
#define REASON_SIZE 128

void *memcpy(void *to, const void *from, size_t len);
void *memset(void *at, int byte, size_t len);
int memcmp(const void *left, const void *right, size_t len);
size_t strlen(const char *text);

/* One line on the host console, with the prefix "builder: ". */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Records why the build ends (what and where); the value is -error (XEN_E*).  The first reason
 * wins. A macro, so that every reader of one file sees that a failure is never 0. */
#define fail(error, ...) (fail_because(__VA_ARGS__), -(error))
void fail_because(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *fail_reason(void);
void fail_clear(void);

static inline uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

#endif
