/* SPDX-License-Identifier: MIT */
/*
 * What CPUID tells a guest: the host's own answer under masks, Xen's leaves, nothing else.  A leaf
 * without a rule is all zero.
 */
#include "virt/virt.h"
#include "cpu/asm.h"
#include "cpu/time.h"
#include "virt/vlapic.h"

#define XEN_BASE 0x40000000u

/* Leaf 1 ECX: SSE3 PCLMUL SSSE3 FMA CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE AVX F16C RDRAND */
#define LEAF1_C         0x76D83203u
#define LEAF1_C_OSXSAVE (1u << 27)
#define LEAF1_C_SET     (1u << 21 | 1u << 31) /* x2APIC, hypervisor */
/* Leaf 1 EDX: FPU VME DE PSE TSC MSR PAE CX8 SEP PGE CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2 */
#define LEAF1_D      0x078BA97Fu
#define LEAF1_D_APIC (1u << 9)
/* Leaf 7 EBX: FSGSBASE BMI1 AVX2 SMEP BMI2 ERMS RDSEED ADX SMAP CLFLUSHOPT CLWB SHA */
#define LEAF7_B 0x219C03A9u
#define LEAF7_C (1u << 2) /* UMIP; LA57 and protection keys stay hidden */
#define LEAF7_D (1u << 4) /* FSRM */
/* 8000_0001 ECX: LAHF CR8D ABM SSE4A MISALIGN PREFETCH; SVM, OSVW, IBS, topology hidden */
#define EXT1_C 0x000001F1u
/* 8000_0001 EDX: SYSCALL NX MMXEXT FFXSR 1GB RDTSCP LM and the copies of leaf 1 */
#define EXT1_D     0x2FD3A97Fu
#define XSAVE_MASK 7u /* x87, SSE, AVX */

#define ANY ~0u /* whatever the sub-leaf */
#define ALL ~0u

/* What passes of the host's answer, and what is set. */
static const struct leaf {
	uint32_t first, last, sub;
	struct cpuid_regs pass, set;
} leaves[] = {
	{XEN_BASE, XEN_BASE, ANY, {0}, {XEN_BASE + 4, 0x566E6558, 0x65584D4D, 0x4D4D566E}},
	{XEN_BASE + 1, XEN_BASE + 1, ANY, {0}, {.a = 4u << 16 | 17}},
	{0x0, 0x0, ANY, {0, ALL, ALL, ALL}, {.a = 0xD}},
	{0x1, 0x1, ANY, {ALL, 0xFFFF, LEAF1_C, LEAF1_D}, {.c = LEAF1_C_SET, .d = LEAF1_D_APIC}},
	{0x7, 0x7, 0, {0, LEAF7_B, LEAF7_C, LEAF7_D}, {0}},
	/* EBX follows the guest's XCR0, which is live; sub-leaf 1: XSAVEOPT. */
	{0xD, 0xD, 0, {XSAVE_MASK, ALL, ALL, 0}, {0}},
	{0xD, 0xD, 1, {.a = 1}, {0}},
	{0xD, 0xD, 2, {ALL, ALL, ALL, ALL}, {0}},
	{0x80000000, 0x80000000, ANY, {0, ALL, ALL, ALL}, {.a = 0x80000008}},
	{0x80000001, 0x80000001, ANY, {ALL, 0, EXT1_C, EXT1_D}, {.d = LEAF1_D_APIC}},
	{0x80000002, 0x80000006, ANY, {ALL, ALL, ALL, ALL}, {0}},
	/* TSC invariant: one CPU, never rescaled; address bits as in GFN_LIMIT. */
	{0x80000007, 0x80000007, ANY, {0}, {.d = 1u << 8}},
	{0x80000008, 0x80000008, ANY, {0}, {.a = 36 | 48 << 8}},
};

static void topology(struct virt_vcpu *v, uint32_t sub, struct cpuid_regs *out)
{
	out->c = sub;
	out->d = v->id;
	if (sub == 0) { /* one thread per core */
		out->b = 1;
		out->c |= 1u << 8;
	} else if (sub == 1) {
		out->a = 4;
		out->b = v->siblings;
		out->c |= 2u << 8;
	}
}

static const struct leaf *find_leaf(uint32_t leaf, uint32_t sub)
{
	for (unsigned i = 0; i < ARRAY_SIZE(leaves); i++) {
		if (leaf >= leaves[i].first && leaf <= leaves[i].last &&
		    (leaves[i].sub == ANY || leaves[i].sub == sub)) {
			return &leaves[i];
		}
	}
	return NULL;
}

void guest_cpuid(struct virt_vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *out)
{
	const struct leaf *rule = find_leaf(leaf, sub);

	*out = (struct cpuid_regs){0};
	if (rule) {
		*out = cpuid(leaf, sub);
		out->a = (out->a & rule->pass.a) | rule->set.a;
		out->b = (out->b & rule->pass.b) | rule->set.b;
		out->c = (out->c & rule->pass.c) | rule->set.c;
		out->d = (out->d & rule->pass.d) | rule->set.d;
		if (leaf != 1) {
			return;
		}
	}
	if (leaf == 1) {
		out->b |= v->id << 24 | v->siblings << 16;
		out->c |= virt_guest_cr4(v) & CR4_OSXSAVE ? LEAF1_C_OSXSAVE : 0;
	} else if (leaf == 0xB) {
		topology(v, sub, out);
	} else if (leaf == XEN_BASE + 4 && sub == 0) {
		/* vCPU id and domain id present; 2-level events by callback vector only */
		*out = (struct cpuid_regs){1u << 3 | 1u << 4, v->id, v->domid, 0};
	}
}
