/* SPDX-License-Identifier: MIT */
/*
 * The host console: one UART (COM1, 115200 8n1, polled), the hypervisor's log ring, and the line
 * buffers of domains that may write to it.
 */
#ifndef DIAG_CONSOLE_H
#define DIAG_CONSOLE_H
#include "base/must_check.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A domain's console_io output.  Dom0 (domid 0) owns the terminal: bytes go out as they are. Others
 * are buffered to whole lines and prefixed "(dN) ". */
void console_domain_write(uint16_t domid, const char *text, size_t len);
size_t console_input(char *dst, size_t max); /* bytes typed since the last call */
MUST_CHECK bool
console_poll(void); /* called on the tick: moves UART input to the buffer; true if new input */
/* Log ring for sysctl readconsole: copies from *index on; returns bytes. */
size_t console_log_read(uint32_t *index, char *dst, size_t max);

/* Ends the machine: flushes the UART, then isa-debug-exit 0x10 (clean) or 0x11 (crash) when that
 * device answers, ACPI S5 or 0x604 otherwise, then halts for ever. */
__attribute__((noreturn)) void machine_stop(bool clean);
#endif
