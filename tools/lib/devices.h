/* SPDX-License-Identifier: MIT */
/*
 * PCI functions in text, [DDDD:]BB:DD.F as lspci(8) and xl write them, and in a request
 * (builder-domain/abi.h).  Host side, not trusted: builder and hypervisor check again.
 */
#ifndef LIB_DEVICES_H
#define LIB_DEVICES_H
#include <stddef.h>
#include <stdint.h>

#include "builder-domain/abi.h"

#define DEVICE_TEXT 8 /* BB:DD.F and NUL */

struct device_list {
	uint32_t count;
	uint16_t function[CORBEL_RQ_DEVICES_MAX]; /* ascending; bus << 8 | device << 3 | function */
};

/* 0 with *function; or -1 with what is wrong in why. */
int device_parse(const char *text, size_t length, uint16_t *function, const char **why);

/* Puts the function in its place.  0; or -1 with what is wrong in why: it is there already, or
 * there are as many as a request can name. */
int device_add(struct device_list *list, uint16_t function, const char **why);

void device_format(uint16_t function, char text[DEVICE_TEXT]);

#endif
