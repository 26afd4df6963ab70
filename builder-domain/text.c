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
	char line[256] = "builder: ";
	size_t prefix = sizeof("builder: ") - 1, len;
	va_list args;

	va_start(args, text);
	len = prefix + (size_t)vformat(line + prefix, sizeof(line) - prefix - 1, text, args);
	va_end(args);
	line[len++] = '\n';
	console_write(line, len);
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
