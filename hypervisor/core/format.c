/* SPDX-License-Identifier: MIT */
/*
 * The formatter behind printk() and format(): a small part of printf.  Never writes past dst[size],
 * always terminates.  An unknown conversion is copied as it stands.
 */
#include "core/lib.h"

struct output {
	char *dst;
	size_t size, used;
};

struct spec {
	bool left, zero, is_long;
	unsigned width;
	int precision; /* -1 = none */
};

static void put(struct output *out, char c)
{
	if (out->used + 1 < out->size) {
		out->dst[out->used++] = c;
	}
}

static void put_padded(struct output *out, const struct spec *spec, const char *text, size_t length,
		       bool number)
{
	size_t pad = spec->width > length ? spec->width - length : 0;
	bool zeros = spec->zero && number && !spec->left;

	if (zeros && length > 0 && *text == '-') {
		put(out, *text++);
		length--;
	}
	for (size_t i = 0; i < pad && !spec->left; i++) {
		put(out, zeros ? '0' : ' ');
	}
	for (size_t i = 0; i < length; i++) {
		put(out, text[i]);
	}
	for (size_t i = 0; i < pad && spec->left; i++) {
		put(out, ' ');
	}
}

static void put_number(struct output *out, const struct spec *spec, uint64_t value, unsigned base,
		       bool negative)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (negative) {
		digits[--at] = '-';
	}
	put_padded(out, spec, digits + at, sizeof(digits) - at, true);
}

static void put_string(struct output *out, const struct spec *spec, const char *text)
{
	size_t length = 0;

	if (text == 0) {
		text = "(null)";
	}
	while ((spec->precision < 0 || length < (size_t)spec->precision) && text[length] != 0) {
		length++;
	}
	put_padded(out, spec, text, length, false);
}

/* Reads flags, width, precision and length modifiers; returns the conversion character's place. */
static const char *parse_spec(const char *fmt, struct spec *spec, va_list *args)
{
	*spec = (struct spec){.precision = -1};
	for (; *fmt == '-' || *fmt == '0'; fmt++) {
		if (*fmt == '-') {
			spec->left = true;
		} else {
			spec->zero = true;
		}
	}
	for (; *fmt >= '0' && *fmt <= '9' && spec->width < 1000; fmt++) {
		spec->width = spec->width * 10 + (unsigned)(*fmt - '0');
	}
	if (fmt[0] == '.' && fmt[1] == '*') {
		spec->precision = va_arg(*args, int);
		fmt += 2;
	} else if (*fmt == '.') {
		spec->precision = 0;
		for (fmt++; *fmt >= '0' && *fmt <= '9' && spec->precision < 1000; fmt++) {
			spec->precision = spec->precision * 10 + (*fmt - '0');
		}
	}
	for (; *fmt == 'l' || *fmt == 'z'; fmt++) {
		spec->is_long = true;
	}
	return fmt;
}

static void put_signed(struct output *out, const struct spec *spec, int64_t value)
{
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

	put_number(out, spec, magnitude, 10, value < 0);
}

static void put_conversion(struct output *out, const struct spec *spec, char conversion,
			   va_list *args)
{
	char c;

	switch (conversion) {
	case 'd':
		put_signed(out, spec, spec->is_long ? va_arg(*args, int64_t) : va_arg(*args, int));
		break;
	case 'u':
	case 'x':
		put_number(out, spec,
			   spec->is_long ? va_arg(*args, uint64_t) : va_arg(*args, unsigned),
			   conversion == 'u' ? 10 : 16, false);
		break;
	case 'p':
		put(out, '0');
		put(out, 'x');
		put_number(out, spec, (uintptr_t)va_arg(*args, void *), 16, false);
		break;
	case 's':
		put_string(out, spec, va_arg(*args, const char *));
		break;
	case 'c':
		c = (char)va_arg(*args, int);
		put_padded(out, spec, &c, 1, false);
		break;
	default:
		put(out, '%');
		put(out, conversion);
		break;
	}
}

int vformat(char *dst, size_t size, const char *fmt, va_list list)
{
	struct output out = {.dst = dst, .size = size};
	struct spec spec;
	va_list args;

	va_copy(args, list);
	for (; *fmt != 0; fmt++) {
		if (*fmt != '%') {
			put(&out, *fmt);
			continue;
		}
		if (fmt[1] == '%') {
			put(&out, *fmt++);
			continue;
		}
		fmt = parse_spec(fmt + 1, &spec, &args);
		if (*fmt == 0) {
			break;
		}
		put_conversion(&out, &spec, *fmt, &args);
	}
	va_end(args);
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
