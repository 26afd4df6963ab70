/* SPDX-License-Identifier: MIT */
/*
 * domctl: the four calls that a control domain may make on a domain that it can neither read nor
 * change: see it, stop it, let it go on, end it.  The dispatcher has resolved the target, checked
 * its state and asked the policy; getinfo asks for each domain itself.  Locks: the target's, for
 * its state.
 */
#include "gate/gate.h"
#include "domain/sched.h"
#include "launch/life.h"
#include <xen/errno.h>

#define TIME_GRAIN_NS 10000000ull /* CPU time is told coarsely: it is a side channel */

static long check_version(struct hc_call *call)
{
	const struct xen_domctl *op = (const struct xen_domctl *)call->in.bytes;

	if (op->interface_version != XEN_DOMCTL_INTERFACE_VERSION) {
		return -XEN_EACCES;
	}
	return 0;
}

/* For calls that act on another domain. */
static long check_other(struct hc_call *call)
{
	long error = check_version(call);

	if (!error && call->target == call->caller) {
		return -XEN_EINVAL;
	}
	return error;
}

long hc_domctl_destroy(struct hc_call *call)
{
	long error = check_other(call);

	if (!error) {
		domain_destroy(call->target);
	}
	return error;
}

/* Says whether the target is in one of the states `done` after the change. */
static long change_state(struct hc_call *call, void (*change)(struct domain *d), uint32_t done)
{
	struct domain *d = call->target;
	long error = check_other(call);

	if (error) {
		return error;
	}
	spin_lock(&d->lock);
	change(d);
	if (!(done >> d->state & 1)) {
		error = -XEN_EINVAL;
	}
	spin_unlock(&d->lock);
	return error;
}

/* Pausing twice is one pause: the control domain's word is a state, not a count.  A sealed domain
 * does not run yet; one that was shut down cannot be paused. */
long hc_domctl_pause(struct hc_call *call)
{
	return change_state(call, domain_pause, 1u << CORBEL_DOM_paused | 1u << CORBEL_DOM_sealed);
}

long hc_domctl_unpause(struct hc_call *call)
{
	return change_state(call, domain_unpause, 1u << CORBEL_DOM_running);
}

/* First domain with id >= first that the caller may see, referenced, or NULL.  Without a record of
 * the others: a list must not flood the audit, nor end at a domain that is being built. */
static struct domain *next_visible(struct hc_call *call, uint16_t first)
{
	struct domain *d = domain_next(first);

	while (d && !gate_permits(call, d, XSM_RIGHT(domain, getdomaininfo))) {
		d = domain_after(d);
	}
	return d;
}

/* Xen says `running` only of what is on a CPU at that very moment, which on one CPU is the asking
 * domain alone; here what is ready to run counts, so that a busy tenant is told from an idle one.
 */
static void fill_vcpus(const struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	const struct vcpu *v;
	uint64_t time = 0;
	bool ready = false;

	for (uint32_t i = 0; (v = domain_vcpu(d, i)) != NULL; i++) {
		time += sched_cpu_time(v);
		info->max_vcpu_id = i;
		info->nr_online_vcpus += v->state != VCPU_offline;
		ready |= v->state == VCPU_runnable;
	}
	info->cpu_time = time - time % TIME_GRAIN_NS;
	if (d->state == CORBEL_DOM_running) {
		info->flags |= ready ? XEN_DOMINF_running : XEN_DOMINF_blocked;
	}
}

static uint32_t state_flags(const struct domain *d)
{
	uint32_t reason = d->shutdown_reason & XEN_DOMINF_shutdownmask;
	uint32_t flags = 0;

	if (d->state == CORBEL_DOM_building || d->state == CORBEL_DOM_sealed ||
	    d->state == CORBEL_DOM_paused) {
		flags |= XEN_DOMINF_paused;
	} else if (d->state == CORBEL_DOM_dying) {
		flags |= XEN_DOMINF_dying;
	}
	if (d->shutdown_reason != 0xFF) {
		flags |= XEN_DOMINF_shutdown | reason << XEN_DOMINF_shutdownshift;
	}
	return flags;
}

static void fill_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	memset(info, 0, sizeof(*info));
	spin_lock(&d->lock);
	info->domain = d->id;
	info->flags = XEN_DOMINF_hvm_guest | XEN_DOMINF_hap | state_flags(d);
	info->tot_pages = d->charge.ram_pages;
	info->max_pages = d->charge.ram_limit;
	info->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	fill_vcpus(d, info);
	info->ssidref = d->label.ctx;
	memcpy(info->handle, d->launch.record.uuid, sizeof(info->handle));
	info->gpaddr_bits = 36; /* GFN_LIMIT, mm/npt.h */
	spin_unlock(&d->lock);
}

long hc_domctl_getinfo(struct hc_call *call)
{
	struct xen_domctl *op = (struct xen_domctl *)call->in.bytes;
	struct domain *d;
	long error = check_version(call);

	if (error) {
		return error;
	}
	d = next_visible(call, op->domain);
	if (!d) {
		return -XEN_ESRCH;
	}
	error = gate_authorize(call, d, XSM_RIGHT(domain, getdomaininfo));
	if (!error) {
		memset(&op->u, 0, sizeof(op->u));
		fill_info(d, &op->u.getdomaininfo);
		op->domain = d->id;
	}
	domain_put(d);
	return error;
}
