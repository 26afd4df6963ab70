/* SPDX-License-Identifier: MIT */
/* GDT, TSS, IDT and stacks (desc.h).  APM vol. 2 sections 4.8, 8.9 and 12.2. */
#include "cpu/desc.h"
#include "base/lib.h"
#include "cpu/trap.h"

#define IDT_ENTRIES    256
#define GATE_INTERRUPT 0x8E /* present, ring 0, 64-bit interrupt gate */

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, reserved;
};

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed));

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct cpu_stack cpu_stacks[MAX_CPUS * STACKS_PER_CPU] __attribute__((aligned(4096)));

/* head.S starts on the boot CPU's main stack. */
_Static_assert(sizeof(struct cpu_stack) == 4096 + 32768, "see head.S");

static struct gate idt[IDT_ENTRIES];
static struct tss tss[MAX_CPUS];
static uint64_t gdt[MAX_CPUS][5];

static void idt_fill(void)
{
	for (unsigned i = 0; i < IDT_ENTRIES; i++) {
		uint64_t entry = (uintptr_t)trap_stubs + i * TRAP_STUB_SIZE;

		idt[i] = (struct gate){.offset_low = (uint16_t)entry,
				       .selector = SELECTOR_CODE,
				       .type = GATE_INTERRUPT,
				       .offset_mid = (uint16_t)(entry >> 16),
				       .offset_high = (uint32_t)(entry >> 32)};
	}
	idt[VECTOR_DF].ist = 1;
	idt[VECTOR_NMI].ist = 2;
	idt[VECTOR_MC].ist = 3;
}

static void gdt_fill(unsigned cpu)
{
	uint64_t base = (uintptr_t)&tss[cpu];
	uint64_t limit = sizeof(struct tss) - 1;

	gdt[cpu][SELECTOR_CODE / 8] = 0x00AF9B000000FFFFull;
	gdt[cpu][SELECTOR_DATA / 8] = 0x00CF93000000FFFFull;
	/* 0x89: available 64-bit TSS */
	gdt[cpu][SELECTOR_TSS / 8] =
		limit | (base & 0xFFFFFF) << 16 | 0x89ull << 40 | (base >> 24 & 0xFF) << 56;
	gdt[cpu][SELECTOR_TSS / 8 + 1] = base >> 32;
}

void desc_init(unsigned cpu)
{
	struct table_pointer gdt_pointer = {sizeof(gdt[cpu]) - 1, (uintptr_t)gdt[cpu]};
	struct table_pointer idt_pointer = {sizeof(idt) - 1, (uintptr_t)idt};

	if (cpu == 0) {
		idt_fill();
	}
	tss[cpu].io_map = sizeof(struct tss); /* none */
	for (unsigned i = 1; i < STACKS_PER_CPU; i++) {
		tss[cpu].ist[i - 1] =
			(uintptr_t)(cpu_stacks[cpu * STACKS_PER_CPU + i].stack + STACK_SIZE);
	}
	gdt_fill(cpu);
	__asm__ volatile("lgdt %0\n\t"
			 "pushq %2\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "movl %3, %%eax\n\t"
			 "movl %%eax, %%ds\n\t"
			 "movl %%eax, %%es\n\t"
			 "movl %%eax, %%ss\n\t"
			 "lidt %1\n\t"
			 "movl %4, %%eax\n\t"
			 "ltr %%ax"
			 :
			 : "m"(gdt_pointer), "m"(idt_pointer), "i"(SELECTOR_CODE),
			   "i"(SELECTOR_DATA), "i"(SELECTOR_TSS)
			 : "rax", "memory");
}

uint64_t cpu_stack_top(uint64_t rsp)
{
	for (unsigned i = 0; i < ARRAY_SIZE(cpu_stacks); i++) {
		uintptr_t base = (uintptr_t)cpu_stacks[i].stack;

		if (rsp >= base && rsp < base + STACK_SIZE) {
			return base + STACK_SIZE;
		}
	}
	return rsp;
}
