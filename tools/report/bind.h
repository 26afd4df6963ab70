/* SPDX-License-Identifier: MIT */
/*
 * The 64 bytes of a report (abi/log.h): made by corbel-report, made again by whoever checks one.
 */
#ifndef REPORT_BIND_H
#define REPORT_BIND_H
#include <stddef.h>
#include <stdint.h>

#include "abi/log.h"

#define BIND_MAX (1u << 20) /* bytes that can be bound */

void bind_report(uint8_t data[CORBEL_REPORT_LEN], const uint8_t nonce[CORBEL_NONCE_LEN],
		 const void *bound, size_t size);

/* A word of an even number of hex digits is these bytes; anything else names a file.  The caller
 * frees what is returned; NULL: `error` says why. */
uint8_t *bind_read(const char *word, size_t *size, char error[256]);
#endif
