/* SPDX-License-Identifier: MIT */
/*
 * The few helpers every file needs: memory functions, printing, CHECK.
 * printk() goes to the host console (UART) and the log ring; it never blocks on a guest.
 */
#ifndef BASE_LIB_H
#define BASE_LIB_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/must_check.h"

#ifdef CORBEL_HOST_TEST
#include <string.h>
#else
void *memcpy(void *dst, const void *src, size_t len);
void *memmove(void *dst, const void *src, size_t len);
void *memset(void *dst, int c, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *s);
#endif

/* Of a function whose result says that it failed. */
#define MUST_CHECK __attribute__((warn_unused_result))

#define ARRAY_SIZE(a)   (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)       ((a) < (b) ? (a) : (b))
#define MAX(a, b)       ((a) > (b) ? (a) : (b))
#define ROUND_UP(x, to) (((x) + (to)-1) & ~((uint64_t)(to)-1))

/*
 * The index, or another one below size when it is not below it, by arithmetic that the compiler
 * cannot leave out: so it stays in its table even where the CPU runs ahead of the test that comes
 * before.  For every index that a guest chooses.
 */
static inline uint64_t index_in(uint64_t index, uint64_t size)
{
	uint64_t mask;

	if (__builtin_constant_p(size) && (size & (size - 1)) == 0) {
		__asm__("and %1, %0" : "+r"(index) : "re"(size - 1) : "cc");
		return index;
	}
	__asm__("cmp %2, %1\n\tsbb %0, %0" : "=r"(mask) : "r"(index), "r"(size) : "cc");
	return index & mask;
}

/* Copies src into dst[size], cut and NUL-terminated. */
void copy_string(char *dst, size_t size, const char *src);
/* True when the `length` bytes at text are `name`. */
MUST_CHECK bool text_is(const char *text, size_t length, const char *name);
/* Words are separated by blanks: up to the end of this one; the one after it ("" = none). */
size_t word_length(const char *text);
const char *next_word(const char *text);

/* Knows %s %d %u %x, an `l` before the last three, and %%.  printk() adds a prefix "(corbel) " and
 * the line discipline. */
MAY_DROP int format(char *dst, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
MAY_DROP int vformat(char *dst, size_t size, const char *fmt, va_list args);
void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Stops the machine with a crash record: a broken hypervisor invariant, never a guest's mistake. */
__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *fmt, ...);

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (__builtin_expect(!(cond), 0)) {                                                \
			panic("CHECK failed: %s at %s:%d", #cond, __FILE__, __LINE__);             \
		}                                                                                  \
	} while (0)
#endif
