/* SPDX-License-Identifier: MIT */
/*
 * Event channel hypercalls.  Each handler checks everything, then acts without failing, under
 * event_lock; the state of both domains is looked at again under that lock, since a domain may have
 * begun to die after the dispatcher's check.  Trust boundary: every field of the argument is the
 * caller's; the only things that it can reach are its own ports, the port of a peer that was
 * allocated for it, and, for a builder instance, the ports of the domain that it is building.
 */
#include "ipc/event_port.h"
#include "gate/gate.h"
#include <xen/errno.h>

/* A port in use of the caller, or NULL; event_lock held. */
static struct event_port *own_port(struct hc_call *call, uint64_t port)
{
	if (!event_domain_live(call->caller)) {
		return NULL;
	}
	return event_port_at(call->caller, port);
}

/* What a call that makes a port returns. */
static long answer(int port, evtchn_port_t *out)
{
	if (port < 0) {
		return port;
	}
	*out = (evtchn_port_t)port;
	return 0;
}

/* A building domain belongs to its creator alone; between live domains only to itself. */
static bool may_alloc_in(struct hc_call *call)
{
	struct domain *d = call->target;

	if (!d->events) {
		return false;
	}
	if (d == call->caller) {
		return event_domain_live(d);
	}
	return d->state == CORBEL_DOM_building && d->build.creator == call->caller;
}

long hc_event_unbound(struct hc_call *call)
{
	evtchn_alloc_unbound_t *op = (evtchn_alloc_unbound_t *)call->in.bytes;
	uint16_t peer = op->remote_dom == DOMID_SELF ? call->caller->id : op->remote_dom;
	struct event_port content = {.state = PORT_unbound, .peer_domid = peer};
	int port;

	if (peer >= DOMID_FIRST_RESERVED) {
		return -XEN_EINVAL;
	}
	spin_lock(&event_lock);
	if (may_alloc_in(call)) {
		port = event_port_add(call->target, content);
	} else {
		port = gate_deny(call, call->target, XSM_RIGHT(event, create));
	}
	spin_unlock(&event_lock);
	return answer(port, &op->port);
}

static int bind_pair(struct domain *d, struct domain *peer, uint32_t peer_port)
{
	struct event_port content = {
		.state = PORT_interdomain, .peer = peer, .peer_port = (uint16_t)peer_port};
	struct event_port *remote;
	int port;

	if (!event_domain_live(d) || !event_domain_live(peer)) {
		return -XEN_ESRCH;
	}
	remote = event_port_at(peer, peer_port);
	if (!remote || remote->state != PORT_unbound || remote->peer_domid != d->id) {
		return -XEN_EINVAL;
	}
	port = event_port_add(d, content);
	if (port < 0) {
		return port;
	}
	remote->state = PORT_interdomain;
	remote->peer = d;
	remote->peer_port = (uint16_t)port;
	/* Sends before the binding went nowhere: let the binder look at once. */
	event_port_raise(d, (uint32_t)port);
	return port;
}

long hc_event_interdomain(struct hc_call *call)
{
	evtchn_bind_interdomain_t *op = (evtchn_bind_interdomain_t *)call->in.bytes;
	int port;

	spin_lock(&event_lock);
	port = bind_pair(call->caller, call->target, op->remote_port);
	spin_unlock(&event_lock);
	return answer(port, &op->local_port);
}

/* 0 = per vCPU, 1 = global, else refused. */
static int virq_scope(struct hc_call *call, uint32_t virq)
{
	switch (virq) {
	case VIRQ_TIMER:
	case VIRQ_DEBUG:
		return 0;
	case VIRQ_CONSOLE:
	case VIRQ_DOM_EXC:
		if (!call->caller->is_dom0) {
			return -XEN_EPERM;
		}
		return 1;
	default:
		return -XEN_EINVAL;
	}
}

long hc_event_virq(struct hc_call *call)
{
	evtchn_bind_virq_t *op = (evtchn_bind_virq_t *)call->in.bytes;
	struct vcpu *v = domain_vcpu(call->caller, op->vcpu);
	int scope = virq_scope(call, op->virq), port;
	uint32_t virq = (uint32_t)index_in(op->virq, NR_VIRQS);

	if (scope < 0) {
		return scope;
	}
	if (!v) {
		return -XEN_ENOENT;
	}
	if (scope == 1 && op->vcpu != 0) {
		return -XEN_EINVAL;
	}
	spin_lock(&event_lock);
	if (!event_domain_live(call->caller)) {
		port = -XEN_ESRCH;
	} else if (v->virq_port[virq]) {
		port = -XEN_EEXIST;
	} else {
		port = event_port_bind_virq(v, virq, scope == 1);
	}
	spin_unlock(&event_lock);
	return answer(port, &op->port);
}

long hc_event_ipi(struct hc_call *call)
{
	evtchn_bind_ipi_t *op = (evtchn_bind_ipi_t *)call->in.bytes;
	struct event_port content = {.state = PORT_ipi, .vcpu = (uint8_t)op->vcpu};
	int port = -XEN_ESRCH;

	if (!domain_vcpu(call->caller, op->vcpu)) {
		return -XEN_ENOENT;
	}
	spin_lock(&event_lock);
	if (event_domain_live(call->caller)) {
		port = event_port_add(call->caller, content);
	}
	spin_unlock(&event_lock);
	return answer(port, &op->port);
}

/* For calls that do one thing to a port of the caller's. */
static long on_own_port(struct hc_call *call, evtchn_port_t port,
			void (*act)(struct domain *d, uint32_t port))
{
	long result = -XEN_EINVAL;

	spin_lock(&event_lock);
	if (own_port(call, port)) {
		act(call->caller, port);
		result = 0;
	}
	spin_unlock(&event_lock);
	return result;
}

long hc_event_close(struct hc_call *call)
{
	evtchn_close_t *op = (evtchn_close_t *)call->in.bytes;

	return on_own_port(call, op->port, event_port_close);
}

long hc_event_unmask(struct hc_call *call)
{
	evtchn_unmask_t *op = (evtchn_unmask_t *)call->in.bytes;

	return on_own_port(call, op->port, event_port_unmask);
}

long hc_event_send(struct hc_call *call)
{
	evtchn_send_t *op = (evtchn_send_t *)call->in.bytes;
	struct event_port *p;
	long result = -XEN_EINVAL;

	spin_lock(&event_lock);
	p = own_port(call, op->port);
	if (p && p->state == PORT_interdomain) {
		/* The port names the object, so this check cannot come before the lock. */
		result = gate_authorize(call, p->peer, XSM_RIGHT(event, send));
		if (!result) {
			event_port_raise(p->peer, p->peer_port);
		}
	} else if (p && p->state == PORT_ipi) {
		event_port_raise(call->caller, (uint32_t)index_in(op->port, EVENT_PORTS));
		result = 0;
	} else if (p && p->state == PORT_unbound) {
		result = 0; /* nobody there yet, or any more: dropped, as in Xen */
	}
	spin_unlock(&event_lock);
	return result;
}

long hc_event_status(struct hc_call *call)
{
	static const uint8_t status[] = {
		[PORT_unbound] = EVTCHNSTAT_unbound, [PORT_interdomain] = EVTCHNSTAT_interdomain,
		[PORT_virq] = EVTCHNSTAT_virq,       [PORT_ipi] = EVTCHNSTAT_ipi,
		[PORT_pirq] = EVTCHNSTAT_pirq,
	};
	evtchn_status_t *op = (evtchn_status_t *)call->in.bytes;
	struct event_port *p;
	evtchn_status_t out;

	if (op->port >= EVENT_PORTS) {
		return -XEN_EINVAL;
	}
	memset(&out, 0, sizeof(out)); /* padding and the unused part of the union go out too */
	out.dom = op->dom;
	out.port = op->port;
	out.status = EVTCHNSTAT_closed;
	spin_lock(&event_lock);
	p = event_port_at(call->target, op->port);
	if (p) {
		out.status = status[p->state];
		out.vcpu = p->vcpu;
		if (p->state == PORT_unbound) {
			out.u.unbound.dom = p->peer_domid;
		} else if (p->state == PORT_interdomain) {
			out.u.interdomain.dom = p->peer->id;
			out.u.interdomain.port = p->peer_port;
		} else if (p->state == PORT_virq) {
			out.u.virq = p->virq;
		} else if (p->state == PORT_pirq) {
			out.u.pirq = p->peer_port;
		}
	}
	spin_unlock(&event_lock);
	*op = out;
	return 0;
}

long hc_event_vcpu(struct hc_call *call)
{
	evtchn_bind_vcpu_t *op = (evtchn_bind_vcpu_t *)call->in.bytes;
	struct event_port *p;
	long result = -XEN_EINVAL;

	if (!domain_vcpu(call->caller, op->vcpu)) {
		return -XEN_ENOENT;
	}
	spin_lock(&event_lock);
	p = own_port(call, op->port);
	/* An IPI and a per-vCPU VIRQ belong to the vCPU that they were bound for. */
	if (p &&
	    (p->state == PORT_unbound || p->state == PORT_interdomain || p->state == PORT_pirq ||
	     (p->state == PORT_virq && virq_scope(call, p->virq) == 1))) {
		p->vcpu = (uint8_t)op->vcpu;
		result = 0;
	}
	spin_unlock(&event_lock);
	return result;
}
