/* SPDX-License-Identifier: MIT */
/* The way down: how the hypervisor stops when it can no longer trust itself. */
#ifndef DIAG_PANIC_H
#define DIAG_PANIC_H
#include "base/must_check.h"
#include <stdbool.h>
#include <stdint.h>

/* True from the first line of a crash record on: locks are no longer honoured. */
MUST_CHECK bool is_panicking(void);

/* Starts a crash record; a crash while one is being written wipes and stops at once. */
void panic_begin(void);
/* Ends it: return addresses found on the stack from rsp up, last trace records, stop. */
__attribute__((noreturn)) void panic_end(uint64_t rsp);
#endif
