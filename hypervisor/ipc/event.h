/* SPDX-License-Identifier: MIT */
/*
 * Event channels: Xen's 2-level ABI, EVENT_PORTS ports per domain.  Hypervisor-side port state is
 * the truth; shared_info is written, and read only for the guest's own mask bits.  One global lock
 * (RANK_EVENT) so that pairs need no order.
 */
#ifndef IPC_EVENT_H
#define IPC_EVENT_H
#include "base/must_check.h"
#include "domain/domain.h"
#include "ipc/review.h"

#define EVENT_PORTS 1024

MUST_CHECK int event_init(struct domain *d);
void event_teardown(struct domain *d); /* closes every port; peers fall back to unbound */
/* Shows every port of d that is connected to `review`, and closes those for which it is true. */
void event_review(struct domain *d, struct use_review *review);
/* Raises a virtual interrupt on the vCPU (VIRQ_*), if bound. */
void event_virq(struct vcpu *v, uint32_t virq);
/* Raises a global VIRQ (VIRQ_DOM_EXC, VIRQ_CONSOLE) in Dom0, if bound. */
void event_global_virq(uint32_t virq);
MUST_CHECK bool event_port_pending(struct domain *d, uint32_t port);
/* evtchn_upcall_pending of the vCPU. */
MUST_CHECK bool event_pending(struct vcpu *v);
/* After vcpu_info moved to a registered area: re-raise everything (Xen's rule). */
void event_vcpu_info_moved(struct vcpu *v);
#endif
