/* SPDX-License-Identifier: MIT */
/*
 * Port table of the event channels, shared by ipc/event.c (state, raising, closing) and
 * ipc/event_ops.c (hypercalls); nobody else includes it.  Everything here is guarded by
 * event_lock.
 *
 * INV-EVENT-1  An interdomain port names a port of its peer that names it back.
 * INV-EVENT-2  A port's peer pointer is valid: event_teardown() ends every pair of a domain before
 *              the structure goes, so the pointer needs no reference of its own.
 * INV-EVENT-3  v->virq_port[n] is 0 or a port of v's domain in state virq with virq == n whose
 *              virq_vcpu is v, and each such port is named so.
 * INV-EVENT-4  A domain outside IN_LIVE has no pending bit set on its behalf.
 * INV-EVENT-5  Port 0 is never in use.
 * INV-EVENT-6  Decisions use this table only; of shared_info the mask and pending bits are read, to
 *              decide whether that same guest is interrupted, and for nothing else.
 */
#ifndef IPC_EVENT_PORT_H
#define IPC_EVENT_PORT_H
#include "base/must_check.h"
#include "ipc/event.h"

enum port_state { PORT_free, PORT_unbound, PORT_interdomain, PORT_virq, PORT_ipi, PORT_pirq };

struct event_port {
	struct domain *peer; /* interdomain */
	uint16_t peer_port;  /* interdomain; pirq: its number */
	uint16_t peer_domid; /* unbound: who may bind */
	uint8_t state;       /* enum port_state */
	uint8_t virq;        /* virq: number */
	uint8_t virq_vcpu;   /* virq: vCPU that it was bound for */
	uint8_t vcpu;        /* vCPU that is notified */
};
_Static_assert(sizeof(struct event_port) == 16, "ports are packed into heap pages");

#define PORTS_PER_PAGE (PAGE_SIZE / sizeof(struct event_port))
#define PORT_PAGES     (EVENT_PORTS / PORTS_PER_PAGE)

struct event_table { /* one heap page; the port pages are made on first use */
	struct event_port *page[PORT_PAGES];
};

extern struct spinlock event_lock;

static inline MUST_CHECK bool event_domain_live(const struct domain *d)
{
	return (IN_LIVE >> d->state & 1u) && d->events;
}

/* The port if it is in use, else NULL. */
static inline struct event_port *event_port_at(struct domain *d, uint64_t port)
{
	struct event_port *page = NULL;

	if (d->events && port < EVENT_PORTS) {
		port = index_in(port, EVENT_PORTS);
		page = d->events->page[port / PORTS_PER_PAGE];
	}
	if (!page || page[port % PORTS_PER_PAGE].state == PORT_free) {
		return NULL;
	}
	return &page[port % PORTS_PER_PAGE];
}

/* Puts `content` into a free port.  Port, -ENOSPC or -ENOMEM. */
MUST_CHECK int event_port_add(struct domain *d, struct event_port content);
/* Sets the pending bit and notifies; nothing outside IN_LIVE.  A port from a guest comes through
 * index_in(). */
void event_port_raise(struct domain *d, uint32_t port);
/* Clears the guest's mask bit of a port in use and notifies, if the port is pending. */
void event_port_unmask(struct domain *d, uint32_t port);
/* Frees a port in use; its peer falls back to unbound and is raised, so that it looks. */
void event_port_close(struct domain *d, uint32_t port);
/* Binds the VIRQ on v to a free port.  Port or an error. */
MUST_CHECK int event_port_bind_virq(struct vcpu *v, uint32_t virq, bool global);
#endif
