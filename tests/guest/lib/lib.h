/* SPDX-License-Identifier: MIT */
/*
 * Test kernels: the test contract, printing, memory functions, boot information.
 *
 * A test kernel defines test_title and test_main().  It reports with ok() and not_ok(); the library
 * adds the summary line and switches the domain off.  A kernel that reports nothing has failed. The
 * same kernel may run as Dom0 (console_io), as a tenant (console ring) or, to debug the library, on
 * bare QEMU (COM1; no hypercalls).
 */
#ifndef GUEST_LIB_H
#define GUEST_LIB_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cpu/asm.h"

#define PAGE_SIZE     4096ul
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))

extern const char test_title[];
void test_main(void);

void ok(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "not ok - NAME: WHY" */
void not_ok(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* ok or not ok, with the two values when they differ. */
void check_equal(const char *name, uint64_t got, uint64_t wanted);
void check_true(const char *name, bool condition);
/* The summary line, then SCHEDOP_shutdown(poweroff). */
__attribute__((noreturn)) void test_end(void);
/* The test itself is broken: reported, and the domain crashes. */
__attribute__((noreturn, format(printf, 1, 2))) void broken(const char *format, ...);
extern unsigned tests_passed, tests_failed;

void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void console_init(void);
void console_write(const char *text, size_t len);
void console_raw(const char *text, size_t len);
/* %s %c %d %u %x %lx %lu %ld %p, width, 0 padding; returns the length, cuts what does not fit. */
size_t format_text(char *out, size_t size, const char *format, va_list args);
size_t format_into(char *out, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void *memcpy(void *to, const void *from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *at, int byte, size_t len);
int memcmp(const void *left, const void *right, size_t len);
size_t strlen(const char *text);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t len);
char *strstr(const char *text, const char *part);

/* What start-info says. */
struct boot {
	bool xen;  /* runs under the hypervisor */
	bool dom0; /* SIF_INITDOMAIN */
	const char *cmdline;
	const uint8_t *initrd;
	uint64_t initrd_size;
	uint64_t ram_end; /* end of the highest RAM entry below 4 GiB */
};
extern struct boot boot;
/* Value of `name=` in the command line, 0 when absent; cut to size. */
const char *option(const char *name, char *value, size_t size);
/* A file of the cpio archive (newc) in the initrd; 0 when absent. */
const uint8_t *archive_find(const char *name, size_t *size);

extern uint64_t first_tsc;
extern uint32_t start_info_address, entry_cr0, entry_cr4, entry_flags;
#endif
