/* SPDX-License-Identifier: MIT */
/*
 * The vendor contract: what the floors above ask of the processor's virtualisation.  Implemented by
 * virt/svm/, chosen by the linker.  All functions act on a vCPU of the calling CPU unless they say
 * otherwise.
 */
#ifndef VIRT_VIRT_H
#define VIRT_VIRT_H
#include "base/must_check.h"
#include "mm/npt.h"
#include "virt/upcalls.h"

struct virt_paging {
	bool enabled, long_mode; /* CR0.PG; EFER.LMA */
	uint64_t cr3;
};

/* Turns SVM on for this CPU, which has what cpu_missing_features() looks for. */
void virt_init_cpu(void);

/* VMCB and FPU area, heap pages charged as the tables are; runs on those tables.  State: see the
 * reset functions. */
MUST_CHECK int virt_vcpu_init(struct virt_vcpu *v, const struct npt *npt);
void virt_vcpu_free(struct virt_vcpu *v, const struct npt *npt);
/* 32-bit flat protected mode, paging off (Xen docs/misc/pvh): EIP, EBX, ESI as given. */
void virt_reset_flat(struct virt_vcpu *v, uint32_t eip, uint32_t ebx, uint32_t esi);
/* Real mode at vector << 12 (SIPI). */
void virt_reset_sipi(struct virt_vcpu *v, uint8_t vector);

/* Carries out the flushes asked for (mm/tlb.h): no translation that this CPU holds is used
 * again. */
void virt_flush(void);
void virt_barrier(void);             /* forget branch predictions: another domain runs next */
void virt_load(struct virt_vcpu *v); /* FPU, XCR0, DR, TSC_AUX in */
void virt_save(struct virt_vcpu *v);
/* Delivers what is pending, runs the guest once, handles the exit. */
enum virt_action virt_run(struct virt_vcpu *v);

/* Default-deny policy shared by vendors. */
struct cpuid_regs;
void guest_cpuid(struct virt_vcpu *v, uint32_t leaf, uint32_t sub, struct cpuid_regs *out);
/* false: inject #GP. */
MUST_CHECK bool guest_rdmsr(struct virt_vcpu *v, uint32_t msr, uint64_t *value);
MUST_CHECK bool guest_wrmsr(struct virt_vcpu *v, uint32_t msr, uint64_t value);
/* size: 1, 2 or 4 bytes. */
uint32_t guest_port_in(struct virt_vcpu *v, uint16_t port, unsigned size);
void guest_port_out(struct virt_vcpu *v, uint16_t port, unsigned size, uint32_t value);
/* Vendor part of the MSR policy: those that live in the VMCB.  false: refused, or not one of
 * them. */
MUST_CHECK bool virt_rdmsr(struct virt_vcpu *v, uint32_t msr, uint64_t *value);
MUST_CHECK bool virt_wrmsr(struct virt_vcpu *v, uint32_t msr, uint64_t value);
uint64_t virt_guest_cr4(const struct virt_vcpu *v);

/* Register access, on the path of every exit and so inline; each vendor brings this header:
 * virt_paging, virt_cpl, virt_rip, virt_rax, virt_set_rax, virt_skip, virt_interrupts_on. */
#include "virt/svm/registers.h"
#endif
