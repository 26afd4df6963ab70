/* SPDX-License-Identifier: MIT */
/* Private to svm*.c. */
#ifndef VIRT_SVM_SVM_H
#define VIRT_SVM_SVM_H
#include "base/must_check.h"
#include "virt/virt.h"
#include "virt/svm/vmcb.h"

void svm_enter(struct vcpu_regs *regs, uint64_t guest_vmcb, uint64_t host_vmcb);
enum virt_action svm_exit(struct virt_vcpu *v);
/* Nothing that this CPU translated is used again, whichever vCPU comes next. */
void svm_drop_asids(void);
MUST_CHECK bool svm_set_xcr0(uint64_t value); /* false: not a combination that guests may have */
#endif
