/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op and set_timer_op: what a vCPU registers of itself and the one timer that it has.
 * A registered area is pinned guest RAM: it holds references for as long as it is registered.
 */
#include "cpu/time.h"
#include "domain/sched.h"
#include "domain/vcpu.h"
#include "gate/hypercall.h"
#include "ipc/event.h"
#include <xen/errno.h>

static struct vcpu *named_vcpu(struct hc_call *call)
{
	return domain_vcpu(call->caller, call->arg[1]);
}

long hc_vcpu_is_up(struct hc_call *call)
{
	struct vcpu *v = named_vcpu(call);

	return v ? v->state != VCPU_offline : -XEN_ENOENT;
}

long hc_vcpu_info(struct hc_call *call)
{
	const struct vcpu_register_vcpu_info *arg = (void *)call->in.bytes;
	struct vcpu *v = named_vcpu(call);
	struct gbuf pin;
	uint8_t old[sizeof(struct vcpu_info)];
	struct vcpu_info *info;
	gpa_t gpa;
	int rc;

	if (!v || v->vcpu_info.pages) {
		return v ? -XEN_EBUSY : -XEN_ENOENT;
	}
	if (arg->rsvd || arg->offset > PAGE_SIZE - sizeof(old) || arg->offset % 8 ||
	    arg->mfn >> 40) {
		return -XEN_EINVAL;
	}
	gpa.a = (arg->mfn << PAGE_SHIFT) + arg->offset;
	rc = gbuf_pin_physical(call->caller, gpa, sizeof(old), true, &pin);
	if (rc) {
		return rc;
	}
	info = vcpu_info_open(v);
	memcpy(old, info, sizeof(old));
	vcpu_info_close(v, info);
	gbuf_write(&pin, 0, old, sizeof(old));
	v->vcpu_info = pin;
	event_vcpu_info_moved(v);
	return 0;
}

long hc_vcpu_runstate(struct hc_call *call)
{
	const struct vcpu_register_runstate_memory_area *arg = (void *)call->in.bytes;
	struct vcpu *v = named_vcpu(call);
	struct gbuf pin;
	int rc;

	if (!v) {
		return -XEN_ENOENT;
	}
	rc = gbuf_pin(call->vcpu, arg->addr.p, sizeof(struct vcpu_runstate_info), true, &pin);
	if (rc) {
		return rc;
	}
	gbuf_unpin(&v->runstate_area);
	v->runstate_area = pin;
	vcpu_runstate_publish(v);
	return 0;
}

long hc_vcpu_stop_periodic(struct hc_call *call)
{
	return named_vcpu(call) ? 0 : -XEN_ENOENT; /* there is no periodic timer to stop */
}

long hc_vcpu_set_timer(struct hc_call *call)
{
	const struct vcpu_set_singleshot_timer *arg = (void *)call->in.bytes;
	struct vcpu *v = call->vcpu;

	if (call->arg[1] != v->virt.id) {
		return -XEN_EINVAL;
	}
	if ((arg->flags & VCPU_SSHOTTMR_future) && arg->timeout_abs_ns < now_ns()) {
		return -XEN_ETIME;
	}
	v->timer_deadline = arg->timeout_abs_ns;
	sched_changed();
	return 0;
}

long hc_vcpu_stop_timer(struct hc_call *call)
{
	if (call->arg[1] != call->vcpu->virt.id) {
		return -XEN_EINVAL;
	}
	call->vcpu->timer_deadline = ~0ull;
	return 0;
}

long hc_set_timer(struct hc_call *call)
{
	call->vcpu->timer_deadline = call->arg[0] ? call->arg[0] : ~0ull;
	sched_changed();
	return 0;
}
