/* SPDX-License-Identifier: MIT */
/* Parts of the processor test. */
#ifndef CPU_TESTS_H
#define CPU_TESTS_H
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/xen.h"

void check_apic(void);
void check_events(void);
extern uint32_t user_result;
#endif
