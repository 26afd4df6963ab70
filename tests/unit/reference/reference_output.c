/* SPDX-License-Identifier: MIT */
/*
 * What corbel-reference takes as a number or text, writes as JSON, and says of files that it cannot
 * read or write.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "reference/reference_said.h"
#include "measured-boot/reference/calc.h"
#include "measured-boot/reference/reference.h"

static void numbers(void **state)
{
	static const char *const wrong[] = {"",   "x",  "12x",  "1 ", " 1",
					    "+1", "-1", "0x10", "11", "18446744073709551616"};
	uint64_t found;

	(void)state;
	assert_true(take_number("--n", "10", 10, &found));
	assert_int_equal(found, 10);
	assert_true(take_number("--n", "18446744073709551615", UINT64_MAX, &found));
	assert_int_equal(found, UINT64_MAX);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		said_start();
		assert_false(take_number("--n", wrong[i], i < 9 ? 10 : UINT64_MAX, &found));
		assert_non_null(strstr(said_end(), "--n: expected a decimal number up to"));
	}
}

static void texts(void **state)
{
	static const char every[] = "a\"b\\c\x01\x1F\x7F ~/";
	char *written = NULL;
	size_t size;
	FILE *out = open_memstream(&written, &size);

	(void)state;
	put_text(out, every);
	fclose(out);
	assert_string_equal(written, "\"a\\\"b\\\\c\\u0001\\u001f\\u007f ~/\"");
	free(written);
	assert_true(check_text("name", every));
	said_start();
	assert_false(check_text("name", "ab\x80"));
	assert_non_null(strstr(said_end(), "name: byte 0x80 at 2: expected ASCII"));
}

static void documents(void **state)
{
	char path[] = "/tmp/reference_output.XXXXXX", text[8] = "";
	struct document d;
	const char *said;
	FILE *file;

	(void)state;
	assert_int_equal(close(mkstemp(path)), 0);
	assert_true(document_open(&d));
	fputs("{}\n", d.out);
	assert_true(document_close(&d, path));
	file = fopen(path, "r");
	assert_int_equal(fread(text, 1, sizeof(text), file), 3);
	assert_string_equal(text, "{}\n");
	fclose(file);
	unlink(path);
	assert_true(document_open(&d));
	said_start();
	assert_false(document_close(&d, "/none/document"));
	said = said_end();
	assert_non_null(strstr(said, "/none/document"));
	assert_null(strstr(said, "memory"));
}

/* One reason is said, the right one. */
static void unreadable(void **state)
{
	struct calc_file file = {.path = "/proc/self/mem", .shown = "FILE"}; /* nothing lies at 0 */
	char path[] = "/tmp/reference_output.XXXXXX";
	const char *said;

	(void)state;
	said_start();
	assert_false(calc_read(&file));
	said = said_end();
	assert_non_null(strstr(said, "FILE: cannot be read"));
	assert_null(strstr(said, "empty"));
	assert_int_equal(close(mkstemp(path)), 0);
	file.path = path;
	said_start();
	assert_false(calc_read(&file));
	said = said_end();
	assert_non_null(strstr(said, "FILE: is empty"));
	assert_null(strstr(said, "cannot"));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(texts),
		cmocka_unit_test(documents),
		cmocka_unit_test(unreadable),
	};

	return cmocka_run_group_tests_name("reference_output", tests, NULL, NULL);
}
