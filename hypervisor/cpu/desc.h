/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables and stacks of each CPU.  Every stack has an unmapped page below it (mm/hpt.c),
 * and the three exceptions that can strike on a bad stack have their own.
 */
#ifndef CPU_DESC_H
#define CPU_DESC_H
#include <stdint.h>
#include "cpu/percpu.h"

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS  0x18

#define STACK_SIZE     32768
#define STACKS_PER_CPU 4 /* main, #DF, NMI, #MC */

struct cpu_stack {
	uint8_t guard[4096];
	uint8_t stack[STACK_SIZE];
};

extern struct cpu_stack cpu_stacks[MAX_CPUS * STACKS_PER_CPU]; /* of one CPU side by side */

/* Loads GDT, TSS and IDT on this CPU. */
void desc_init(unsigned cpu);
/* End of the stack that rsp points into, or rsp itself when it is in none. */
uint64_t cpu_stack_top(uint64_t rsp);
#endif
