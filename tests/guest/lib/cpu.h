/* SPDX-License-Identifier: MIT */
/*
 * Test kernels: traps (expected and not), CPL 3, interrupts, and a window of 512 pages at 4 GiB
 * whose entries a test sets as it likes.
 */
#ifndef GUEST_CPU_H
#define GUEST_CPU_H
#include "tests/guest/lib/lib.h"

#define VECTOR_DB 1
#define VECTOR_BP 3
#define VECTOR_UD 6
#define VECTOR_NM 7
#define VECTOR_DF 8
#define VECTOR_GP 13
#define VECTOR_PF 14

struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

#define NO_TRAP (-1)
struct trap {
	int vector; /* NO_TRAP: the instruction ran */
	uint32_t error;
	uint64_t rip;
};
extern struct trap last_trap;

/* One instruction that may trap: TRY("wrmsr", : outputs : inputs).  Then look at last_trap. */
#define TRY(instruction, ...)                                                                      \
	do {                                                                                       \
		last_trap = (struct trap){.vector = NO_TRAP};                                      \
		__asm__ volatile("1: " instruction "\n2:\n"                                        \
				 ".pushsection .ex_table,\"a\"\n"                                  \
				 ".quad 1b, 2b\n"                                                  \
				 ".popsection\n" __VA_ARGS__);                                     \
	} while (0)

/* Reports ok when the last TRY ended in this vector. */
void check_trap(const char *name, int vector);

/* Runs code at CPL 3 until its first trap, which is the result.  CODE("vmmcall") makes such code;
 * it ends in int3, so VECTOR_BP says that it ran through. */
struct trap user_run(void (*code)(void));
#define USER_CODE(name, text)                                                                      \
	void name(void);                                                                           \
	__asm__(".text\n.global " #name "\n" #name ": " text "\nint3\n.previous\n")

extern volatile uint32_t irq_count[256];
/* Called for vectors from 32 up, after the count. */
extern void (*irq_hook)(struct trap_frame *frame);

static inline void irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

#define PTE_P        1ul
#define PTE_W        2ul
#define PTE_U        4ul
#define PTE_NX       (1ul << 63)
#define WINDOW_BASE  0x100000000ul
#define WINDOW_SLOTS 512
/* Points slot at gpa (flags 0: unmapped) and returns its virtual address. */
void *window_set(unsigned slot, uint64_t gpa, uint64_t flags);

/* MSR access that may trap: false when it did. */
bool msr_read(uint32_t msr, uint64_t *value);
bool msr_write(uint32_t msr, uint64_t value);

void compat_enter(void (*code32)(void));
extern const uint8_t trip_start[], trip_end[], ap_start[], ap_end[];
extern uint64_t page_pml4[], page_pd[], page_window_pt[], page_window_pd[];
#endif
