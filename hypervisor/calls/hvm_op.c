/* SPDX-License-Identifier: MIT */
/*
 * hvm_op: the parameters a PVH guest knows.  The builder sets console and store while it builds;
 * the guest sets its callback vector and reads the rest.
 */
#include "gate/gate.h"
#include <xen/errno.h>

static bool builder_param(uint32_t index)
{
	return index == HVM_PARAM_STORE_PFN || index == HVM_PARAM_STORE_EVTCHN ||
	       index == HVM_PARAM_CONSOLE_PFN || index == HVM_PARAM_CONSOLE_EVTCHN;
}

/* Of an index that was checked. */
static uint64_t *param_of(struct domain *d, uint32_t index)
{
	return &d->hvm_param[index_in(index, ARRAY_SIZE(d->hvm_param))];
}

static long set_callback(struct hc_call *call, uint64_t value)
{
	struct domain *d = call->caller;
	uint8_t vector = (uint8_t)value;
	struct vcpu *v;

	if (value >> 56 != HVM_PARAM_CALLBACK_TYPE_VECTOR || vector < 32) {
		return -XEN_EINVAL;
	}
	d->callback_vector = vector;
	d->hvm_param[HVM_PARAM_CALLBACK_IRQ] = value;
	for (uint32_t i = 0; (v = domain_vcpu(d, i)) != NULL; i++) {
		v->virt.kicked = true;
	}
	return 0;
}

long hc_hvm_set_param(struct hc_call *call)
{
	const struct xen_hvm_param *arg = (void *)call->in.bytes;

	if (call->target == call->caller) {
		if (arg->index != HVM_PARAM_CALLBACK_IRQ) {
			return -XEN_EPERM;
		}
		return set_callback(call, arg->value);
	}
	/* The dispatcher let only its builder, while building, come here (INV-DOM-1). */
	if (call->target->state != CORBEL_DOM_building) {
		return gate_deny(call, call->target, XSM_RIGHT(hvm, setparam));
	}
	if (!builder_param(arg->index)) {
		return -XEN_EINVAL;
	}
	*param_of(call->target, arg->index) = arg->value;
	return 0;
}

long hc_hvm_get_param(struct hc_call *call)
{
	struct xen_hvm_param *arg = (void *)call->in.bytes;

	if (call->target != call->caller && call->target->state != CORBEL_DOM_building) {
		return gate_deny(call, call->target, XSM_RIGHT(hvm, getparam));
	}
	if (!builder_param(arg->index) && arg->index != HVM_PARAM_CALLBACK_IRQ) {
		return -XEN_EINVAL;
	}
	arg->value = *param_of(call->target, arg->index);
	return 0;
}
