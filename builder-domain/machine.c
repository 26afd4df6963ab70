/* SPDX-License-Identifier: MIT */
/*
 * The parts of the machine that a test on the host must replace; hypercall() itself is in start.S.
 */
#include "builder-domain/hypercall.h"

void *guest_pointer(uint64_t gpa)
{
	return (void *)(uintptr_t)gpa;
}

uint64_t cycles(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* There is no IDT: the fault has no handler, the hypervisor sees a shutdown and ends the instance.
 */
void crash(void)
{
	for (;;) {
		__asm__ volatile("ud2");
	}
}
