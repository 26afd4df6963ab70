/* SPDX-License-Identifier: MIT */
/* COM1, 115200 8n1, polled.  An absent UART swallows everything; a stuck one costs bounded time. */
#ifndef DIAG_UART_H
#define DIAG_UART_H
#include "base/must_check.h"
#include <stdbool.h>

void uart_init(void);
void uart_put(char c);
MUST_CHECK bool uart_get(char *c); /* false: nothing typed */
void uart_flush(void);             /* waits, bounded, until the last byte has left */
#endif
