/* SPDX-License-Identifier: MIT */
/* sched_op: yield, block, poll, shut down. */
#include "cpu/time.h"
#include "domain/gcopy.h"
#include "domain/sched.h"
#include "gate/hypercall.h"
#include "ipc/event.h"
#include "launch/life.h"
#include "virt/virt.h"
#include "virt/vlapic.h"
#include <xen/errno.h>

long hc_sched_yield(struct hc_call *call)
{
	sched_yield(call->vcpu);
	return 0;
}

long hc_sched_block(struct hc_call *call)
{
	struct vcpu *v = call->vcpu;
	bool interrupt = virt_interrupts_on(&v->virt) && vlapic_pending(&v->virt) >= 0;

	if (!event_pending(v) && !interrupt) {
		sched_sleep(v, VCPU_blocked);
		call->block = true;
	}
	return 0;
}

long hc_sched_shutdown(struct hc_call *call)
{
	const struct sched_shutdown *arg = (void *)call->in.bytes;

	if (arg->reason > SHUTDOWN_MAX || arg->reason == SHUTDOWN_suspend) {
		return -XEN_EINVAL; /* nothing can resume a suspended domain here */
	}
	if (arg->reason == SHUTDOWN_crash) {
		domain_crash(call->caller, "its kernel reported a crash",
			     virt_rip(&call->vcpu->virt));
	} else {
		domain_shutdown(call->caller, (uint16_t)arg->reason);
	}
	call->block = true;
	return 0;
}

long hc_sched_poll(struct hc_call *call)
{
	const struct sched_poll *arg = (void *)call->in.bytes;
	struct vcpu *v = call->vcpu;
	uint32_t ports[ARRAY_SIZE(v->poll_ports)];
	int rc;

	if (arg->nr_ports > ARRAY_SIZE(ports)) {
		return -XEN_EINVAL;
	}
	rc = arg->nr_ports ? copy_from_guest(v, ports, (uintptr_t)arg->ports.p,
					     arg->nr_ports * (uint32_t)sizeof(ports[0]))
			   : 0;
	if (rc) {
		return rc;
	}
	for (uint32_t i = 0; i < arg->nr_ports; i++) {
		if (ports[i] >= EVENT_PORTS) {
			return -XEN_EINVAL;
		}
		if (event_port_pending(call->caller, ports[i])) {
			return 0;
		}
	}
	if (arg->timeout && arg->timeout <= now_ns()) {
		return 0;
	}
	memcpy(v->poll_ports, ports, arg->nr_ports * sizeof(ports[0]));
	v->poll_count = arg->nr_ports;
	sched_sleep(v, VCPU_polling);
	v->poll_deadline = arg->timeout ? arg->timeout : ~0ull;
	call->block = true;
	return 0;
}
