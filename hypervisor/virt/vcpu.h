/* SPDX-License-Identifier: MIT */
/*
 * A vCPU as the processor sees it: what virt/ and its vendors own.  Who it belongs to, when it runs
 * and what it waits for is in domain/domain.h, which embeds this.
 */
#ifndef VIRT_VCPU_H
#define VIRT_VCPU_H
#include "base/lib.h"

/* General registers that VMRUN does not switch; RAX, RSP, RIP are in the VMCB. */
struct vcpu_regs {
	uint64_t rbx, rcx, rdx, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rdi;
};

struct virt_vcpu {
	struct vcpu_regs regs; /* first: used by virt/svm/entry.S */
	struct vmcb *vmcb;     /* heap page */
	void *fpu;             /* heap page: XSAVE area */
	struct vlapic *vlapic; /* in the page of the vCPU */
	uint64_t xcr0;
	uint64_t dr[4];
	uint64_t tsc_aux;
	uint64_t asid_generation; /* of the CPU it last ran on; 0 = needs a new ASID */
	struct pci_space *pci;    /* its domain's devices (device/space.h); NULL: it has none */
	bool kicked;              /* look for pending events before the next entry; set by anyone */
	/* Fixed when it is made. */
	uint32_t id;       /* its number in its domain, and its x2APIC id */
	uint32_t siblings; /* vCPUs of its domain, itself included */
	uint16_t domid;    /* its domain's number, for what is traced and told */
};
#endif
