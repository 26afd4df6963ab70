/* SPDX-License-Identifier: MIT */
/* vCPU areas that the guest sees: vcpu_info, its time record, runstate. */
#ifndef DOMAIN_VCPU_H
#define DOMAIN_VCPU_H
#include "domain/domain.h"

void vcpu_time_fill(struct vcpu_info *info); /* pvclock parameters; constant since boot */
/* Accounts the old runstate (RUNSTATE_* of <xen/vcpu.h>), enters the new one, tells the guest. */
void vcpu_runstate_set(struct vcpu *v, int state);
/* A view of the vCPU's vcpu_info, in its registered area or in shared_info; to be closed at
 * once. */
struct vcpu_info *vcpu_info_open(struct vcpu *v);
void vcpu_info_close(struct vcpu *v, struct vcpu_info *info);
/* What the guest's registered runstate area says follows v->runstate. */
void vcpu_runstate_publish(struct vcpu *v);
#endif
