/* SPDX-License-Identifier: MIT */
/*
 * A virtual x2APIC, MSRs only (AMD APM vol. 2 16.11): IDs, vIRR/vISR/EOI, inter-processor
 * interrupts. No timer, no MMIO, never leaves x2APIC mode.  Register state is the vCPU's own heap
 * page; requests from other vCPUs arrive by atomic OR into IRR.
 */
#ifndef VIRT_VLAPIC_H
#define VIRT_VLAPIC_H
#include "base/must_check.h"
#include "virt/upcalls.h"

struct vlapic {
	uint32_t reg[64]; /* by number; not in use for ICR */
	uint64_t icr;
};

void vlapic_reset(struct virt_vcpu *v);
MUST_CHECK int vlapic_pending(struct virt_vcpu *v); /* deliverable vector or -1 */
void vlapic_accepted(struct virt_vcpu *v,
		     int vector); /* it was injected (no effect on other vectors) */
void vlapic_raise(struct virt_vcpu *v, uint8_t vector);
/* MSRs 0x800-0x8FF; false = #GP */
MUST_CHECK bool vlapic_read(struct virt_vcpu *v, uint32_t msr, uint64_t *value);
MUST_CHECK bool vlapic_write(struct virt_vcpu *v, uint32_t msr, uint64_t value);
#endif
