/* SPDX-License-Identifier: MIT */
/*
 * GRUB's configuration: which files and which words it will load, and that nothing is guessed.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "reference/reference_said.h"
#include "measured-boot/reference/grub.h"

static struct grub_entry entry;

static void words(void **state)
{
	(void)state;
	assert_true(
		grub_parse("F",
			   "\n  echo \"GRUB: loading\"\nmultiboot2  /a/b.elf  x=1\t'two  words' "
			   "it\"'\"s a\"b\"c '' '\"'\nmodule2 /p policy \nmodule2 '/q r' plan\n"
			   "boot\nsearch --whatever\n",
			   &entry));
	assert_int_equal(entry.count, 3);
	assert_string_equal(entry.file[0].path, "/a/b.elf");
	assert_string_equal(entry.file[0].string, "x=1 \"two  words\" it\\'s abc  \\\"");
	assert_int_equal(entry.file[0].line, 3);
	assert_string_equal(entry.file[1].path, "/p");
	assert_string_equal(entry.file[1].string, "policy");
	assert_string_equal(entry.file[2].path, "/q r");
	grub_free(&entry);
	assert_true(grub_parse("F", "multiboot2 /a\nboot", &entry));
	assert_string_equal(entry.file[0].string, "");
	grub_free(&entry);
}

static void refused(const char *config, const char *why)
{
	const char *said;

	said_start();
	assert_false(grub_parse("F", config, &entry));
	said = said_end();
	if (!strstr(said, why) || strstr(said + 1, "corbel-reference:") ||
	    !strstr(said, ": F: configuration")) {
		fail_msg("'%s' does not say '%s'", said, why);
	}
	assert_int_equal(entry.count, 0);
}

static void hostile(void **state)
{
	static char text[9000];

	(void)state;
	refused("", "expected a command boot");
	refused("multiboot2 /a\n", "expected a command boot");
	refused("boot\n", "expected multiboot2");
	refused("module2 /a\nboot", "line 1: expected one multiboot2");
	refused("multiboot2 /a\nmultiboot2 /b\nboot", "line 2: expected one multiboot2");
	refused("multiboot2\nboot", "absolute path without device, found 'nothing'");
	refused("multiboot2 a\nboot", "found 'a'");
	refused("multiboot2 (hd0,1)/a\nboot", "found '(hd0,1)/a'");
	refused("multiboot2 --quirk-bad-kludge /a\nboot", "found '--quirk");
	refused("\nset x=y\n", "line 2: what this command measures is not known here: 'set'");
	refused("x=y\n", "'x=y'");
	refused("multiboot2 /$x\n", "line 1: a variable");
	refused("multiboot2 \"/$x\"\n", "line 1: a variable");
	refused("multiboot2 /a \\x\n", "line 1: a variable or an escape");
	refused("echo 'x\nboot", "line 1: a quote is not closed");
	memset(text, 'x', 5000);
	refused(text, "longer than 4095");
	for (unsigned i = 0; i < 70; i++) {
		memcpy(text + 2 * i, "e ", 3);
	}
	refused(text, "more than 64 words");
	strcpy(text, "echo"); /* and with it 64, the last of two characters */
	for (unsigned i = 0; i < 62; i++) {
		strcat(text, " e");
	}
	strcat(text, " ee\nmultiboot2 /a\nboot");
	assert_true(grub_parse("F", text, &entry));
	grub_free(&entry);
	strcpy(text, "multiboot2 /a\n");
	for (unsigned i = 0; i < 20; i++) {
		strcat(text, "module2 /m m\n");
	}
	refused(text, "line 17: more than 15 modules");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests_name("reference_grub", tests, NULL, NULL);
}
