/* SPDX-License-Identifier: MIT */
/*
 * Console lines and failure reasons.  Text that comes from a request is printed only after the
 * request parser has accepted its characters.
 */
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"

char fail_reason[REASON_SIZE];

void print(const char *text, ...)
{
	static const char prefix[] = "builder: ";
	char line[256];
	size_t room = sizeof(line) - 1; /* without the line's end */
	size_t len = sizeof(prefix) - 1;
	va_list args;

	memcpy(line, prefix, len);
	va_start(args, text);
	len += (size_t)vformat(line + len, room - len, text, args);
	va_end(args);
	line[len] = '\n';
	console_write(line, len + 1);
}

void fail_because(const char *text, ...)
{
	va_list args;

	if (fail_reason[0] == '\0') {
		va_start(args, text);
		vformat(fail_reason, sizeof(fail_reason), text, args);
		va_end(args);
	}
}
