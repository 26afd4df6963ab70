/* SPDX-License-Identifier: MIT */
/* Test kernels: see state.h. */
#include "tests/guest/lib/state.h"
#include "cpu/msr.h"
#include "tests/guest/lib/cpu.h"

#define CR4_OSXSAVE (1ul << 18)
#define CR4_PKE     (1ul << 22)
#define CR4_DE      (1ul << 3)
#define CR4_TSD     (1ul << 2)

/* XSAVE area, standard format. */
#define AREA_FCW    0
#define AREA_MXCSR  24
#define AREA_ST     32 /* eight of 16 bytes, 10 in use */
#define AREA_XMM    160
#define AREA_HEADER 512
#define AREA_YMM    576
#define AREA_END    832
static uint8_t image[2][PAGE_SIZE] __attribute__((aligned(64)));
static uint8_t seen[PAGE_SIZE] __attribute__((aligned(64)));
static uint64_t wide = 7; /* the largest XCR0 that the CPU takes */

#define ITEMS 40
static const char *bad_name[ITEMS];
static uint64_t bad_value[ITEMS];
static unsigned bad_count, looks;

static void note(const char *name, uint64_t value)
{
	for (unsigned i = 0; i < bad_count; i++) {
		if (bad_name[i] == name) {
			return;
		}
	}
	if (bad_count < ITEMS) {
		bad_name[bad_count] = name;
		bad_value[bad_count++] = value;
	}
}

static void expect(const char *name, uint64_t value, uint64_t wanted)
{
	if (value != wanted) {
		note(name, value);
	}
}

/* ---- registers with a number ------------------------------------------------------------- */
static const struct {
	const char *name;
	uint32_t msr;
	uint64_t value[2], fresh;
} msrs[] = {
	{"SYSENTER_CS", MSR_SYSENTER_CS, {0x1a1a, 0x2b2b}, 0},
	{"SYSENTER_ESP", MSR_SYSENTER_ESP, {0x1a1a1a1a, 0x2b2b2b2b}, 0},
	{"SYSENTER_EIP", MSR_SYSENTER_EIP, {0x1a1a1a1b, 0x2b2b2b2c}, 0},
	{"PAT", MSR_PAT, {0x0606060606060606, 0x0407040604070406}, PAT_RESET},
	{"STAR", MSR_STAR, {0x001a1a1a00000000, 0x002b2b2b00000000}, 0},
	{"LSTAR", MSR_LSTAR, {0x1a1a1a1a1a1a, 0x2b2b2b2b2b2b}, 0},
	{"CSTAR", MSR_CSTAR, {0x1a1a1a1a1a1b, 0x2b2b2b2b2b2c}, 0},
	{"SFMASK", MSR_SFMASK, {0x1a1a, 0x2b2b}, 0},
	{"FS base", MSR_FS_BASE, {0x1a1a1a1a1a1c, 0x2b2b2b2b2b2d}, 0},
	{"GS base", MSR_GS_BASE, {0x1a1a1a1a1a1d, 0x2b2b2b2b2b2e}, 0},
	{"KERNEL_GS base", MSR_KERNEL_GS_BASE, {0x1a1a1a1a1a1e, 0x2b2b2b2b2b2f}, 0},
	{"TSC_AUX", MSR_TSC_AUX, {0x1a1a1a1a, 0x2b2b2b2b}, 0},
	{"EFER", MSR_EFER, {0xd01, 0xd00}, 0xd00},
};

#define DEFINE_REGISTER(name, at)                                                                  \
	static uint64_t read_##name(void)                                                          \
	{                                                                                          \
		uint64_t value;                                                                    \
		__asm__ volatile("mov %%" at ", %0" : "=r"(value));                                \
		return value;                                                                      \
	}                                                                                          \
	static void write_##name(uint64_t value)                                                   \
	{                                                                                          \
		__asm__ volatile("mov %0, %%" at : : "r"(value) : "memory");                       \
	}
DEFINE_REGISTER(dr0, "db0")
DEFINE_REGISTER(dr1, "db1")
DEFINE_REGISTER(dr2, "db2")
DEFINE_REGISTER(dr3, "db3")
DEFINE_REGISTER(dr6, "db6")
DEFINE_REGISTER(dr7, "db7")
DEFINE_REGISTER(cr8, "cr8")
DEFINE_REGISTER(ds, "ds")
DEFINE_REGISTER(es, "es")

static uint64_t read_pkru(void)
{
	uint32_t low, high;

	__asm__ volatile(".byte 0x0f, 0x01, 0xee" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

static void write_pkru(uint64_t value)
{
	__asm__ volatile(".byte 0x0f, 0x01, 0xef" : : "a"((uint32_t)value), "c"(0), "d"(0));
}

/* As the processor has it: RDMSR asks the hypervisor. */
static uint64_t read_tsc_aux(void)
{
	uint32_t low, high, aux;

	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
	return aux;
}

static void write_tsc_aux(uint64_t value)
{
	msr_write(MSR_TSC_AUX, value);
}

static const struct {
	const char *name;
	uint64_t (*read)(void);
	void (*write)(uint64_t value);
	uint64_t value[2], fresh;
} registers[] = {
	{"PKRU", read_pkru, write_pkru, {0x1a1a1a18, 0x2b2b2b28}, 0}, /* key 0 stays open */
	{"RDTSCP", read_tsc_aux, write_tsc_aux, {0x1a1a1a1a, 0x2b2b2b2b}, 0},
	{"DR0", read_dr0, write_dr0, {0x1a1a1a1a1a00, 0x2b2b2b2b2b00}, 0},
	{"DR1", read_dr1, write_dr1, {0x1a1a1a1a1a10, 0x2b2b2b2b2b10}, 0},
	{"DR2", read_dr2, write_dr2, {0x1a1a1a1a1a20, 0x2b2b2b2b2b20}, 0},
	{"DR3", read_dr3, write_dr3, {0x1a1a1a1a1a30, 0x2b2b2b2b2b30}, 0},
	{"DR6", read_dr6, write_dr6, {0xffff0ff1, 0xffff0ffe}, 0xffff0ff0},
	{"DR7", read_dr7, write_dr7, {0x000f0400, 0x0f000400}, 0x400},
	{"CR2", read_cr2, write_cr2, {0x1a1a1a1a1a1a, 0x2b2b2b2b2b2b}, 0},
	{"CR8", read_cr8, write_cr8, {0x5, 0xa}, 0},
	{"DS", read_ds, write_ds, {0, 0x10}, 0x10},
	{"ES", read_es, write_es, {0x10, 0}, 0x10},
};

/* ---- XSAVE ------------------------------------------------------------------------------- */
static void make_image(enum state_side side)
{
	uint8_t *at = image[side];
	int byte = side == SIDE_a ? 0x1a : 0x2b;
	uint32_t mxcsr = side == SIDE_a ? 0x1fc0 : 0x9f80;
	uint64_t components = 7;

	memset(at, 0, PAGE_SIZE);
	memset(at + AREA_ST, byte, AREA_HEADER - AREA_ST);
	for (unsigned i = 0; i < 8; i++) {
		memset(at + AREA_ST + 16 * i + 10, 0, 6);
	}
	memset(at + AREA_XMM + 256, 0, AREA_HEADER - AREA_XMM - 256);
	memset(at + AREA_YMM, byte, AREA_END - AREA_YMM);
	at[AREA_FCW] = 0x7f;
	at[AREA_FCW + 1] = side == SIDE_a ? 3 : 2;
	at[AREA_FCW + 3] = side == SIDE_a ? 0x18 : 0x28; /* FSW: top of the stack */
	at[AREA_FCW + 4] = 0xff;                         /* all eight in use */
	memcpy(at + AREA_MXCSR, &mxcsr, sizeof(mxcsr));
	memcpy(at + AREA_HEADER, &components, sizeof(components));
}

static void xcr0_widen(void)
{
	static const uint64_t tries[] = {0x2e7, 0x207, 0x7};

	write_cr4(read_cr4() | CR4_OSXSAVE);
	for (unsigned i = 0; i < ARRAY_SIZE(tries); i++) {
		TRY("xsetbv", : : "a"((uint32_t)tries[i]), "d"(0), "c"(0) : "memory");
		if (last_trap.vector == NO_TRAP) {
			wide = tries[i];
			return;
		}
	}
}

static void load_image(enum state_side side)
{
	__asm__ volatile("xrstor64 (%0)" : : "r"(image[side]), "a"(7), "d"(0) : "memory");
}

static void look_image(const char *suffix_st, const char *suffix_mm, const uint8_t *wanted)
{
	memset(seen, 0, sizeof(seen));
	__asm__ volatile("xsave64 (%0)" : : "r"(seen), "a"(7), "d"(0) : "memory");
	if (memcmp(seen, wanted, 5) != 0 || memcmp(seen + AREA_ST, wanted + AREA_ST, 128) != 0) {
		note(suffix_st, *(uint64_t *)(seen + AREA_ST));
	}
	if (memcmp(seen + AREA_MXCSR, wanted + AREA_MXCSR, 4) != 0 ||
	    memcmp(seen + AREA_XMM, wanted + AREA_XMM, 256) != 0 ||
	    memcmp(seen + AREA_YMM, wanted + AREA_YMM, 256) != 0) {
		note(suffix_mm, (uint64_t) * (uint32_t *)(seen + AREA_MXCSR) << 32 |
					*(uint32_t *)(seen + AREA_XMM));
	}
}

/* The last x87 instruction and its operand: an instruction of this very kernel, or none. */
static uint64_t x87_pointers(void)
{
	uint32_t environment[7];

	__asm__ volatile("fnstenv %0\n\tfldenv %0" : "+m"(environment));
	return (uint64_t)environment[5] << 32 | environment[3];
}

/* An instruction that changes nothing else; each side has its own. */
static __attribute__((noinline)) void x87_leave_trace(enum state_side side)
{
	if (side == SIDE_a) {
		__asm__ volatile("nop\n\tfst %st(0)");
	} else {
		__asm__ volatile("fst %st(0)");
	}
}

/* ---- the whole --------------------------------------------------------------------------- */
static uint64_t trace[2];

void state_check_fresh(void)
{
	static uint8_t empty[PAGE_SIZE];
	uint64_t value;

	check_equal("x87 pointers of a fresh vCPU", x87_pointers(), 0);
	TRY("mov %0, %%cr4", : : "r"(read_cr4() | CR4_PKE) : "memory");
	check_trap("CR4.PKE goes through (PKRU is looked at)", NO_TRAP);
	for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
		check_equal(registers[i].name, registers[i].read(), registers[i].fresh);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(msrs); i++) {
		value = ~0ull;
		msr_read(msrs[i].msr, &value);
		check_equal(msrs[i].name, value, msrs[i].fresh);
	}
	xcr0_widen();
	empty[AREA_FCW] = 0x7f;
	empty[AREA_FCW + 1] = 3;
	empty[AREA_MXCSR] = 0x80;
	empty[AREA_MXCSR + 1] = 0x1f;
	look_image("x87", "SSE and AVX", empty);
	state_report("fresh");
}

void state_fill(enum state_side side)
{
	uint64_t more = side == SIDE_a ? CR4_DE : CR4_TSD;

	write_cr4(read_cr4() | CR4_PKE | CR4_OSXSAVE | more);
	for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
		registers[i].write(registers[i].value[side]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(msrs); i++) {
		msr_write(msrs[i].msr, msrs[i].value[side]);
	}
	xcr0_widen();
	make_image(side);
	load_image(side);
	x87_leave_trace(side);
	trace[side] = x87_pointers();
}

void state_look(enum state_side side, bool narrow)
{
	uint64_t value, pointers;

	looks++;
	pointers = x87_pointers();
	if (pointers != 0 && pointers != trace[side]) {
		note("x87 pointers", pointers);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
		expect(registers[i].name, registers[i].read(), registers[i].value[side]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(msrs); i++) {
		value = ~0ull;
		msr_read(msrs[i].msr, &value);
		expect(msrs[i].name, value, msrs[i].value[side]);
	}
	expect("CR4", read_cr4() & (CR4_PKE | CR4_OSXSAVE | CR4_DE | CR4_TSD),
	       CR4_PKE | CR4_OSXSAVE | (side == SIDE_a ? CR4_DE : CR4_TSD));
	if (xgetbv() != wide && xgetbv() != 1) {
		note("XCR0", xgetbv());
	}
	xsetbv(wide);
	look_image("x87", "SSE and AVX", image[side]);
	x87_leave_trace(side);
	if (narrow) {
		xsetbv(1);
	}
}

void state_report(const char *who)
{
	for (unsigned i = 0; i < bad_count; i++) {
		not_ok(bad_name[i], "%s: 0x%lx", who, bad_value[i]);
	}
	if (bad_count == 0) {
		ok("%s: all state is as it was written (XCR0 0x%lx, %u looks)", who, wide, looks);
	}
	bad_count = 0;
}
