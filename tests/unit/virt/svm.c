/* SPDX-License-Identifier: MIT */
/*
 * What a test on the emulator would not see missing: the control area of a fresh VMCB and the
 * permission maps against a list of their own (a golden VMCB), what is loaded with a vCPU, XSETBV's
 * rules, who gets a barrier.  The real virt/svm/svm.c and exit.c, with a processor that only takes
 * notes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/percpu.h"
#include "sim/world.h"

/* ---- the processor ------------------------------------------------------------------------- */
static uint64_t tsc_aux, debug[4], xcr0;
static unsigned barriers, restored_under;
static bool ibpb;

static void fake_wrmsr(uint32_t msr, uint64_t value)
{
	if (msr == 0xC0000103) {
		tsc_aux = value;
	} else if (msr == 0x49) {
		assert_int_equal(value, 1);
		barriers++;
	}
}
static uint64_t fake_rdmsr(uint32_t msr)
{
	(void)msr;
	return 0;
}
static struct cpuid_regs fake_cpuid(uint32_t leaf, uint32_t sub)
{
	(void)sub;
	if (leaf == 0xD) {
		return (struct cpuid_regs){.a = 0x2E7};
	}
	return (struct cpuid_regs){.b = 16};
}
static void fake_xsetbv(uint64_t value)
{
	xcr0 = value;
}
static uint64_t fake_xgetbv(void)
{
	return xcr0;
}
static void fake_area(const void *area)
{
	assert_non_null(area);
	restored_under = (unsigned)xcr0;
}
static void fake_save(void *area)
{
	fake_area(area);
}
static void fake_fninit(void)
{
}
static void fake_write_dr(const uint64_t dr[4])
{
	memcpy(debug, dr, sizeof(debug));
}
static void fake_read_dr(uint64_t dr[4])
{
	memcpy(dr, debug, sizeof(debug));
}
static void fake_vmsave(uintptr_t vmcb)
{
	assert_true(vmcb != 0);
}
static bool fake_ibpb(void)
{
	return ibpb;
}
#define wrmsr          fake_wrmsr
#define rdmsr          fake_rdmsr
#define cpuid          fake_cpuid
#define xsetbv         fake_xsetbv
#define xgetbv         fake_xgetbv
#define xrstor         fake_area
#define xsave          fake_save
#define fninit         fake_fninit
#define write_dr0_to_3 fake_write_dr
#define read_dr0_to_3  fake_read_dr
#define vmsave         fake_vmsave
#define cpu_has_ibpb   fake_ibpb
#include "virt/svm/svm.c"
#include "virt/svm/exit.c"
#include "domain/sched.c"

static struct vcpu *one, *two;

static int setup(void **state)
{
	struct domain *dom0;

	(void)state;
	world_init("cloud");
	virt_init_cpu();
	dom0 = world_create(true);
	world_commit(dom0);
	world_start_vcpu(dom0);
	world_seal(dom0, true);
	one = world_tenant(true)->vcpu[0];
	two = world_tenant(true)->vcpu[0];
	return 0;
}

/* ---- the golden VMCB (APM vol. 2 appendix B) ----------------------------------------------- */
static const struct {
	const char *what;
	uint32_t at, size;
	uint64_t value;
} golden[] = {
	{"#DB #AC #MC", 0x008, 4, 1u << 1 | 1u << 17 | 1u << 18},
	{"INTR NMI SMI INIT RDPMC CPUID INVD HLT INVLPGA IOIO MSR task-switch shutdown", 0x00C, 4,
	 0xBD44800F},
	{"VMRUN VMMCALL VMLOAD VMSAVE STGI CLGI SKINIT WBINVD MONITOR MWAIT MWAIT-armed XSETBV RDPRU",
	 0x010, 4, 0x7E7F},
	{"V_INTR_MASKING", 0x060, 8, 1u << 24},
	{"nested paging", 0x090, 8, 1},
};

static void vmcb_control_area(void **state)
{
	const struct { /* compared with what they must point at */
		uint32_t at;
		uint64_t value;
	} pointers[] = {
		{0x040, (uintptr_t)io_bitmap},
		{0x048, (uintptr_t)msr_bitmap},
		{0x0B0, (uintptr_t)one->domain->npt.root},
	};
	uint8_t seen[0x400];
	uint64_t value;

	(void)state;
	memcpy(seen, one->virt.vmcb, sizeof(seen));
	for (unsigned i = 0; i < ARRAY_SIZE(golden); i++) {
		value = 0;
		memcpy(&value, seen + golden[i].at, golden[i].size);
		if (value != golden[i].value) {
			fail_msg("%s: %lx, wanted %lx", golden[i].what, value, golden[i].value);
		}
		memset(seen + golden[i].at, 0, golden[i].size);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(pointers); i++) {
		memcpy(&value, seen + pointers[i].at, 8);
		assert_int_equal(value, pointers[i].value);
		memset(seen + pointers[i].at, 0, 8);
	}
	for (unsigned i = 0; i < sizeof(seen); i++) {
		if (seen[i]) {
			fail_msg("byte %x of the control area is %x", i, seen[i]);
		}
	}
}

static void permission_maps(void **state)
{
	static const uint32_t passed[] = {0x174,      0x175,      0x176,      0xC0000081,
					  0xC0000082, 0xC0000083, 0xC0000084, 0xC0000100,
					  0xC0000101, 0xC0000102};
	unsigned clear = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(io_bitmap); i++) {
		assert_int_equal(io_bitmap[i], 0xFF);
	}
	for (unsigned i = 0; i < sizeof(msr_bitmap); i++) {
		clear += 8 - (unsigned)__builtin_popcount(msr_bitmap[i]);
	}
	assert_int_equal(clear, 2 * ARRAY_SIZE(passed));
	for (unsigned i = 0; i < ARRAY_SIZE(passed); i++) {
		uint32_t bit =
			passed[i] < 0x2000 ? passed[i] * 2 : 0x4000 + (passed[i] - 0xC0000000u) * 2;

		assert_int_equal(msr_bitmap[bit / 8] >> (bit % 8) & 3, 0);
	}
}

/* Each exception has an exit that does not resume blindly. */
static void exits_of_exceptions(void **state)
{
	struct vmcb *c = one->virt.vmcb;

	(void)state;
	c->exit_int_info = 0;
	c->exit_code = 0x41;
	assert_int_equal(svm_exit(&one->virt), VIRT_RESUME);
	assert_int_equal(c->event_injection, 0x80000301);
	c->exit_code = 0x51;
	assert_int_equal(svm_exit(&one->virt), VIRT_RESUME);
	assert_int_equal(c->event_injection, 0x80000B11);
	c->event_injection = 0;
	c->exit_code = 0x52;
	if (machine_catch() == 0) {
		svm_exit(&one->virt);
		fail_msg("a machine check goes by");
	}
	c->exit_code = 0x89; /* WBINVD: stepped over, nothing flushed */
	c->rip = 0x1000;
	c->cpl = 0;
	assert_int_equal(svm_exit(&one->virt), VIRT_RESUME);
	assert_int_equal(c->rip, 0x1002);
}

/* QEMU 7.2 after CMPXCHG16B: bits that cannot be, and with them VM, which must not go back in. */
static void rflags_that_cannot_be(void **state)
{
	struct vmcb *c = one->virt.vmcb;

	(void)state;
	c->exit_code = 0x60;
	c->rflags = 0x04EADFD2;
	assert_int_equal(svm_exit(&one->virt), VIRT_RESUME);
	assert_int_equal(c->rflags, 0xAD2);
	c->rflags = 0x3F7FD7; /* all that can be */
	assert_int_equal(svm_exit(&one->virt), VIRT_RESUME);
	assert_int_equal(c->rflags, 0x3F7FD7);
	c->rflags = 2;
}

/* ---- exits that end a domain --------------------------------------------------------------- */
static uint32_t flushed;

static void note_flush(struct vmcb *vmcb, struct vcpu_regs *regs)
{
	(void)regs;
	flushed = vmcb->tlb_control;
	vmcb->exit_code = 0x60;
	vmcb->exit_int_info = 0;
}

static uint32_t flush_at_entry(struct virt_vcpu *v)
{
	machine.guest = note_flush;
	assert_int_equal(virt_run(v), VIRT_RESUME);
	return flushed;
}

/* T47, INV-SVM-1: nothing of what the CPU may have left in the save area stays, the domain ends,
 * and what the CPU translated for it is not used again, though no other domain asked for a flush.
 */
static void invalid_state(void **state)
{
	struct domain *d = world_tenant(true);
	struct vmcb *c = d->vcpu[0]->virt.vmcb;
	static const uint8_t zero[PAGE_SIZE - 0x400];
	uint8_t control[0x400];

	(void)state;
	flush_at_entry(&one->virt);
	assert_int_equal(flush_at_entry(&one->virt), 0);
	c->exit_code = EXIT_INVALID;
	memset((uint8_t *)c + 0x400, 0xC3, PAGE_SIZE - 0x400);
	memcpy(control, c, sizeof(control));
	assert_int_equal(svm_exit(&d->vcpu[0]->virt), VIRT_STOP);
	assert_memory_equal((uint8_t *)c + 0x400, zero, sizeof(zero));
	assert_memory_equal(c, control, sizeof(control));
	assert_int_equal(d->state, CORBEL_DOM_shutdown);
	assert_int_equal(d->shutdown_reason, SHUTDOWN_crash);
	assert_int_equal(flush_at_entry(&one->virt), 1);
	assert_int_equal(flush_at_entry(&one->virt), 0);
	world_destroy(d);
}

/* T54: #DB or #AC while an event was being delivered is not given back to be met again. */
static void exception_in_delivery(void **state)
{
	static const uint64_t codes[] = {0x41, 0x51};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(codes); i++) {
		struct domain *d = world_tenant(true);
		struct vmcb *c = d->vcpu[0]->virt.vmcb;

		c->exit_code = codes[i];
		c->exit_int_info = EVENT_VALID | EVENT_EXCEPTION | 1;
		assert_int_equal(svm_exit(&d->vcpu[0]->virt), VIRT_STOP);
		assert_int_equal(c->event_injection, 0);
		assert_int_equal(d->state, CORBEL_DOM_shutdown);
		assert_int_equal(d->shutdown_reason, SHUTDOWN_crash);
		world_destroy(d);
	}
}

/* ---- what goes in and out with a vCPU ------------------------------------------------------ */
static void state_of_a_vcpu(void **state)
{
	(void)state;
	assert_int_equal(host_xcr0, 0x2E7); /* all that the CPU has */
	one->virt.tsc_aux = 0x11;
	two->virt.tsc_aux = 0x22;
	one->virt.dr[3] = 0x1111;
	one->virt.xcr0 = 3;
	virt_load(&one->virt);
	assert_int_equal(restored_under, 0x2E7);
	assert_int_equal(xcr0, 3);
	assert_int_equal(tsc_aux, 0x11);
	assert_int_equal(debug[3], 0x1111);
	debug[3] = 0x2222;
	xcr0 = 1;
	virt_save(&one->virt);
	assert_int_equal(restored_under, 0x2E7);
	assert_int_equal(one->virt.xcr0, 1);
	assert_int_equal(one->virt.dr[3], 0x2222);
	virt_load(&two->virt);
	assert_int_equal(tsc_aux, 0x22);
	assert_int_equal(debug[3], 0);
	virt_save(&two->virt);
}

static bool xsetbv_runs(uint64_t value, uint32_t index, unsigned cpl)
{
	struct vmcb *c = one->virt.vmcb;
	bool ran;

	c->exit_code = 0x8D;
	c->exit_int_info = 0;
	c->event_injection = 0;
	c->rip = 0x1000;
	c->cpl = (uint8_t)cpl;
	c->rax = (uint32_t)value;
	one->virt.regs.rdx = value >> 32;
	one->virt.regs.rcx = index;
	xcr0 = 1;
	assert_int_equal(svm_exit(&one->virt), VIRT_RESUME);
	ran = c->event_injection == 0;
	assert_int_equal(c->rip, ran ? 0x1003 : 0x1000);
	assert_int_equal(xcr0, ran ? value : 1);
	if (!ran) {
		assert_int_equal(c->event_injection, 0x80000B0D); /* #GP(0) */
	}
	c->event_injection = 0;
	c->cpl = 0;
	return ran;
}

static void xsetbv_rules(void **state)
{
	(void)state;
	assert_true(xsetbv_runs(1, 0, 0));
	assert_true(xsetbv_runs(3, 0, 0));
	assert_true(xsetbv_runs(7, 0, 0));
	assert_false(xsetbv_runs(7, 0, 3));     /* CPL */
	assert_false(xsetbv_runs(7, 1, 0));     /* XCR1 */
	assert_false(xsetbv_runs(6, 0, 0));     /* without x87 */
	assert_false(xsetbv_runs(5, 0, 0));     /* AVX without SSE */
	assert_false(xsetbv_runs(0x207, 0, 0)); /* the CPU has it, guests may not */
	assert_false(xsetbv_runs(0xE7, 0, 0));
	assert_false(xsetbv_runs(7 | 1ull << 62, 0, 0));
}

/* ---- predictions -------------------------------------------------------------------------- */
static void barrier_between_domains(void **state)
{
	struct percpu *cpu = this_cpu();

	(void)state;
	ibpb = true;
	virt_init_cpu();
	barriers = 0;
	cpu->last_domain = two->domain->id;
	switch_to(one);
	assert_int_equal(barriers, 1);
	switch_to(one); /* goes on */
	assert_int_equal(barriers, 1);
	virt_save(&one->virt);
	switch_to(one); /* nobody in between */
	assert_int_equal(barriers, 1);
	switch_to(two);
	assert_int_equal(barriers, 2);
	virt_save(&two->virt);
	ibpb = false; /* a write of the MSR would be #GP */
	virt_init_cpu();
	switch_to(one);
	assert_int_equal(barriers, 2);
	virt_save(&one->virt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vmcb_control_area),       cmocka_unit_test(permission_maps),
		cmocka_unit_test(exits_of_exceptions),     cmocka_unit_test(rflags_that_cannot_be),
		cmocka_unit_test(invalid_state),           cmocka_unit_test(exception_in_delivery),
		cmocka_unit_test(state_of_a_vcpu),         cmocka_unit_test(xsetbv_rules),
		cmocka_unit_test(barrier_between_domains),
	};

	return cmocka_run_group_tests_name("svm", tests, setup, NULL);
}
