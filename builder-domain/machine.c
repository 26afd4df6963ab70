/* SPDX-License-Identifier: MIT */
/*
 * The parts of the machine that a test on the host must replace; hypercall() itself is in start.S.
 * Also what the signature library expects of a C library beyond memory functions.
 */
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"

void *guest_pointer(uint64_t gpa)
{
	return (void *)(uintptr_t)gpa;
}

uint64_t cycles(void)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* There is no IDT: the fault has no handler, so the hypervisor sees a shutdown and ends the
 * instance. */
void crash(void)
{
	for (;;) {
		__asm__ volatile("ud2");
	}
}

/* Copies whose room the compiler knew.  builder.lds makes __stack_chk_fail() another name of
 * crash(). */
void *__memcpy_chk(void *to, const void *from, size_t len, size_t room);
void *__memset_chk(void *at, int byte, size_t len, size_t room);

void *__memcpy_chk(void *to, const void *from, size_t len, size_t room)
{
	if (len > room) {
		crash();
	}
	return memcpy(to, from, len);
}

void *__memset_chk(void *at, int byte, size_t len, size_t room)
{
	if (len > room) {
		crash();
	}
	return memset(at, byte, len);
}
