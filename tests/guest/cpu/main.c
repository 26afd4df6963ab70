/* SPDX-License-Identifier: MIT */
/*
 * The processor that a guest sees: every odd instruction, MSR, port and mode that must not harm the
 * host and need not end the domain.  What does end it is tests/guest/hostile-cpu.
 */
#include "tests/guest/cpu/cpu_tests.h"

const char test_title[] = "processor";

/* SVM's own instructions and what else must not exist for a guest. */
#define UD(name, bytes)                                                                            \
	do {                                                                                       \
		TRY(bytes, : : "a"(0x1000), "c"(0), "d"(0) : "memory");                            \
		check_trap(name " is #UD", VECTOR_UD);                                             \
	} while (0)

static void check_undefined(void)
{
	UD("VMRUN", ".byte 0x0f, 0x01, 0xd8");
	UD("VMLOAD", ".byte 0x0f, 0x01, 0xda");
	UD("VMSAVE", ".byte 0x0f, 0x01, 0xdb");
	UD("STGI", ".byte 0x0f, 0x01, 0xdc");
	UD("CLGI", ".byte 0x0f, 0x01, 0xdd");
	UD("SKINIT", ".byte 0x0f, 0x01, 0xde");
	UD("INVLPGA", ".byte 0x0f, 0x01, 0xdf");
	UD("MONITOR", ".byte 0x0f, 0x01, 0xc8");
	UD("MWAIT", ".byte 0x0f, 0x01, 0xc9");
}

USER_CODE(user_vmmcall, "mov $17, %eax; xor %edi, %edi; vmmcall");
USER_CODE(user_cpuid, "mov $0x40000000, %eax; cpuid; mov %ebx, user_result");
USER_CODE(user_rdtsc, "rdtsc; mov %eax, user_result");
USER_CODE(user_rdtscp, "rdtscp; mov %eax, user_result");
USER_CODE(user_hlt, "hlt");
USER_CODE(user_rdmsr, "mov $0xc0000080, %ecx; rdmsr");
USER_CODE(user_out, "mov $0xf4, %edx; mov $0x10, %eax; out %eax, %dx");
USER_CODE(user_vmrun, "mov $0x1000, %eax; vmrun");
uint32_t user_result;

static void check_user(void)
{
	struct trap trap = user_run(user_vmmcall);

	check_true("VMMCALL at CPL 3 is #UD or #GP",
		   trap.vector == VECTOR_UD || trap.vector == VECTOR_GP);
	trap = user_run(user_cpuid);
	check_true("CPUID at CPL 3 answers", trap.vector == VECTOR_BP && user_result == 0x566e6558);
	user_result = 0;
	trap = user_run(user_rdtsc);
	check_true("RDTSC at CPL 3 answers", trap.vector == VECTOR_BP && user_result != 0);
	user_result = 0;
	trap = user_run(user_rdtscp);
	check_true("RDTSCP at CPL 3 answers", trap.vector == VECTOR_BP && user_result != 0);
	check_equal("HLT at CPL 3 is #GP", (uint64_t)user_run(user_hlt).vector, VECTOR_GP);
	check_equal("RDMSR at CPL 3 is #GP", (uint64_t)user_run(user_rdmsr).vector, VECTOR_GP);
	check_equal("OUT at CPL 3 is #GP", (uint64_t)user_run(user_out).vector, VECTOR_GP);
	trap = user_run(user_vmrun);
	check_true("VMRUN at CPL 3 is #UD or #GP",
		   trap.vector == VECTOR_UD || trap.vector == VECTOR_GP);
}

static void check_msr(void)
{
	static const uint32_t unknown[] = {
		0x1234,     0x480,      0x79,       0x1D9,      0xC0000104,
		0xC0010114, 0xC0010117, 0xC0010058, 0xC0010000, 0xC0010111,
		0xC0011020, 0x40000000, 0x6E0,      0x3A,       0x7FFFFFFF,
	};
	char name[64];
	uint64_t value = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(unknown); i++) {
		bool read = msr_read(unknown[i], &value) || last_trap.vector != VECTOR_GP;
		bool write = msr_write(unknown[i], 0) || last_trap.vector != VECTOR_GP;

		format_into(name, sizeof(name), "MSR %x: read and write are #GP", unknown[i]);
		check_true(name, !read && !write);
	}
	check_true("EFER hides SVME", msr_read(0xC0000080, &value) && (value & 0x1000) == 0 &&
					      (value & 0xd00) == 0xd00);
	msr_write(0xC0000080, value | 0x1000);
	TRY(".byte 0x0f, 0x01, 0xdd", : : "a"(0x1000));
	check_trap("CLGI stays #UD after a write of EFER.SVME", VECTOR_UD);
	msr_read(0xC0000080, &value);
	check_equal("EFER after that", value & 0x1d00, 0xd00);
	check_true("EFER with a reserved bit is #GP", !msr_write(0xC0000080, value | 1ull << 40));
	check_true("RDMSR of the TSC runs with RDTSC",
		   msr_read(0x10, &value) && rdtsc() - value < 1000000000ull);
	check_true("PAT reads the reset value or what was set",
		   msr_read(0x277, &value) && value == 0x0007040600070406ull);
	check_true("LSTAR keeps its value", msr_write(0xC0000082, 0x12345678) &&
						    msr_read(0xC0000082, &value) &&
						    value == 0x12345678);
	check_true("TSC_AUX keeps its value",
		   msr_write(0xC0000103, 0x77) && msr_read(0xC0000103, &value) && value == 0x77);
}

/* T12: nothing answers.  The writes would stop or reset the machine if they reached it. */
static void check_ports(void)
{
	static const uint16_t deadly[] = {0xf4, 0x501, 0x604, 0xb004, 0xcf9,
					  0x64, 0x92,  0xb2,  0x514};
	unsigned answers = 0, first = 0;

	for (unsigned port = 0; port < 0x1000; port++) {
		if (port != 0x42 && inb((uint16_t)port) != 0xff) {
			answers++;
			first = first == 0 ? port : first;
		}
	}
	if (answers == 0) {
		ok("ports 0 to fff read all ones");
	} else {
		not_ok("ports 0 to fff read all ones", "%u do not, the first is %x", answers,
		       first);
	}
	check_equal("port 42 reads 0", inb(0x42), 0);
	check_equal("16-bit read", inw(0x510), 0xffff);
	check_equal("32-bit read of CFC", inl(0xcfc), 0xffffffff);
	for (unsigned i = 0; i < ARRAY_SIZE(deadly); i++) {
		outb(deadly[i], 0x10);
		outw(deadly[i], 0x2000);
		outl(deadly[i], 0xfe);
	}
	outl(0xcf8, 0x80000000);
	check_equal("CF8 keeps nothing", inl(0xcf8), 0xffffffff);
	ok("writes to reset, sleep, SMI and debug-exit ports vanish");
}

static void check_misc(void)
{
	TRY("rdpmc", : : "c"(0) : "eax", "edx");
	check_trap("RDPMC is #GP", VECTOR_GP);
	TRY("wbinvd", : : : "memory");
	check_trap("WBINVD runs", NO_TRAP);
	TRY("invd", : : : "memory");
	check_trap("INVD runs", NO_TRAP);
	TRY("pause", :);
	check_trap("PAUSE runs", NO_TRAP);
	TRY(".byte 0xf1", :);
	ok("ICEBP harms nothing (trap %d)", last_trap.vector);
	TRY("xsetbv", : : "a"(7), "d"(0), "c"(0));
	check_trap("XSETBV without OSXSAVE is #UD", VECTOR_UD);
	write_cr4(read_cr4() | 1ul << 18);
	TRY("xsetbv", : : "a"(3), "d"(0), "c"(0));
	check_trap("XSETBV of 3 runs", NO_TRAP);
	TRY("xsetbv", : : "a"(2), "d"(0), "c"(0));
	check_trap("XSETBV without x87 is #GP", VECTOR_GP);
	check_true("CPUID shows OSXSAVE", (cpuid(1, 0).c >> 27 & 1) != 0);
	hypercall2(__HYPERVISOR_xen_version, 0, 0);
	{
		uint32_t low, high;

		__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
		check_equal("XCR0 survives an exit", low, 3);
	}
}

/* All 16-, 32- and real-mode code runs under nested paging and its exits come back right. */
static void check_modes(void)
{
	volatile uint32_t *mark = (void *)0x9000;

	memcpy((void *)0x8000, trip_start, (size_t)(trip_end - trip_start));
	memset((void *)0x9000, 0, 64);
	compat_enter((void (*)(void))0x8000);
	check_equal("CPUID in 32-bit mode, paging off", mark[0], 0x566e6558);
	check_equal("CPUID in 16-bit protected mode", mark[1], 0x65584d4d);
	check_equal("CPUID in real mode", mark[2], 0x4d4d566e);
	check_equal("IN in real mode", mark[3], 0);
	check_equal("call and return on a 16-bit stack", mark[4], 0x4c414552);
}

static void check_processor_start(void)
{
	volatile uint32_t *mark = (void *)0x9100;
	uint64_t end;

	mark[0] = mark[1] = 0;
	memcpy((void *)0xA000, ap_start, (size_t)(ap_end - ap_start));
	msr_write(0x830, 0xC4500);        /* INIT, all but self */
	msr_write(0x830, 0xC4600 | 0x0A); /* STARTUP at 0xA000 */
	end = now_ns() + 2000000000ull;
	while (mark[0] != 0x41505550 && now_ns() < end) {
		sleep_ns(1000000);
	}
	check_equal("INIT and STARTUP start the second vCPU in real mode", mark[0], 0x41505550);
	check_true("and its exits work", mark[1] >= 0x40000002);
}

void test_main(void)
{
	check_undefined();
	check_user();
	check_msr();
	check_ports();
	check_misc();
	check_modes();
	check_apic();
	check_events();
	check_processor_start();
	ok("the domain lived through all of it");
}
