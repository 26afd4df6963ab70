/* SPDX-License-Identifier: MIT */
/*
 * Which MSRs a guest may read and write; everything else is #GP.  Fixed answers are those that
 * Linux reads without an exception handler.  STAR..SFMASK, FS/GS bases and SYSENTER are switched by
 * VMLOAD/VMSAVE and do not come here.
 */
#include "virt/virt.h"
#include "cpu/asm.h"
#include "cpu/msr.h"
#include "virt/vlapic.h"

#define APIC_BASE 0xFEE00C00ull /* enabled, x2APIC */
#define APIC_BSP  (1u << 8)

/* Read: the value; write: ignored when `quiet`, else #GP. */
static const struct {
	uint32_t msr;
	bool quiet;
	uint64_t value;
} fixed[] = {
	{MSR_PATCH_LEVEL, true, 0},      {MSR_MTRR_CAP, false, 0}, /* none */
	{MSR_MTRR_DEFAULT, true, 0xC06},                           /* enabled, write-back */
	{MSR_HWCR, true, 1u << 24},                                /* TSC counts at P0 frequency */
	{MSR_NB_CFG, true, 0},           {MSR_NODE_ID, false, 0},
	{MSR_OSVW_LENGTH, false, 0},     {MSR_OSVW_STATUS, false, 0},
};

bool guest_rdmsr(struct virt_vcpu *v, uint32_t msr, uint64_t *value)
{
	if (msr >= MSR_X2APIC_FIRST && msr < MSR_X2APIC_END) {
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

bool guest_wrmsr(struct virt_vcpu *v, uint32_t msr, uint64_t value)
{
	if (msr >= MSR_X2APIC_FIRST && msr < MSR_X2APIC_END) {
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
