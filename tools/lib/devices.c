/* SPDX-License-Identifier: MIT */
/*
 * See devices.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tools/lib/devices.h"

/* Up to `most` hex digits at *at, which moves behind them; -1: there is none, or one too many. */
static int take_hex(const char **at, const char *end, int most)
{
	static const char digits[] = "0123456789abcdef";
	int value = 0, count = 0;

	for (; *at < end && isxdigit((unsigned char)**at); (*at)++) {
		value = value << 4 | (int)(strchr(digits, tolower((unsigned char)**at)) - digits);
		if (++count > most) {
			return -1;
		}
	}
	return count ? value : -1;
}

static int take_char(const char **at, const char *end, char wanted)
{
	if (*at < end && **at == wanted) {
		(*at)++;
		return 1;
	}
	return 0;
}

static size_t colons(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++) {
		count += text[i] == ':';
	}
	return count;
}

int device_parse(const char *text, size_t length, uint16_t *function, const char **why)
{
	const char *at = text, *end = text + length;
	int segment = 0, bus, device, number;

	*why = "expected a PCI device as [0000:]BB:DD.F in hex digits";
	if (colons(text, length) == 2) {
		segment = take_hex(&at, end, 4);
		if (segment < 0 || !take_char(&at, end, ':')) {
			return -1;
		}
	}
	bus = take_hex(&at, end, 2);
	if (bus < 0 || !take_char(&at, end, ':')) {
		return -1;
	}
	device = take_hex(&at, end, 2);
	if (device < 0 || !take_char(&at, end, '.')) {
		return -1;
	}
	if (end - at == 1 && *at == '*') {
		*why = "`*' for all functions is not supported: name each";
		return -1;
	}
	number = take_hex(&at, end, 1);
	if (number < 0 || at != end) {
		return -1;
	}
	if (device > 0x1f || number > 7) {
		*why = "there is no such PCI device: DD is at most 1f, F at most 7";
		return -1;
	}
	if (segment) {
		*why = "only PCI domain 0000 is known";
		return -1;
	}
	*function = (uint16_t)(bus << 8 | device << 3 | number);
	return 0;
}

int device_add(struct device_list *list, uint16_t function, const char **why)
{
	uint32_t at = list->count;

	while (at > 0 && list->function[at - 1] > function) {
		at--;
	}
	if (at > 0 && list->function[at - 1] == function) {
		*why = "is named twice";
		return -1;
	}
	if (list->count == CORBEL_RQ_DEVICES_MAX) {
		*why = "is one more than the 32 that a domain can have";
		return -1;
	}
	memmove(&list->function[at + 1], &list->function[at],
		(list->count - at) * sizeof(list->function[0]));
	list->function[at] = function;
	list->count++;
	return 0;
}

void device_format(uint16_t function, char text[DEVICE_TEXT])
{
	snprintf(text, DEVICE_TEXT, "%02x:%02x.%x", (unsigned)function >> 8 & 0xff,
		 (unsigned)function >> 3 & 0x1f, (unsigned)function & 7);
}
