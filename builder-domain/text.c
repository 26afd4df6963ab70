/* SPDX-License-Identifier: MIT */
/*
 * Formatting, console lines and failure reasons.  Text that comes from a request is printed only
 * after the request parser has accepted its characters.
 */
#include <stdarg.h>

#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"

struct text {
	char *out;
	size_t used, cap;
};

static char reason[REASON_SIZE];

static void put(struct text *t, char c)
{
	if (t->used + 1 < t->cap) {
		t->out[t->used++] = c;
	}
}

static void put_number(struct text *t, uint64_t value, unsigned base)
{
	char digits[20];
	unsigned count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	while (count > 0) {
		put(t, digits[--count]);
	}
}

static void put_text(struct text *t, const char *s)
{
	while (*s != '\0') {
		put(t, *s++);
	}
}

/* Knows %s %d %u %x %lu %lx and %%; always terminates, cuts what does not fit. */
static size_t format_text(char *out, size_t cap, const char *format, va_list args)
{
	struct text t = {out, 0, cap};

	for (; *format != '\0'; format++) {
		int64_t value;
		int is_long;

		if (*format != '%') {
			put(&t, *format);
			continue;
		}
		format++;
		is_long = *format == 'l';
		format += is_long;
		if (*format == '\0') {
			break;
		}
		switch (*format) {
		case 's':
			put_text(&t, va_arg(args, const char *));
			break;
		case 'd':
			value = va_arg(args, int);
			put_text(&t, value < 0 ? "-" : "");
			put_number(&t, value < 0 ? -value : value, 10);
			break;
		case 'u':
		case 'x':
			put_number(&t, is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned),
				   *format == 'x' ? 16 : 10);
			break;
		default:
			put(&t, *format);
			break;
		}
	}
	t.out[t.used] = '\0';
	return t.used;
}

void print(const char *format, ...)
{
	char line[256] = "builder: ";
	size_t prefix = sizeof("builder: ") - 1, len;
	va_list args;

	va_start(args, format);
	len = prefix + format_text(line + prefix, sizeof(line) - prefix - 1, format, args);
	va_end(args);
	line[len++] = '\n';
	console_write(line, len);
}

void fail_because(const char *format, ...)
{
	va_list args;

	if (reason[0] == '\0') {
		va_start(args, format);
		format_text(reason, sizeof(reason), format, args);
		va_end(args);
	}
}

const char *fail_reason(void)
{
	return reason;
}

void fail_clear(void)
{
	reason[0] = '\0';
}
