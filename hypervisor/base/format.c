/* SPDX-License-Identifier: MIT */
/*
 * The formatter behind printk() and format(): a small part of printf.  Never writes past dst[size],
 * always terminates.  An unknown conversion is copied as it stands.
 */
#include "base/lib.h"

struct output {
	char *dst;
	size_t size, used;
};

static void put(struct output *out, char c)
{
	if (out->used + 1 < out->size) {
		out->dst[out->used++] = c;
	}
}

static void put_string(struct output *out, const char *text)
{
	for (text = text == 0 ? "(null)" : text; *text != 0; text++) {
		put(out, *text);
	}
}

static void put_number(struct output *out, uint64_t value, unsigned base)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;

	digits[at] = 0;
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	put_string(out, digits + at);
}

int vformat(char *dst, size_t size, const char *fmt, va_list args)
{
	struct output out = {.dst = dst, .size = size};
	int64_t value;

	for (; *fmt != 0; fmt++) {
		if (*fmt != '%') {
			put(&out, *fmt);
			continue;
		}
		bool is_long = *++fmt == 'l';

		fmt += is_long;
		switch (*fmt) {
		case 'd':
			value = is_long ? va_arg(args, int64_t) : va_arg(args, int);
			if (value < 0) {
				put(&out, '-');
			}
			put_number(&out, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
			break;
		case 'u':
		case 'x':
			put_number(&out, is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned),
				   *fmt == 'u' ? 10 : 16);
			break;
		case 's':
			put_string(&out, va_arg(args, const char *));
			break;
		case 0: /* in the middle of a conversion */
			fmt--;
			break;
		case '%':
			put(&out, '%');
			break;
		default:
			put(&out, '%');
			put(&out, *fmt);
			break;
		}
	}
	if (size > 0) {
		dst[out.used] = 0;
	}
	return (int)out.used;
}

int format(char *dst, size_t size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int used = vformat(dst, size, fmt, args);
	va_end(args);
	return used;
}
