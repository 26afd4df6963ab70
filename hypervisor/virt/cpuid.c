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

/* Xen's leaves (xen/arch-x86/cpuid.h): the highest one, and "XenVMMXenVMM" in EBX, ECX, EDX. */
#define XEN_LEAF_SIGNATURE XEN_BASE
#define XEN_LEAF_VERSION   (XEN_BASE + 1)
#define XEN_LEAF_HVM       (XEN_BASE + 4)
#define XEN_VERSION        (4u << 16 | 17) /* 4.17 */
#define XEN_HVM_VCPU_ID    (1u << 3)       /* EBX holds the vCPU's number */
#define XEN_HVM_DOMAIN_ID  (1u << 4)       /* ECX holds the domain's */

#define LEAF_TOPOLOGY 0xBu
/* 8000_0007 EDX: one CPU, whose TSC is never rescaled. */
#define INVARIANT_TSC (1u << 8)
/* 8000_0008 EAX: address bits, physical as in GFN_LIMIT and linear. */
#define ADDRESS_BITS (36 | 48 << 8)
#define XSAVEOPT     1u

struct leaf {
	uint32_t first;         /* leaves from this one */
	uint32_t last;          /* to this one */
	uint32_t sub;           /* sub-leaf, or ANY */
	struct cpuid_regs pass; /* of the host's answer */
	struct cpuid_regs set;
};

static const struct leaf leaves[] = {
	{
		.first = XEN_LEAF_SIGNATURE,
		.last = XEN_LEAF_SIGNATURE,
		.sub = ANY,
		.set = {.a = XEN_LEAF_HVM, .b = 0x566E6558, .c = 0x65584D4D, .d = 0x4D4D566E},
	},
	{
		.first = XEN_LEAF_VERSION,
		.last = XEN_LEAF_VERSION,
		.sub = ANY,
		.set = {.a = XEN_VERSION},
	},
	{
		.first = 0x0, /* the vendor, and the highest leaf */
		.last = 0x0,
		.sub = ANY,
		.pass = {.b = ALL, .c = ALL, .d = ALL},
		.set = {.a = 0xD},
	},
	{
		.first = 0x1,
		.last = 0x1,
		.sub = ANY,
		.pass = {.a = ALL, .b = 0xFFFF, .c = LEAF1_C, .d = LEAF1_D},
		.set = {.c = LEAF1_C_SET, .d = LEAF1_D_APIC},
	},
	{
		.first = 0x7,
		.last = 0x7,
		.sub = 0,
		.pass = {.b = LEAF7_B, .c = LEAF7_C, .d = LEAF7_D},
	},
	{
		.first = 0xD, /* EBX follows the guest's XCR0, which is live */
		.last = 0xD,
		.sub = 0,
		.pass = {.a = XSAVE_MASK, .b = ALL, .c = ALL},
	},
	{
		.first = 0xD,
		.last = 0xD,
		.sub = 1,
		.pass = {.a = XSAVEOPT},
	},
	{
		.first = 0xD, /* where AVX's part lies */
		.last = 0xD,
		.sub = 2,
		.pass = {.a = ALL, .b = ALL, .c = ALL, .d = ALL},
	},
	{
		.first = 0x80000000,
		.last = 0x80000000,
		.sub = ANY,
		.pass = {.b = ALL, .c = ALL, .d = ALL},
		.set = {.a = 0x80000008},
	},
	{
		.first = 0x80000001,
		.last = 0x80000001,
		.sub = ANY,
		.pass = {.a = ALL, .c = EXT1_C, .d = EXT1_D},
		.set = {.d = LEAF1_D_APIC},
	},
	{
		.first = 0x80000002, /* name and caches */
		.last = 0x80000006,
		.sub = ANY,
		.pass = {.a = ALL, .b = ALL, .c = ALL, .d = ALL},
	},
	{
		.first = 0x80000007,
		.last = 0x80000007,
		.sub = ANY,
		.set = {.d = INVARIANT_TSC},
	},
	{
		.first = 0x80000008,
		.last = 0x80000008,
		.sub = ANY,
		.set = {.a = ADDRESS_BITS},
	},
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

static void masked(const struct leaf *rule, struct cpuid_regs *out)
{
	out->a = (out->a & rule->pass.a) | rule->set.a;
	out->b = (out->b & rule->pass.b) | rule->set.b;
	out->c = (out->c & rule->pass.c) | rule->set.c;
	out->d = (out->d & rule->pass.d) | rule->set.d;
}

/* What depends on the vCPU that asks. */
static void fill_own(struct virt_vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *out)
{
	if (leaf == 1) {
		out->b |= v->id << 24 | v->siblings << 16;
		if (virt_guest_cr4(v) & CR4_OSXSAVE) {
			out->c |= LEAF1_C_OSXSAVE;
		}
	} else if (leaf == LEAF_TOPOLOGY) {
		topology(v, sub, out);
	} else if (leaf == XEN_LEAF_HVM && sub == 0) {
		/* Of events: 2-level ports by callback vector only, so no other bit. */
		out->a = XEN_HVM_VCPU_ID | XEN_HVM_DOMAIN_ID;
		out->b = v->id;
		out->c = v->domid;
	}
}

void guest_cpuid(struct virt_vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *out)
{
	const struct leaf *rule = find_leaf(leaf, sub);

	*out = (struct cpuid_regs){0};
	if (rule) {
		*out = cpuid(leaf, sub);
		masked(rule, out);
		if (leaf != 1) {
			return; /* the other leaves with a part of their own have no rule */
		}
	}
	fill_own(v, leaf, sub, out);
}
