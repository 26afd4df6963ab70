/* SPDX-License-Identifier: MIT */
/*
 * Host console (console.h): who may write where on the one terminal.  Dom0's bytes pass untouched,
 * the hypervisor's and other domains' output comes in whole lines, what one call brings.  Text of
 * domains is not trusted: other domains' control characters are replaced, and only the hypervisor's
 * own lines enter the log ring, so that no domain can push them out.
 */
#include "diag/console.h"
#include "base/lib.h"
#include "cpu/locks.h"
#include "diag/panic.h"
#include "diag/uart.h"

#define LOG_SIZE   16384u
#define INPUT_SIZE 256u
#define PREFIX     "(corbel) "

static struct spinlock console_lock = SPINLOCK(RANK_CONSOLE);
static char log_ring[LOG_SIZE];
static uint32_t log_total; /* bytes ever written; wraps, as the ABI's index does */
static char input[INPUT_SIZE];
static uint32_t input_head, input_tail; /* free-running */
static bool dom0_in_line;               /* Dom0's last byte did not end a line */

/* After a crash the holder may be the code that crashed. */
static void console_enter(void)
{
	if (!is_panicking()) {
		spin_lock(&console_lock);
	}
}

static void console_leave(void)
{
	if (!is_panicking()) {
		spin_unlock(&console_lock);
	}
}

static void put_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		uart_put(text[i]);
	}
}

static void start_line(void)
{
	if (dom0_in_line) {
		put_text("\r\n", 2);
		dom0_in_line = false;
	}
}

static void log_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		log_ring[log_total++ % LOG_SIZE] = text[i];
	}
}

void printk(const char *fmt, ...)
{
	char text[256] = PREFIX;
	size_t length = sizeof(PREFIX) - 1;
	va_list args;

	va_start(args, fmt);
	length += (size_t)vformat(text + length, sizeof(text) - length, fmt, args);
	va_end(args);
	while (text[length - 1] == '\n') {
		length--;
	}
	console_enter();
	start_line();
	put_text(text, length);
	put_text("\r\n", 2);
	log_text(text, length);
	log_text("\n", 1);
	console_leave();
}

/* Up to the end of the line; returns how much of the text that was. */
static size_t put_line(uint16_t domid, const char *text, size_t length)
{
	char prefix[16];
	size_t i = 0;

	start_line();
	put_text(prefix, (size_t)format(prefix, sizeof(prefix), "(d%u) ", domid));
	for (; i < length && text[i] != '\n'; i++) {
		uart_put((text[i] >= ' ' && text[i] < 0x7f) || text[i] == '\t' ? text[i] : '.');
	}
	put_text("\r\n", 2);
	return MIN(i + 1, length);
}

void console_domain_write(uint16_t domid, const char *text, size_t len)
{
	console_enter();
	if (domid == 0) {
		put_text(text, len);
		dom0_in_line = len > 0 ? text[len - 1] != '\n' : dom0_in_line;
		len = 0;
	}
	for (size_t done = 0; done < len;) {
		done += put_line(domid, text + done, len - done);
	}
	console_leave();
}

bool console_poll(void)
{
	bool any = false;
	char c;

	console_enter();
	while (input_head - input_tail < INPUT_SIZE && uart_get(&c)) {
		input[input_head++ % INPUT_SIZE] = c;
		any = true;
	}
	console_leave();
	return any;
}

size_t console_input(char *dst, size_t max)
{
	size_t copied = 0;

	console_enter();
	while (copied < max && input_tail != input_head) {
		dst[copied++] = input[input_tail++ % INPUT_SIZE];
	}
	console_leave();
	return copied;
}

size_t console_log_read(uint32_t *index, char *dst, size_t max)
{
	size_t copied = 0;

	console_enter();
	if (log_total - *index > LOG_SIZE) {
		*index = log_total > LOG_SIZE ? log_total - LOG_SIZE : 0;
	}
	while (copied < max && *index != log_total) {
		dst[copied++] = log_ring[(*index)++ % LOG_SIZE];
	}
	console_leave();
	return copied;
}
