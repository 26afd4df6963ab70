/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts taken in the hypervisor itself.  Interrupts are the timer's and those
 * of devices (cpu/upcalls.h); an exception is a broken hypervisor and ends in a crash record.
 */
#ifndef CPU_TRAP_H
#define CPU_TRAP_H
#include <stdint.h>

#define VECTOR_NMI 2
#define VECTOR_DF  8
#define VECTOR_MC  18

#define TRAP_STUB_SIZE 16
extern const char trap_stubs[]; /* entry.S: 256 of them */

struct trap_frame { /* as entry.S pushes it */
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

void trap_handle(const struct trap_frame *frame); /* called by entry.S */
#endif
