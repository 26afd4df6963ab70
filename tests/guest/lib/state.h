/* SPDX-License-Identifier: MIT */
/*
 * Test kernels: all of the processor that a guest can write, whatever CPUID says, each with a value
 * of its own for two sides.  One domain fills it as SIDE_a, another as SIDE_b, and neither may ever
 * see what the other has written.
 */
#ifndef GUEST_STATE_H
#define GUEST_STATE_H
#include "tests/guest/lib/lib.h"

enum state_side { SIDE_a, SIDE_b };

/* What a fresh vCPU has: nothing of anybody. */
void state_check_fresh(void);
void state_fill(enum state_side side);
/* Notes what is not as `side` filled it.  With x87 alone in XCR0 between two looks when `narrow`:
 * what XCR0 leaves out must be kept all the same. */
void state_look(enum state_side side, bool narrow);
/* The verdicts on all looks. */
void state_report(const char *who);
#endif
