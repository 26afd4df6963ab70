/* SPDX-License-Identifier: MIT */
/*
 * Event channels: the port table, raising and closing.  Owns every domain's event_table and, with
 * the atomic bit operations below, the pending bits of shared_info and the notification half of
 * vcpu_info; never clears a bit that the guest owns except the pending bit of a closed port.  Lock:
 * event_lock (RANK_EVENT), one for all domains, since a pair lies in two of them; the scheduler is
 * called under it.  Trust boundary: shared_info and vcpu_info are guest-writable at any time, so
 * nothing read there decides about another domain (INV-EVENT-6, ipc/event_port.h).
 */
#include "ipc/event_port.h"
#include "ipc/pirq.h"
#include "domain/sched.h"
#include "domain/vcpu.h"
#include "mm/heap.h"
#include "virt/upcalls.h"
#include <xen/errno.h>

#define WORD_BITS 64

struct spinlock event_lock = SPINLOCK(RANK_EVENT);

/* The vCPU that has bound a global VIRQ; guarded by event_lock, cleared when that port closes. */
static struct vcpu *global_virq[NR_VIRQS];

static bool bit_test(const xen_ulong_t *words, uint32_t bit)
{
	return __atomic_load_n(&words[bit / WORD_BITS], __ATOMIC_SEQ_CST) >> (bit % WORD_BITS) & 1;
}

static bool bit_test_and_set(xen_ulong_t *words, uint32_t bit)
{
	xen_ulong_t one = (xen_ulong_t)1 << (bit % WORD_BITS);

	return __atomic_fetch_or(&words[bit / WORD_BITS], one, __ATOMIC_SEQ_CST) & one;
}

static void bit_clear(xen_ulong_t *words, uint32_t bit)
{
	xen_ulong_t one = (xen_ulong_t)1 << (bit % WORD_BITS);

	__atomic_fetch_and(&words[bit / WORD_BITS], ~one, __ATOMIC_SEQ_CST);
}

int event_init(struct domain *d)
{
	d->events = heap_page(&d->charge.heap_pages);
	return d->events ? 0 : -XEN_ENOMEM;
}

int event_port_add(struct domain *d, struct event_port content)
{
	struct event_port **page, *p;
	uint32_t port;

	for (port = 1; port < EVENT_PORTS; port++) {
		page = &d->events->page[port / PORTS_PER_PAGE];
		if (!*page) {
			*page = heap_page(&d->charge.heap_pages);
			if (!*page) {
				return -XEN_ENOMEM;
			}
		}
		p = &(*page)[port % PORTS_PER_PAGE];
		if (p->state == PORT_free) {
			*p = content;
			return (int)port;
		}
	}
	return -XEN_ENOSPC;
}

/* The second half of raising: selector bit, upcall, kick, unless the guest masks the port. */
static void notify(struct domain *d, uint32_t port)
{
	struct event_port *p = event_port_at(d, port);
	struct vcpu *v = p ? d->vcpu[p->vcpu] : NULL;
	struct vcpu_info *info;
	bool kick = false;

	if (!v || bit_test(d->shared_info->evtchn_mask, port)) {
		return;
	}
	info = vcpu_info_open(v);
	/* The guest clears upcall_pending first, then takes the selector: so the selector bit must
	 * be there before upcall_pending is seen. */
	if (!bit_test_and_set(&info->evtchn_pending_sel, port / WORD_BITS)) {
		kick = !__atomic_exchange_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
	}
	vcpu_info_close(v, info);
	if (kick) {
		sched_kick(v);
	}
}

void event_port_raise(struct domain *d, uint32_t port)
{
	if (!event_domain_live(d) || bit_test_and_set(d->shared_info->evtchn_pending, port)) {
		return;
	}
	notify(d, port);
	/* A polling vCPU keeps its ports masked, so this does not ask for the mask. */
	sched_poll_port(d, port);
}

void event_port_unmask(struct domain *d, uint32_t port)
{
	port = (uint32_t)index_in(port, EVENT_PORTS);
	bit_clear(d->shared_info->evtchn_mask, port);
	if (event_port_pending(d, port)) {
		notify(d, port);
	}
}

int event_port_bind_virq(struct vcpu *v, uint32_t virq, bool global)
{
	struct event_port content = {.state = PORT_virq,
				     .virq = (uint8_t)virq,
				     .virq_vcpu = (uint8_t)v->virt.id,
				     .vcpu = (uint8_t)v->virt.id};
	int port = event_port_add(v->domain, content);

	if (port > 0) {
		v->virq_port[virq] = (uint32_t)port;
		if (global) {
			global_virq[virq] = v;
		}
	}
	return port;
}

static void unbind_virq(struct domain *d, const struct event_port *p)
{
	struct vcpu *v = d->vcpu[p->virq_vcpu];

	if (global_virq[p->virq] && global_virq[p->virq]->domain == d) {
		global_virq[p->virq] = NULL;
	}
	if (v) {
		v->virq_port[p->virq] = 0;
	}
}

void event_port_close(struct domain *d, uint32_t port)
{
	struct event_port *p = event_port_at(d, port), *other;

	if (p->state == PORT_virq) {
		unbind_virq(d, p);
	} else if (p->state == PORT_interdomain) {
		other = event_port_at(p->peer, p->peer_port);
		CHECK(other && other->state == PORT_interdomain && other->peer == d &&
		      other->peer_port == port); /* INV-EVENT-1 */
		other->state = PORT_unbound;
		other->peer = NULL;
		other->peer_domid = d->id;
		/* Xen leaves the peer in the dark; a raise costs nothing and a peer that waits for
		 * an answer that will not come gets to see it. */
		if (p->peer != d) {
			event_port_raise(p->peer, p->peer_port);
		}
	} else if (p->state == PORT_pirq) {
		pirq_port_closed(p->peer_port);
	}
	p->state = PORT_free;
	if (d->shared_info) {
		bit_clear(d->shared_info->evtchn_pending, port);
	}
}

void event_teardown(struct domain *d)
{
	struct event_table *table;
	uint32_t port, i;

	spin_lock(&event_lock);
	table = d->events;
	if (table) {
		for (port = 1; port < EVENT_PORTS; port++) {
			if (event_port_at(d, port)) {
				event_port_close(d, port);
			}
		}
		d->events = NULL;
		for (i = 0; i < PORT_PAGES; i++) {
			heap_page_free(table->page[i], &d->charge.heap_pages);
		}
		heap_page_free(table, &d->charge.heap_pages);
	}
	spin_unlock(&event_lock);
}

void event_review(struct domain *d, struct use_review *review)
{
	spin_lock(&event_lock);
	for (uint32_t port = 1; port < EVENT_PORTS; port++) {
		struct event_port *p = event_port_at(d, port), left = {.state = PORT_unbound};

		if (p && p->state == PORT_interdomain &&
		    review->ends(review, d, p->peer, USE_send)) {
			/* A guest's kernel takes it for granted that it can close what it has
			 * bound: a cut port stays its own, with nobody at the other end. */
			left.vcpu = p->vcpu;
			left.peer_domid = p->peer->id;
			event_port_close(d, port);
			*p = left;
		}
	}
	spin_unlock(&event_lock);
}

static void raise_virq(struct vcpu *v, uint32_t virq)
{
	if (v && v->virq_port[virq]) {
		event_port_raise(v->domain, v->virq_port[virq]);
	}
}

void event_virq(struct vcpu *v, uint32_t virq)
{
	spin_lock(&event_lock);
	raise_virq(v, virq);
	spin_unlock(&event_lock);
}

void event_global_virq(uint32_t virq)
{
	spin_lock(&event_lock);
	raise_virq(global_virq[virq], virq);
	spin_unlock(&event_lock);
}

bool event_pending(struct vcpu *v)
{
	struct vcpu_info *info = vcpu_info_open(v);
	bool pending = __atomic_load_n(&info->evtchn_upcall_pending, __ATOMIC_SEQ_CST);

	vcpu_info_close(v, info);
	return pending;
}

int vcpu_event_vector(struct virt_vcpu *virt)
{
	struct vcpu *v = vcpu_of(virt);

	return v->domain->callback_vector && event_pending(v) ? v->domain->callback_vector : -1;
}

bool event_port_pending(struct domain *d, uint32_t port)
{
	return port < EVENT_PORTS &&
	       bit_test(d->shared_info->evtchn_pending, (uint32_t)index_in(port, EVENT_PORTS));
}

void event_vcpu_info_moved(struct vcpu *v)
{
	struct vcpu_info *info;

	spin_lock(&event_lock);
	info = vcpu_info_open(v);
	/* What was raised between the guest's copy and the move is in no selector: look at all. */
	__atomic_store_n(&info->evtchn_pending_sel, ~(xen_ulong_t)0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
	vcpu_info_close(v, info);
	sched_kick(v);
	spin_unlock(&event_lock);
}
