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
#define LEAF1_C            0x76D83203u
#define LEAF1_C_X2APIC     (1u << 21)
#define LEAF1_C_OSXSAVE    (1u << 27)
#define LEAF1_C_HYPERVISOR (1u << 31)
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

static void xen_leaf(struct vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *out)
{
	switch (leaf - XEN_BASE) {
	case 0:
		*out = (struct cpuid_regs){XEN_BASE + 4, 0x566E6558, 0x65584D4D, 0x4D4D566E};
		break;
	case 1:
		out->a = 4u << 16 | 17;
		break;
	case 4:
		if (sub == 0) {
			/* vCPU id and domain id present; 2-level events by callback vector only */
			*out = (struct cpuid_regs){1u << 3 | 1u << 4, v->id, v->domain->id, 0};
		}
		break;
	default:
		break;
	}
}

static void topology(struct vcpu *v, uint32_t sub, struct cpuid_regs *out)
{
	uint32_t count = v->domain->vcpu_count;

	out->c = sub;
	out->d = v->vlapic->id;
	if (sub == 0) { /* one thread per core */
		out->b = 1;
		out->c |= 1u << 8;
	} else if (sub == 1) {
		out->a = 4;
		out->b = count;
		out->c |= 2u << 8;
	}
}

static void standard_leaf(struct vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *out)
{
	struct cpuid_regs host = cpuid(leaf, sub);

	switch (leaf) {
	case 0:
		*out = host;
		out->a = 0xD;
		break;
	case 1:
		out->a = host.a;
		out->b = (host.b & 0xFFFF) | v->vlapic->id << 24 | v->domain->vcpu_count << 16;
		out->c = (host.c & LEAF1_C) | LEAF1_C_X2APIC | LEAF1_C_HYPERVISOR;
		if (virt_guest_cr4(v) & (1ull << 18)) {
			out->c |= LEAF1_C_OSXSAVE;
		}
		out->d = (host.d & LEAF1_D) | LEAF1_D_APIC;
		break;
	case 7:
		if (sub == 0) {
			*out = (struct cpuid_regs){0, host.b & LEAF7_B, host.c & LEAF7_C,
						   host.d & LEAF7_D};
		}
		break;
	case 0xB:
		topology(v, sub, out);
		break;
	case 0xD:
		if (sub == 0) { /* EBX follows the guest's XCR0, which is live */
			*out = (struct cpuid_regs){host.a & XSAVE_MASK, host.b, host.c, 0};
		} else if (sub == 1) {
			out->a = host.a & 1; /* XSAVEOPT */
		} else if (sub == 2) {
			*out = host;
		}
		break;
	default:
		break;
	}
}

static void extended_leaf(uint32_t leaf, struct cpuid_regs *out)
{
	struct cpuid_regs host = cpuid(leaf, 0);

	switch (leaf) {
	case 0x80000000:
		*out = host;
		out->a = 0x80000008;
		break;
	case 0x80000001:
		out->a = host.a;
		out->c = host.c & EXT1_C;
		out->d = (host.d & EXT1_D) | LEAF1_D_APIC;
		break;
	case 0x80000002 ... 0x80000006:
		*out = host;
		break;
	case 0x80000007:
		out->d = 1u << 8; /* invariant TSC: one CPU, never rescaled */
		break;
	case 0x80000008:
		out->a = 36 | 48 << 8; /* GFN_LIMIT */
		break;
	default:
		break;
	}
}

void guest_cpuid(struct vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *out)
{
	*out = (struct cpuid_regs){0, 0, 0, 0};
	if (leaf < 0x40000000) {
		standard_leaf(v, leaf, sub, out);
	} else if (leaf < 0x80000000) {
		xen_leaf(v, leaf, sub, out);
	} else {
		extended_leaf(leaf, out);
	}
}
