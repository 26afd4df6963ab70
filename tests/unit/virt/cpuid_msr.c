/* SPDX-License-Identifier: MIT */
/*
 * What a guest may see of the processor (virt/cpuid.c, virt/msr.c, virt/pio.c, the MSRs of
 * virt/svm/svm.c): with a host that has every feature bit set, only what the tables below name
 * comes through; every MSR and port that is not named is refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "cpu/asm.h"
#include "virt/vlapic.h"
#include "sim/world.h"

static uint32_t host_bits; /* what the host's CPUID answers everywhere */
static struct cpuid_regs fake_cpuid(uint32_t leaf, uint32_t sub)
{
	(void)leaf;
	(void)sub;
	return (struct cpuid_regs){host_bits, host_bits, host_bits, host_bits};
}
#define cpuid fake_cpuid
#include "virt/cpuid.c"
#undef cpuid

static struct domain *d;
static struct vcpu *v;

static struct cpuid_regs ask(uint32_t leaf, uint32_t sub)
{
	struct cpuid_regs r;

	memset(&r, 0x5A, sizeof(r));
	guest_cpuid(&v->virt, leaf, sub, &r);
	return r;
}

static int setup(void **state)
{
	(void)state;
	world_init("cloud");
	d = world_create(true);
	world_commit(d);
	world_start_vcpu(d);
	world_seal(d, true);
	v = d->vcpu[1];
	virt_reset_flat(&v->virt, 0, 0, 0);
	return 0;
}

/* Leaves that say anything, with all bits of the host set. */
static const struct {
	uint32_t leaf, sub, a, b, c, d;
} all_ones[] = {
	{0x0, 0, 0xD, ~0u, ~0u, ~0u},
	{0x1, 0, ~0u, 0x0102FFFF, 0xF6F83203, 0x078BAB7F},
	{0x7, 0, 0, 0x219C03A9, 0x4, 0x10},
	{0xB, 0, 0, 1, 0x100, 1},
	{0xB, 1, 4, 2, 0x201, 1},
	{0xB, 2, 0, 0, 2, 1},
	{0xD, 0, 7, ~0u, ~0u, 0},
	{0xD, 1, 1, 0, 0, 0},
	{0xD, 2, ~0u, ~0u, ~0u, ~0u},
	{0x40000000, 0, 0x40000004, 0x566E6558, 0x65584D4D, 0x4D4D566E},
	{0x40000001, 0, 0x40011, 0, 0, 0},
	{0x40000004, 0, 0x18, 1, 0, 0},
	{0x80000000, 0, 0x80000008, ~0u, ~0u, ~0u},
	{0x80000001, 0, ~0u, 0, 0x1F1, 0x2FD3AB7F},
	{0x80000002, 0, ~0u, ~0u, ~0u, ~0u},
	{0x80000003, 0, ~0u, ~0u, ~0u, ~0u},
	{0x80000004, 0, ~0u, ~0u, ~0u, ~0u},
	{0x80000005, 0, ~0u, ~0u, ~0u, ~0u},
	{0x80000006, 0, ~0u, ~0u, ~0u, ~0u},
	{0x80000007, 0, 0, 0, 0, 0x100},
	{0x80000008, 0, 0x3024, 0, 0, 0},
};

static bool is_named(uint32_t leaf, uint32_t sub)
{
	/* the sub-leaf means something for 4 of them only */
	if (leaf != 0x7 && leaf != 0xB && leaf != 0xD && leaf != 0x40000004) {
		sub = 0;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(all_ones); i++) {
		if (all_ones[i].leaf == leaf && all_ones[i].sub == sub) {
			return true;
		}
	}
	return leaf == 0xB;
}

static void cpuid_masks(void **state)
{
	static const uint32_t bases[] = {0,          0x40000000, 0x40000100, 0x80000000,
					 0x8FFFFFF0, 0xC0000000, 0xFFFFFFC0};

	(void)state;
	host_bits = ~0u;
	for (unsigned i = 0; i < ARRAY_SIZE(all_ones); i++) {
		struct cpuid_regs r = ask(all_ones[i].leaf, all_ones[i].sub);

		if (r.a != all_ones[i].a || r.b != all_ones[i].b || r.c != all_ones[i].c ||
		    r.d != all_ones[i].d) {
			fail_msg("leaf %x.%u: %08x %08x %08x %08x", all_ones[i].leaf,
				 all_ones[i].sub, r.a, r.b, r.c, r.d);
		}
	}
	for (unsigned i = 0; i < ARRAY_SIZE(bases); i++) {
		for (uint32_t leaf = bases[i]; leaf - bases[i] < 64; leaf++) {
			for (uint32_t sub = 0; sub < 20; sub++) {
				struct cpuid_regs r = ask(leaf, sub);

				if (!is_named(leaf, sub) && (r.a | r.b | r.c | r.d)) {
					fail_msg("leaf %x.%u says something", leaf, sub);
				}
			}
		}
	}
}

/* The bits whose meaning matters, by name. */
static void cpuid_names(void **state)
{
	struct cpuid_regs one, seven, ext;

	(void)state;
	host_bits = ~0u;
	one = ask(1, 0);
	seven = ask(7, 0);
	ext = ask(0x80000001, 0);
	assert_false(one.c & 1u << 3);                         /* MONITOR */
	assert_false(one.c & 1u << 5);                         /* VMX */
	assert_false(one.c & 1u << 17);                        /* PCID */
	assert_false(one.c & 1u << 24);                        /* TSC deadline timer */
	assert_true(one.c & 1u << 21);                         /* x2APIC */
	assert_true(one.c & 1u << 31);                         /* hypervisor */
	assert_false(one.d & (1u << 7 | 1u << 12 | 1u << 14)); /* MCE, MTRR, MCA */
	assert_true(one.d & 1u << 6);                          /* PAE */
	assert_int_equal(one.b >> 24, v->virt.id);
	assert_int_equal(one.b >> 16 & 0xFF, d->vcpu_count);
	assert_false(seven.b & (1u << 10 | 1u << 11 | 1u << 16)); /* INVPCID, RTM, AVX-512 */
	assert_true(seven.b & 1u << 7 && seven.b & 1u << 20);     /* SMEP, SMAP */
	assert_true(seven.c & 1u << 2);                           /* UMIP */
	assert_false(seven.c & (1u << 3 | 1u << 7 | 1u << 16 | 1u << 22)); /* PKU CET LA57 RDPID */
	assert_false(ext.c &
		     (1u << 2 | 1u << 10 | 1u << 12 | 1u << 29)); /* SVM IBS SKINIT MWAITX */
	assert_true(ext.d & 1u << 20);                            /* NX */
	assert_true(ext.d & 1u << 29);                            /* long mode */
	assert_true(ext.d & 1u << 27);                            /* RDTSCP */
	/* OSXSAVE is the guest's own CR4, not the host's */
	assert_false(one.c & 1u << 27);
	v->virt.vmcb->cr4 = 1ull << 18;
	assert_true(ask(1, 0).c & 1u << 27);
	v->virt.vmcb->cr4 = 0;
}

/* A feature that the host has not is not promised. */
static void cpuid_poor_host(void **state)
{
	(void)state;
	host_bits = 0;
	assert_int_equal(ask(1, 0).c, 1u << 21 | 1u << 31);
	assert_int_equal(ask(1, 0).d, 1u << 9);
	assert_int_equal(ask(7, 0).b | ask(7, 0).c | ask(7, 0).d, 0);
	assert_int_equal(ask(0x80000001, 0).c, 0);
	assert_int_equal(ask(0x80000001, 0).d, 1u << 9);
	assert_int_equal(ask(0xD, 0).a, 0);
}

/* ---- MSRs -------------------------------------------------------------------------------- */
static const struct {
	uint32_t msr;
	bool write; /* of 0, or of what it reads */
} known[] = {
	{0x10, false},       {0x1B, true},       {0x8B, true},        {0xFE, false},
	{0x277, true},       {0x2FF, true},      {0xC0000080, true},  {0xC0000103, true},
	{0xC0010015, true},  {0xC001001F, true}, {0xC001100C, false}, {0xC0010140, false},
	{0xC0010141, false},
};

static void check_msr(uint32_t msr)
{
	bool readable = false, writable = false;
	uint64_t value = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		if (known[i].msr == msr) {
			readable = true;
			writable = known[i].write;
		}
	}
	if (guest_rdmsr(&v->virt, msr, &value) != readable) {
		fail_msg("read of MSR %x", msr);
	}
	/* TSC_AUX is written through to the processor, which a test cannot */
	if (msr != 0xC0000103 && guest_wrmsr(&v->virt, msr, value) != writable) {
		fail_msg("write of MSR %x", msr);
	}
}

static void msr_default_deny(void **state)
{
	(void)state;
	for (uint32_t msr = 0; msr < 0x3000; msr++) {
		if (msr < 0x800 || msr >= 0x900) {
			check_msr(msr);
		}
	}
	for (uint32_t msr = 0; msr < 0x3000; msr++) {
		check_msr(0x40000000 + msr);
		check_msr(0xC0000000 + msr);
		check_msr(0xC0010000 + msr);
		check_msr(0xFFFFD000 + msr);
	}
	assert_false(guest_wrmsr(&v->virt, 0xC0000103, 1ull << 32));
}

static void msr_efer(void **state)
{
	struct vmcb *c = v->virt.vmcb;
	uint64_t value;

	(void)state;
	assert_true(guest_rdmsr(&v->virt, 0xC0000080, &value));
	assert_int_equal(value, 0); /* SVME is not the guest's to see */
	assert_false(guest_wrmsr(&v->virt, 0xC0000080, EFER_SVME));
	assert_false(guest_wrmsr(&v->virt, 0xC0000080, 1ull << 16));
	assert_false(guest_wrmsr(&v->virt, 0xC0000080, 1ull << 63));
	assert_true(guest_wrmsr(&v->virt, 0xC0000080, EFER_NXE | EFER_SCE));
	assert_int_equal(c->efer, EFER_NXE | EFER_SCE | EFER_SVME);
	/* long mode without PAE would make the emulator's exit path drop the host's paging */
	c->cr4 = 0;
	assert_false(guest_wrmsr(&v->virt, 0xC0000080, EFER_LME));
	c->cr4 = CR4_PAE;
	assert_true(guest_wrmsr(&v->virt, 0xC0000080, EFER_LME));
	assert_int_equal(c->efer, EFER_LME | EFER_SVME);
	/* LMA is the processor's; LME does not change while paging is on */
	c->cr0 |= CR0_PG;
	c->efer |= EFER_LMA;
	assert_false(guest_wrmsr(&v->virt, 0xC0000080, 0));
	assert_true(guest_wrmsr(&v->virt, 0xC0000080, EFER_LME | EFER_NXE));
	assert_int_equal(c->efer, EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME);
	virt_reset_flat(&v->virt, 0, 0, 0);
}

static void msr_others(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(guest_rdmsr(&v->virt, 0x1B, &value)); /* enabled, x2APIC, not the boot vCPU */
	assert_int_equal(value, 0xFEE00C00);
	assert_true(guest_rdmsr(&d->vcpu[0]->virt, 0x1B, &value));
	assert_int_equal(value, 0xFEE00D00);
	assert_false(guest_wrmsr(&v->virt, 0x1B, 0xFEE00800)); /* leaving x2APIC mode */
	assert_false(guest_wrmsr(&v->virt, 0x1B, 0xFED00C00)); /* moving it */
	assert_true(guest_wrmsr(&v->virt, 0x277, 0x0007040600070406ull));
	assert_false(guest_wrmsr(&v->virt, 0x277, 0x0007040600070402ull)); /* type 2 is reserved */
	assert_false(guest_wrmsr(&v->virt, 0x277, 0x0807040600070406ull));
	assert_int_equal(v->virt.vmcb->g_pat, 0x0007040600070406ull);
	assert_true(guest_rdmsr(&v->virt, 0x802, &value)); /* the x2APIC's range */
	assert_int_equal(value, v->virt.id);
	assert_false(guest_rdmsr(&v->virt, 0x8FF, &value));
}

static void ports(void **state)
{
	struct virt_vcpu v = {.pci = NULL}; /* without devices */

	(void)state;
	for (uint32_t port = 0; port < 0x10000; port++) {
		assert_int_equal(guest_port_in(&v, (uint16_t)port, 1),
				 port == 0x42 ? 0 : 0xFFFFFFFF);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpuid_masks),     cmocka_unit_test(cpuid_names),
		cmocka_unit_test(cpuid_poor_host), cmocka_unit_test(msr_default_deny),
		cmocka_unit_test(msr_efer),        cmocka_unit_test(msr_others),
		cmocka_unit_test(ports),
	};

	return cmocka_run_group_tests_name("cpuid_msr", tests, setup, NULL);
}
