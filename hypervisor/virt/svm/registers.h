/* SPDX-License-Identifier: MIT */
/* AMD's part of virt/virt.h that is inline: guest registers in the VMCB. */
#ifndef VIRT_SVM_REGISTERS_H
#define VIRT_SVM_REGISTERS_H
#include "base/must_check.h"
#include "virt/virt.h"
#include "virt/svm/vmcb.h"

static inline void virt_paging(const struct virt_vcpu *v, struct virt_paging *out)
{
	out->enabled = v->vmcb->cr0 & CR0_PG;
	out->long_mode = v->vmcb->efer & EFER_LMA;
	out->cr3 = v->vmcb->cr3;
}

static inline unsigned virt_cpl(const struct virt_vcpu *v)
{
	return v->vmcb->cpl;
}

static inline uint64_t virt_rip(const struct virt_vcpu *v)
{
	return v->vmcb->rip;
}

static inline uint64_t virt_rax(const struct virt_vcpu *v)
{
	return v->vmcb->rax;
}

static inline void virt_set_rax(struct virt_vcpu *v, uint64_t rax)
{
	v->vmcb->rax = rax;
}

/* Past the instruction; ends its interrupt shadow. */
static inline void virt_skip(struct virt_vcpu *v, unsigned length)
{
	struct vmcb *c = v->vmcb;

	c->rip += length;
	c->interrupt_shadow = 0;
}

/* RFLAGS.IF */
static inline MUST_CHECK bool virt_interrupts_on(const struct virt_vcpu *v)
{
	return v->vmcb->rflags & RFLAGS_IF;
}
#endif
