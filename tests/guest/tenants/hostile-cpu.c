/* SPDX-License-Identifier: MIT */
/*
 * Tenant with one hostile processor state, chosen by `case=NAME` on its command line.  Prints
 * `started` first; then either it does not come back (the hypervisor ends it) or it says what it
 * got.
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/xen.h"
#include <xen/sched.h>

const char test_title[] = "hostile processor state";

#define NOWHERE 0x90000000ul /* no RAM there in any test tenant */

static void outcome(void)
{
	if (last_trap.vector == NO_TRAP) {
		ok("ran");
	} else {
		ok("trap %d", last_trap.vector);
	}
}

static void case_cr4(void)
{
	TRY("mov %0, %%cr4", : : "r"(read_cr4() | 1ul << 25) : "memory");
	outcome();
}

static void case_cr3(void)
{
	TRY("mov %0, %%cr3", : : "r"(read_cr3() | 1ul << 51) : "memory");
	outcome();
}

static void case_cr0nw(void)
{
	TRY("mov %0, %%cr0", : : "r"((read_cr0() | 1ul << 29) & ~(1ul << 30)) : "memory");
	cpuid(0, 0); /* the state breaks the VMRUN after this */
	outcome();
}

static void case_efer(void)
{
	msr_write(0xC0000080, ~0ull);
	msr_write(0xC0000080, 0x1d01);
	outcome();
}

static void case_cr3_nowhere(void)
{
	write_cr3(NOWHERE);
	cpuid(0, 0);
	outcome();
}

static void case_read(void)
{
	ok("read %lx", *(volatile uint64_t *)NOWHERE);
}

static void case_write(void)
{
	*(volatile uint64_t *)NOWHERE = 1;
	outcome();
}

static void case_fetch(void)
{
	((void (*)(void))NOWHERE)();
	outcome();
}

static void case_apic_page(void)
{
	ok("read %x", *(volatile uint32_t *)0xFEE00020ul);
}

static void case_hypervisor_page(void)
{
	/* Host-physical home of the hypervisor: as a guest address it is the tenant's own RAM. */
	*(volatile uint64_t *)0x200000ul = 0x1122334455667788ull;
	ok("own RAM at 200000");
}

static void case_string_in(void)
{
	static uint8_t buffer[16];
	void *at = buffer;
	uint64_t count = sizeof(buffer);

	__asm__ volatile("rep insb" : "+D"(at), "+c"(count) : "d"(0x60) : "memory");
	ok("string IN ran");
}

static void case_string_out(void)
{
	const void *at = test_title;

	__asm__ volatile("outsb" : "+S"(at) : "d"(0x80) : "memory");
	ok("string OUT ran");
}

static void set_idt(uint64_t base, uint16_t limit)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {limit, base};

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

static void case_triple(void)
{
	set_idt(0, 0);
	__asm__ volatile("int3");
	outcome();
}

static void case_idt_nowhere(void)
{
	set_idt(NOWHERE, 0xfff);
	__asm__ volatile("ud2");
	outcome();
}

static void case_gdt_nowhere(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {0xff, NOWHERE};

	__asm__ volatile("lgdt %0\n\tmov %1, %%ds" : : "m"(pointer), "r"(0x10));
	outcome();
}

static void case_stack_nowhere(void)
{
	__asm__ volatile("mov %0, %%rsp\n\tud2" : : "r"(NOWHERE + 0x1000));
}

static void case_xcr0(void)
{
	uint32_t low, high;

	write_cr4(read_cr4() | 1ul << 18);
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	check_equal("XCR0 starts as 1", low, 1);
	TRY("xsetbv", : : "a"(7), "d"(0), "c"(0));
	check_trap("XCR0 = 7", NO_TRAP);
	/* All of x87, SSE, AVX and the debug registers full of garbage; Dom0 looks at its own. */
	__asm__ volatile(
		"vpcmpeqd %%xmm0, %%xmm0, %%xmm0\n\tvinsertf128 $1, %%xmm0, %%ymm0, %%ymm0\n\t"
		"fld1\n\tfldpi"
		:
		:
		:);
	__asm__ volatile("mov %0, %%db0\n\tmov %0, %%db1\n\tmov %0, %%db2\n\tmov %0, %%db3"
			 :
			 : "r"(0x4141414141414141ul & 0x7ffffffffffful));
	for (int i = 0; i < 20; i++) {
		hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
	}
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	check_equal("XCR0 is kept over other domains' runs", low, 7);
}

/* Runs after xcr0: nothing of another domain's registers may be left for this one. */
static void case_clean(void)
{
	uint64_t value[2];
	uint16_t control;

	__asm__ volatile("movdqu %%xmm0, %0" : "=m"(value));
	check_equal("XMM0 starts as 0", value[0] | value[1], 0);
	__asm__ volatile("mov %%db0, %0" : "=r"(value[0]));
	check_equal("DR0 starts as 0", value[0], 0);
	__asm__ volatile("mov %%db7, %0" : "=r"(value[0]));
	check_equal("DR7 starts as 400", value[0], 0x400);
	__asm__ volatile("fnstsw %0" : "=m"(control));
	check_equal("x87 stack starts empty: top is 0", control & 0x3800, 0);
	check_true("TSC_AUX starts as 0", msr_read(0xC0000103, &value[0]) && value[0] == 0);
	check_true("LSTAR starts as 0", msr_read(0xC0000082, &value[0]) && value[0] == 0);
}

static void case_halt(void)
{
	print("halting\n");
	for (;;) {
		__asm__ volatile("cli; hlt");
	}
}

/* Every vCPU halts with IF=0: the second is never started, which counts as halted. */
static void case_crash(void)
{
	struct sched_shutdown arg = {.reason = SHUTDOWN_crash};

	hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uintptr_t)&arg);
}

static void case_reboot(void)
{
	struct sched_shutdown arg = {.reason = SHUTDOWN_reboot};

	hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (uintptr_t)&arg);
}

#define SVM(name, bytes, value)                                                                    \
	TRY(".byte 0x0f, 0x01, " bytes, : : "a"(value), "c"(0) : "memory");                        \
	check_trap(name " is #UD", VECTOR_UD)

/* The addresses are the hypervisor's own, where an unintercepted VMSAVE would write. */
static void case_svm(void)
{
	SVM("VMRUN", "0xd8", 0x200000);
	SVM("VMRUN of 0", "0xd8", 0);
	SVM("VMLOAD", "0xda", 0x200000);
	SVM("VMSAVE", "0xdb", 0x200000);
	SVM("STGI", "0xdc", 0);
	SVM("CLGI", "0xdd", 0);
	SVM("SKINIT", "0xde", 0x200000);
	SVM("INVLPGA", "0xdf", 0x1000);
}

/* Interrupts, IPIs and SIPIs at odd places. */
static void case_apic(void)
{
	for (uint32_t mode = 0; mode < 8; mode++) {
		for (uint32_t shorthand = 0; shorthand < 4; shorthand++) {
			msr_write(0x830, shorthand << 18 | mode << 8 | 0x40);
			msr_write(0x830, 0xffffffffull << 32 | shorthand << 18 | mode << 8 | 0x0d);
		}
	}
	for (uint32_t msr = 0x800; msr < 0x840; msr++) {
		if (msr != 0x830) {
			msr_write(msr, ~0ull);
			msr_write(msr, 0);
		}
	}
	ok("no APIC write did harm");
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{"cr4", case_cr4},
	{"cr3", case_cr3},
	{"cr0nw", case_cr0nw},
	{"efer", case_efer},
	{"cr3-nowhere", case_cr3_nowhere},
	{"read", case_read},
	{"write", case_write},
	{"fetch", case_fetch},
	{"apic-page", case_apic_page},
	{"hypervisor-page", case_hypervisor_page},
	{"string-in", case_string_in},
	{"string-out", case_string_out},
	{"triple", case_triple},
	{"idt-nowhere", case_idt_nowhere},
	{"gdt-nowhere", case_gdt_nowhere},
	{"stack-nowhere", case_stack_nowhere},
	{"xcr0", case_xcr0},
	{"clean", case_clean},
	{"halt", case_halt},
	{"crash", case_crash},
	{"reboot", case_reboot},
	{"svm", case_svm},
	{"apic", case_apic},
};

void test_main(void)
{
	char wanted[32];

	if (option("case", wanted, sizeof(wanted)) == NULL) {
		broken("no case= in the command line");
	}
	print("started %s\n", wanted);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		if (strcmp(cases[i].name, wanted) == 0) {
			cases[i].run();
			return;
		}
	}
	broken("no case %s", wanted);
}
