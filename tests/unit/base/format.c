/* SPDX-License-Identifier: MIT */
/* base/: the formatter against the C library's, and at its edges; masked indices. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "base/lib.h"

#define SAME(...)                                                                                  \
	do {                                                                                       \
		char ours[128], theirs[128];                                                       \
		int length = format(ours, sizeof(ours), __VA_ARGS__);                              \
		int expected = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                      \
		assert_string_equal(ours, theirs);                                                 \
		assert_int_equal(length, expected);                                                \
	} while (0)

static void test_numbers(void **state)
{
	(void)state;
	SAME("%d %d %d", 0, -1, 12345);
	SAME("%d %d", INT32_MIN, INT32_MAX);
	SAME("%ld %ld", INT64_MIN, INT64_MAX);
	SAME("%u %x", UINT32_MAX, 0xdeadbeefu);
	SAME("%lu %lx", UINT64_MAX, 0x123456789abcdef0ul);
}

static void test_strings(void **state)
{
	(void)state;
	SAME("%s|%s|%s", "abc", "", "d");
	SAME("100%%");
	SAME("no conversion");

	char text[16];
	const char *volatile none = 0; /* the compiler must not know */

	format(text, sizeof(text), "%s", none);
	assert_string_equal(text, "(null)");
}

static void test_bounds(void **state)
{
	char text[8] = "xxxxxxx";
	const char *tail = "%", *long_tail = "%l";
	const char *unknown = "%q%";

	(void)state;
	assert_int_equal(format(text, 4, "%s", "abcdef"), 3);
	assert_string_equal(text, "abc");
	assert_int_equal(text[4], 'x');
	assert_int_equal(format(text, 1, "%d", 5), 0);
	assert_int_equal(text[0], 0);
	text[0] = 'k';
	assert_int_equal(format(text, 0, "%d", 5), 0);
	assert_int_equal(text[0], 'k');
	assert_int_equal(format(text, sizeof(text), "%u", 123456789), 7);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	assert_int_equal(format(text, sizeof(text), tail), 0);
	assert_int_equal(format(text, sizeof(text), long_tail), 0);
	format(text, sizeof(text), unknown);
	assert_string_equal(text, "%q");
#pragma GCC diagnostic pop
}

static void test_copy_string(void **state)
{
	char text[4] = "zzz";

	(void)state;
	copy_string(text, sizeof(text), "abcdef");
	assert_string_equal(text, "abc");
	copy_string(text, 0, "q");
	assert_string_equal(text, "abc");
	copy_string(text, sizeof(text), "");
	assert_string_equal(text, "");
}

/* Below the size: itself.  Else: something below it, whatever the size. */
static void test_index(void **state)
{
	static const uint64_t sizes[] = {1, 2, 3, 24, 64, 1000, 1024, 1ull << 32};

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_true(index_in(sizes[i] - 1, sizes[i]) == sizes[i] - 1);
		assert_true(index_in(sizes[i], sizes[i]) < sizes[i]);
		assert_true(index_in(~0ull, sizes[i]) < sizes[i]);
		assert_true(index_in(0, sizes[i]) == 0);
	}
	assert_true(index_in(63, 64) == 63 && index_in(65, 64) < 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_strings),
		cmocka_unit_test(test_bounds),  cmocka_unit_test(test_copy_string),
		cmocka_unit_test(test_index),
	};

	return cmocka_run_group_tests_name("format", tests, 0, 0);
}
