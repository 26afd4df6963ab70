/* SPDX-License-Identifier: MIT */
/* CPU features and control registers (cpu.h); each CPU runs this for itself. */
#include "cpu/cpu.h"
#include "base/lib.h"
#include "cpu/asm.h"
#include "cpu/percpu.h"
#include "base/addr.h"

#define LEAF_FEATURES  0x00000001u
#define LEAF_EXTENDED  0x00000007u
#define LEAF_XSAVE     0x0000000Du
#define LEAF_AMD       0x80000001u
#define LEAF_AMD_SIZES 0x80000008u
#define LEAF_SVM       0x8000000Au
#define LEAF_AMD_MORE  0x80000021u
#define VM_CR_DISABLED (1u << 4) /* APM vol. 2 section 15.30.1 */

struct feature {
	const char *name;
	uint32_t leaf;
	char reg;
	uint8_t bit;
};

static const struct feature required[] = {
	{"APIC", LEAF_FEATURES, 'd', 9},   {"FXSR", LEAF_FEATURES, 'd', 24},
	{"long-mode", LEAF_AMD, 'd', 29},  {"NX", LEAF_AMD, 'd', 20},
	{"SVM", LEAF_AMD, 'c', 2},         {"NPT", LEAF_SVM, 'd', 0},
	{"XSAVE", LEAF_FEATURES, 'c', 26},
};

static bool has_bit(uint32_t leaf, char reg, uint8_t bit)
{
	if (cpuid(leaf & 0x80000000u, 0).a < leaf) {
		return false;
	}
	struct cpuid_regs r = cpuid(leaf, 0);
	const uint32_t value[] = {r.a, r.b, r.c, r.d};

	return value[reg - 'a'] >> bit & 1;
}

void cpu_missing_features(char *names, uint32_t size)
{
	uint32_t used = 0;

	names[0] = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(required); i++) {
		if (!has_bit(required[i].leaf, required[i].reg, required[i].bit)) {
			used += (uint32_t)format(names + used, size - used, "%s%s",
						 used == 0 ? "" : " ", required[i].name);
		}
	}
	if (used == 0 && (rdmsr(MSR_VM_CR) & VM_CR_DISABLED)) {
		format(names, size, "SVM (switched off by firmware)");
	} else if (used == 0 && cpuid(LEAF_XSAVE, 0).c > PAGE_SIZE) {
		format(names, size, "an XSAVE area of one page");
	}
}

bool cpu_has_ibpb(void)
{
	return has_bit(LEAF_AMD_SIZES, 'b', 12);
}

void cpu_set_percpu(unsigned id)
{
	struct percpu *cpu = &percpu_area[id];

	cpu->self = cpu;
	cpu->id = id;
	wrmsr(MSR_GS_BASE, (uintptr_t)cpu);
}

void cpu_protect(void)
{
	uint64_t efer = EFER_NXE;
	uint64_t cr4 = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;

	if (has_bit(LEAF_EXTENDED, 'b', 7)) {
		cr4 |= CR4_SMEP;
	}
	if (has_bit(LEAF_EXTENDED, 'b', 20)) {
		cr4 |= CR4_SMAP;
	}
	if (has_bit(LEAF_EXTENDED, 'c', 2)) {
		cr4 |= CR4_UMIP;
	}
	if (has_bit(LEAF_AMD_MORE, 'a', 8)) {
		efer |= EFER_AIBRSE; /* APM vol. 2 3.2.9: predictions of guests are not for us */
	}
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | efer);
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
	write_cr4(cr4);
	printk("cpu %u: NX WP%s%s%s XSAVE", this_cpu()->id, cr4 & CR4_SMEP ? " SMEP" : " (no SMEP)",
	       cr4 & CR4_SMAP ? " SMAP" : " (no SMAP)", cr4 & CR4_UMIP ? " UMIP" : " (no UMIP)");
}

void cpu_idle(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}
