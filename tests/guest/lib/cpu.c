/* SPDX-License-Identifier: MIT */
/* Test kernels: IDT, TSS, expected traps, CPL 3, the page window. */
#include "tests/guest/lib/cpu.h"

struct gate {
	uint16_t low, selector;
	uint8_t ist, type;
	uint16_t middle;
	uint32_t high, reserved;
};

struct tss {
	uint32_t reserved;
	uint64_t rsp[3], reserved1, ist[7], reserved2;
	uint16_t reserved3, io_map;
} __attribute__((packed));

struct fixup {
	uint64_t from, to;
};

void traps_init(void);
void trap_handle(struct trap_frame *frame);
void user_enter(void (*entry)(void), void *stack);
void user_return(void);

extern const uint8_t trap_entries[];
extern uint64_t gdt_tss[2], user_kernel_stack;
extern const struct fixup ex_table_start[], ex_table_end[];

struct trap last_trap;
volatile uint32_t irq_count[256];
void (*irq_hook)(struct trap_frame *frame);

static struct gate idt[256];
static struct tss tss;
static uint8_t trap_stack[8192] __attribute__((aligned(16)));
static uint8_t fault_stack[4096] __attribute__((aligned(16)));
static uint8_t user_stack[4096] __attribute__((aligned(16)));

void traps_init(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {sizeof(idt) - 1, (uintptr_t)idt};
	uintptr_t base = (uintptr_t)&tss;

	for (unsigned i = 0; i < 256; i++) {
		uintptr_t entry = (uintptr_t)trap_entries + 16 * i;

		idt[i] = (struct gate){.low = (uint16_t)entry,
				       .selector = 0x18,
				       .type = i == VECTOR_BP ? 0xee : 0x8e,
				       .ist = i == VECTOR_DF ? 1 : 0,
				       .middle = (uint16_t)(entry >> 16)};
	}
	tss.rsp[0] = (uintptr_t)trap_stack + sizeof(trap_stack);
	tss.ist[0] = (uintptr_t)fault_stack + sizeof(fault_stack);
	tss.io_map = sizeof(tss);
	gdt_tss[0] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
		     (base >> 24 & 0xff) << 56;
	gdt_tss[1] = base >> 32;
	__asm__ volatile("lidt %0" : : "m"(pointer));
	__asm__ volatile("ltr %w0" : : "r"(0x30));
}

static bool expected(struct trap_frame *frame)
{
	for (const struct fixup *f = ex_table_start; f < ex_table_end; f++) {
		if (f->from == frame->rip) {
			frame->rip = f->to;
			return true;
		}
	}
	return false;
}

void trap_handle(struct trap_frame *frame)
{
	struct trap trap = {(int)frame->vector, (uint32_t)frame->error, frame->rip};

	if (frame->vector >= 32) {
		irq_count[frame->vector]++;
		if (irq_hook != NULL) {
			irq_hook(frame);
		}
		return;
	}
	if ((frame->cs & 3) != 0) {
		last_trap = trap;
		frame->rip = (uintptr_t)user_return;
		frame->cs = 0x18;
		frame->ss = 0x10;
		frame->rsp = user_kernel_stack;
		frame->rflags = 2;
		return;
	}
	if (expected(frame)) {
		last_trap = trap;
		return;
	}
	broken("trap %lu, error 0x%lx at 0x%lx, cr2 0x%lx", frame->vector, frame->error, frame->rip,
	       read_cr2());
}

struct trap user_run(void (*code)(void))
{
	last_trap = (struct trap){.vector = NO_TRAP};
	user_enter(code, user_stack + sizeof(user_stack));
	return last_trap;
}

void check_trap(const char *name, int vector)
{
	if (last_trap.vector == vector) {
		ok("%s", name);
	} else if (last_trap.vector == NO_TRAP) {
		not_ok(name, "no trap, wanted vector %d", vector);
	} else {
		not_ok(name, "trap %d, wanted %d", last_trap.vector, vector);
	}
}

void *window_set(unsigned slot, uint64_t gpa, uint64_t flags)
{
	void *va = (void *)(WINDOW_BASE + slot * PAGE_SIZE);

	page_window_pt[slot] = flags == 0 ? 0 : gpa | flags;
	invlpg((uintptr_t)va);
	return va;
}

bool msr_read(uint32_t msr, uint64_t *value)
{
	uint32_t low = 0, high = 0;

	TRY("rdmsr", : "+a"(low), "+d"(high) : "c"(msr));
	*value = (uint64_t)high << 32 | low;
	return last_trap.vector == NO_TRAP;
}

bool msr_write(uint32_t msr, uint64_t value)
{
	TRY("wrmsr", : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
	return last_trap.vector == NO_TRAP;
}
