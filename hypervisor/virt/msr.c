/* SPDX-License-Identifier: MIT */
/*
 * Which MSRs a guest may read and write; everything else is #GP.  Fixed answers are those that
 * Linux reads without an exception handler.  STAR..SFMASK, FS/GS bases and SYSENTER are switched by
 * VMLOAD/VMSAVE and do not come here.
 */
#include "virt/virt.h"
#include "cpu/asm.h"
#include "virt/vlapic.h"

#define MSR_TSC   0x10u
#define APIC_BASE 0xFEE00C00ull /* enabled, x2APIC */
#define APIC_BSP  (1u << 8)

/* Read: the value; write: ignored when `quiet`, else #GP. */
static const struct {
	uint32_t msr;
	bool quiet;
	uint64_t value;
} fixed[] = {
	{0x8B, true, 0},              /* microcode level */
	{0xFE, false, 0},             /* MTRRcap: none */
	{0x2FF, true, 0xC06},         /* MTRR default type: enabled, write-back */
	{0xC0010015, true, 1u << 24}, /* HWCR: TSC counts at P0 frequency */
	{0xC001001F, true, 0},        /* NB_CFG */
	{0xC001100C, false, 0},       /* node id */
	{0xC0010140, false, 0},       /* OSVW */
	{0xC0010141, false, 0},
};

bool guest_rdmsr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	if (msr >= 0x800 && msr < 0x900) {
		return vlapic_read(v, msr, value);
	}
	if (msr == MSR_TSC) {
		*value = rdtsc(); /* RDMSR of it reads 0 on TCG */
		return true;
	}
	if (msr == MSR_APIC_BASE) {
		*value = APIC_BASE | (v->id == 0 ? APIC_BSP : 0);
		return true;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(fixed); i++) {
		if (fixed[i].msr == msr) {
			*value = fixed[i].value;
			return true;
		}
	}
	return virt_rdmsr(v, msr, value);
}

bool guest_wrmsr(struct vcpu *v, uint32_t msr, uint64_t value)
{
	if (msr >= 0x800 && msr < 0x900) {
		return vlapic_write(v, msr, value);
	}
	if (msr == MSR_APIC_BASE) {
		return value == (APIC_BASE | (v->id == 0 ? APIC_BSP : 0));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(fixed); i++) {
		if (fixed[i].msr == msr) {
			return fixed[i].quiet;
		}
	}
	return virt_wrmsr(v, msr, value);
}
