/* SPDX-License-Identifier: MIT */
/*
 * See reference.h: messages, and documents as JSON.
 */
#include "measured-boot/reference/reference.h"
#include "tools/lib/files.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void say(const char *prefix, const char *format, va_list arguments)
{
	fprintf(stderr, "corbel-reference: %s", prefix);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

bool bad(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("", format, arguments);
	va_end(arguments);
	return false;
}

void warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("warning: ", format, arguments);
	va_end(arguments);
}

int usage_error(const char *help, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("", format, arguments);
	va_end(arguments);
	fprintf(stderr, "%.*s", (int)(strstr(help, "\n\n") + 1 - help), help);
	return STATUS_bad;
}

bool take_number(const char *what, const char *text, uint64_t most, uint64_t *out)
{
	size_t digits = strspn(text, "0123456789");

	errno = 0;
	*out = strtoull(text, NULL, 10);
	if (digits == 0 || text[digits] || errno || *out > most) {
		return bad("%s: expected a decimal number up to %llu, not '%.64s'", what,
			   (unsigned long long)most, text);
	}
	return true;
}

bool check_text(const char *what, const char *text)
{
	for (size_t i = 0; text[i]; i++) {
		if ((unsigned char)text[i] >= 0x80) {
			return bad("%s: byte 0x%02x at %zu: expected ASCII", what,
				   (unsigned char)text[i], i);
		}
	}
	return true;
}

void put_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\') {
			fprintf(out, "\\%c", *text);
		} else if ((unsigned char)*text < 0x20 || *text == 0x7F) {
			fprintf(out, "\\u%04x", (unsigned char)*text);
		} else {
			fputc(*text, out);
		}
	}
	fputc('"', out);
}

void put_hex(FILE *out, const uint8_t *bytes, size_t size)
{
	fputc('"', out);
	for (size_t i = 0; i < size; i++) {
		fprintf(out, "%02x", bytes[i]);
	}
	fputc('"', out);
}

void put_digests(FILE *out, const uint8_t digest[2][64])
{
	fputs("\"sha256\": ", out);
	put_hex(out, digest[0], 32);
	fputs(", \"sha384\": ", out);
	put_hex(out, digest[1], 48);
}

bool document_open(struct document *d)
{
	d->out = open_memstream(&d->bytes, &d->size);
	return d->out || bad("out of memory");
}

bool document_close(struct document *d, const char *path)
{
	char error[512];
	bool good = fclose(d->out) == 0;

	if (!good) {
		bad("out of memory");
	} else if (files_write(path ? path : "-", d->bytes, d->size, error, sizeof(error)) != 0) {
		good = bad("%s", error);
	}
	free(d->bytes);
	return good;
}
