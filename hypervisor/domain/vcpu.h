/* SPDX-License-Identifier: MIT */
/* vCPU areas that the guest sees: vcpu_info, its time record, runstate. */
#ifndef DOMAIN_VCPU_H
#define DOMAIN_VCPU_H
#include "domain/domain.h"

void vcpu_time_fill(struct vcpu_info *info); /* pvclock parameters; constant since boot */
/* Accounts the old runstate (RUNSTATE_* of <xen/vcpu.h>), enters the new one, tells the guest. */
void vcpu_runstate_set(struct vcpu *v, int state);
#endif
