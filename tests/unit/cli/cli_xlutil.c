/* SPDX-License-Identifier: MIT */
/*
 * The configuration parser against Debian's libxlutil: over real-shaped files, over generated ones
 * and over these with bytes changed.  What both take means the same; what only one takes is known.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/xlutil.h"
#include "tools/lib/files.h"

#define ROUNDS 30000

/* The only reasons for which a file that xl takes is refused. */
static const char *const stricter[] = {
	"escapes by number are not supported",
	"lists nested too deeply",
	"key too long",
	"`+=' needs two lists or two strings",
};

static unsigned seed = 1;
static unsigned counts[5];

static size_t draw(size_t below)
{
	return (size_t)rand_r(&seed) % below;
}

static void check(const char *text, size_t size, const char *name)
{
	char what[512];
	enum xlutil_verdict verdict = xlutil_compare(text, size, what, sizeof(what));

	counts[verdict]++;
	if (verdict == XLUTIL_difference) {
		fail_msg("%s: %s in\n%.*s", name, what, (int)size, text);
	}
	for (size_t i = 0; verdict == XLUTIL_stricter; i++) {
		if (i == sizeof(stricter) / sizeof(stricter[0])) {
			fail_msg("%s: refused: %s\n%.*s", name, what, (int)size, text);
		}
		if (strstr(what, stricter[i])) {
			break;
		}
	}
	/* Blanks of other systems, 0X1F, a comment in the last line: nothing can be misread. */
	if (verdict == XLUTIL_laxer && !strstr(what, "lexical error")) {
		fail_msg("%s: taken, but for xl: %s\n%.*s", name, what, (int)size, text);
	}
}

static void test_files(void **state)
{
	char error[256];
	glob_t found;

	(void)state;
	assert_int_equal(glob("tests/unit/cli/cfg/*.cfg", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 6);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		size_t size;
		char *text = files_read(found.gl_pathv[i], 65536, &size, error, sizeof(error));

		assert_non_null(text);
		check(text, size, found.gl_pathv[i]);
		free(text);
	}
	assert_int_equal(counts[XLUTIL_same], found.gl_pathc);
	globfree(&found);
}

/* ---- generated files ------------------------------------------------------------------------- */

struct text {
	char bytes[4096];
	size_t size;
};

static void put(struct text *text, const char *piece)
{
	size_t size = strlen(piece);

	if (text->size + size < sizeof(text->bytes)) {
		memcpy(text->bytes + text->size, piece, size);
		text->size += size;
	}
}

static void put_one_of(struct text *text, const char *const *pieces)
{
	size_t count = 0;

	while (pieces[count]) {
		count++;
	}
	put(text, pieces[draw(count)]);
}

static void put_blank(struct text *text)
{
	static const char *const blanks[] = {"", " ", " ", "\t", "  ", NULL};

	put_one_of(text, blanks);
}

static void put_string(struct text *text)
{
	static const char *const inside[] = {
		"a",    "console=hvc0 ", "\\\\",  "\\\"", "\\'",  "\\n", "\\t", "\\a", "\\b",
		"\\f",  "\\r",           "\\v",   "#",    ";",    "[",   "]",   ",",   "=",
		"0x10", "\303\251",      "\\x41", "\\q",  "\\12", "'",   "\"",  "\1",  NULL,
	};
	const char *quote = draw(2) ? "\"" : "'";
	size_t pieces = draw(5);

	put(text, quote);
	while (pieces-- > 0) {
		const char *piece = inside[draw(draw(12) ? 17 : 26)];

		if (strcmp(piece, quote) != 0 || !draw(8)) {
			put(text, piece);
		}
	}
	put(text, quote);
}

static void put_value(struct text *text, unsigned depth)
{
	static const char *const numbers[] = {"0", "1", "64", "0x1f", "017", "08", "12ab", NULL};
	static const char *const breaks[] = {"", "", "\n", " # it's\n", "\n\n", NULL};
	size_t items;

	if (draw(3) || depth > 9) {
		if (draw(2)) {
			put_string(text);
		} else {
			put_one_of(text, numbers);
		}
		return;
	}
	items = draw(4);
	put(text, "[");
	put_one_of(text, breaks);
	while (items-- > 0) {
		put_value(text, depth + 1);
		put_blank(text);
		put_one_of(text, breaks);
		if (items || draw(2)) {
			put(text, ",");
			put_one_of(text, breaks);
		}
	}
	put(text, "]");
}

static void put_statement(struct text *text)
{
	static const char *const keys[] = {"a", "b2", "memory", "extra", "c_d", "e.f", NULL};
	static const char *const signs[] = {"=", "=", "=", "+=", NULL};
	static const char *const ends[] = {"\n",     "\n",   ";",        ";\n",
					   " # c\n", "\n\n", " ; # '\n", NULL};

	put_blank(text);
	put_one_of(text, keys);
	put_blank(text);
	put_one_of(text, signs);
	put_blank(text);
	put_value(text, 0);
	put_blank(text);
	put_one_of(text, ends);
}

static void test_generated(void **state)
{
	static const char bytes[] = "\"'\\[],;=+#\n\r\t x0a1_.\f-";
	struct text text;

	(void)state;
	memset(counts, 0, sizeof(counts));
	for (int round = 0; round < ROUNDS; round++) {
		size_t statements = 1 + draw(5);
		size_t changes = round % 2 ? draw(3) : 0;

		text.size = 0;
		while (statements-- > 0) {
			put_statement(&text);
		}
		while (changes-- > 0) {
			text.bytes[draw(text.size)] = bytes[draw(sizeof(bytes))];
		}
		text.bytes[text.size - 1] = '\n'; /* xl overlooks an error in the last byte */
		check(text.bytes, text.size, "generated");
	}
	print_message("same %u, refused by both %u, only there %u, only here %u\n",
		      counts[XLUTIL_same], counts[XLUTIL_refused], counts[XLUTIL_stricter],
		      counts[XLUTIL_laxer]);
	assert_true(counts[XLUTIL_same] > ROUNDS / 3);
	assert_true(counts[XLUTIL_refused] > ROUNDS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_generated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
