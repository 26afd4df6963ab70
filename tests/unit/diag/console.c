/* SPDX-License-Identifier: MIT */
/* Who may write where on the terminal: lines stay whole, domains cannot forge or flood the log. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/fake_boot.h"
#include "diag/console.h"
#include "base/lib.h"
#include "cpu/percpu.h"

static void write_text(uint16_t domid, const char *text)
{
	console_domain_write(domid, text, strlen(text));
}

static int setup(void **state)
{
	(void)state;
	fake_boot_reset();
	write_text(0, "\n");
	fake_boot_reset();
	return 0;
}

static void test_lines(void **state)
{
	(void)state;
	write_text(0, "login: ");
	printk("hello %d\n", 5);
	printk("again");
	write_text(0, "x\ny");
	write_text(3, "part");
	write_text(4, "other\n\nlines\n");
	assert_string_equal(fake_output,
			    "login: \r\n(corbel) hello 5\r\n(corbel) again\r\n"
			    "x\ny\r\n(d3) part\r\n(d4) other\r\n(d4) \r\n(d4) lines\r\n");
	assert_int_equal(percpu_area[0].locks_held, 0);
}

static void test_hostile_text(void **state)
{
	char log[64];
	uint32_t index = 0, before;

	(void)state;
	while (console_log_read(&index, log, sizeof(log)) != 0) {
	}
	before = index;
	write_text(3, "\033[2J(corbel) fake\007\n");
	assert_string_equal(fake_output, "(d3) .[2J(corbel) fake.\r\n");
	for (uint16_t domid = 10; domid < 40; domid++) {
		write_text(domid, "unfinished");
	}
	assert_non_null(strstr(fake_output, "(d10) unfinished\r\n(d11) unf"));
	/* None of it is in the hypervisor's log. */
	assert_int_equal(console_log_read(&before, log, sizeof(log)), 0);
}

static void test_log_wraps(void **state)
{
	static char log[32768];
	uint32_t index = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		printk("line %d", i);
	}
	size_t length = console_log_read(&index, log, sizeof(log));

	assert_int_equal(length, 16384);
	assert_memory_equal(log + length - 10, "line 1999\n", 10);
	printk("more");
	assert_int_equal(console_log_read(&index, log, sizeof(log)), strlen("(corbel) more\n"));
	index += 5; /* never written yet: starts over */
	assert_int_equal(console_log_read(&index, log, 10), 10);
}

static void test_long_line(void **state)
{
	char text[400];

	(void)state;
	memset(text, 'l', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	printk("%s", text);
	assert_int_equal(fake_output_length, 255 + 2);
}

static void test_input(void **state)
{
	static char many[400];
	char got[512];

	(void)state;
	assert_false(console_poll());
	fake_typed = "ls\n";
	assert_true(console_poll());
	assert_int_equal(console_input(got, 2), 2);
	assert_int_equal(console_input(got + 2, 10), 1);
	assert_memory_equal(got, "ls\n", 3);
	memset(many, 'm', sizeof(many) - 1);
	fake_typed = many;
	assert_true(console_poll());
	assert_int_equal(console_input(got, sizeof(got)), 256); /* the rest waits in the UART */
	assert_true(console_poll());
	assert_int_equal(console_input(got, sizeof(got)), sizeof(many) - 1 - 256);
}

static void test_panicking(void **state)
{
	(void)state;
	percpu_area[0].locks_held = 0x100; /* as if the console lock were held */
	fake_panicking = true;
	printk("last words");
	assert_string_equal(fake_output, "(corbel) last words\r\n");
	percpu_area[0].locks_held = 0;
	fake_panicking = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lines, setup),
		cmocka_unit_test_setup(test_hostile_text, setup),
		cmocka_unit_test_setup(test_log_wraps, setup),
		cmocka_unit_test_setup(test_long_line, setup),
		cmocka_unit_test_setup(test_input, setup),
		cmocka_unit_test_setup(test_panicking, setup),
	};

	return cmocka_run_group_tests_name("console", tests, 0, 0);
}
