/* SPDX-License-Identifier: MIT */
/*
 * PIRQs (ipc/pirq.h).  Trust boundary: numbers are a guest's; it reaches those alone that it was
 * given itself.  A device that raises more than a driver can want takes CPU time from all: its
 * interrupt is dropped in the IOMMU for a while, and comes back with one event.
 */
#include "ipc/pirq.h"
#include "cpu/time.h"
#include "cpu/upcalls.h"
#include "device/msi.h"
#include "diag/trace.h"
#include "gate/gate.h"
#include "ipc/event_port.h"
#include <xen/errno.h>

#define PIRQ_FIRST   16u /* those below are lines, for Linux */
#define VECTOR_FIRST 0x30u
#define PIRQS        (VECTOR_TIMER - VECTOR_FIRST) /* vectors of the host's */
#define PIRQS_OF_ONE 64u

#define STORM_WINDOW_NS 10000000ull
#define STORM_LIMIT     1000u /* interrupts in a window; a window's rest is then without */

struct pirq {
	struct domain *owner;   /* NULL: free */
	struct msi_place place; /* once it was bound */
	uint32_t port;          /* 0: not bound */
	uint32_t in_window;     /* interrupts since window_start */
	uint64_t window_start;
	bool is_muted;
};

static struct pirq pirqs[PIRQS];
static unsigned muted; /* how many */

static uint32_t number_of(const struct pirq *q)
{
	return PIRQ_FIRST + (uint32_t)(q - pirqs);
}

static uint8_t vector_of(const struct pirq *q)
{
	return (uint8_t)(VECTOR_FIRST + (q - pirqs));
}

static struct pirq *own_pirq(const struct domain *d, uint32_t number)
{
	struct pirq *q = &pirqs[index_in(number - PIRQ_FIRST, PIRQS)];

	return number - PIRQ_FIRST < PIRQS && q->owner == d ? q : NULL;
}

static void unmute(struct pirq *q)
{
	if (q->is_muted) {
		q->is_muted = false;
		muted--;
	}
}

void pirq_port_closed(uint32_t number)
{
	struct pirq *q = &pirqs[index_in(number - PIRQ_FIRST, PIRQS)];

	msi_silence(&q->place);
	unmute(q);
	q->port = 0;
}

void pirq_teardown(struct domain *d)
{
	spin_lock(&event_lock);
	for (unsigned i = 0; i < PIRQS; i++) {
		if (pirqs[i].owner == d) {
			CHECK(pirqs[i].port == 0);
			pirqs[i] = (struct pirq){.owner = NULL};
		}
	}
	spin_unlock(&event_lock);
}

/* true: this one goes no further, and the next are dropped before they come here. */
static bool is_storm(struct pirq *q, uint64_t now)
{
	if (now - q->window_start >= STORM_WINDOW_NS) {
		q->window_start = now;
		q->in_window = 0;
	}
	q->in_window++;
	if (q->in_window <= STORM_LIMIT) {
		return false;
	}
	msi_silence(&q->place);
	q->is_muted = true;
	muted++;
	trace_note(CORBEL_TRACE_storm, q->owner->id, q->owner->id, 0, q->place.function->id);
	return true;
}

bool device_interrupt(unsigned vector)
{
	struct pirq *q = &pirqs[index_in(vector - VECTOR_FIRST, PIRQS)];
	bool known;

	spin_lock(&event_lock);
	known = vector - VECTOR_FIRST < PIRQS && q->port != 0;
	if (known && !q->is_muted && !is_storm(q, now_ns())) {
		event_port_raise(q->owner, q->port);
	}
	spin_unlock(&event_lock);
	return known;
}

uint64_t pirq_tick(uint64_t now)
{
	uint64_t next = ~0ull;

	if (!muted) {
		return next;
	}
	spin_lock(&event_lock);
	for (unsigned i = 0; i < PIRQS; i++) {
		struct pirq *q = &pirqs[i];

		if (!q->is_muted) {
			continue;
		}
		if (now - q->window_start >= STORM_WINDOW_NS) {
			unmute(q);
			msi_aim(&q->place, vector_of(q));
			event_port_raise(q->owner, q->port); /* for what was dropped */
		} else {
			next = MIN(next, q->window_start + STORM_WINDOW_NS);
		}
	}
	spin_unlock(&event_lock);
	return next;
}

/* Devices are the caller's from its seal on; before, and for all others, there is nothing. */
static bool has_devices(const struct domain *d)
{
	return d->pci && d->pci->is_open;
}

long hc_physdev_free_pirq(struct hc_call *call)
{
	physdev_get_free_pirq_t *op = (physdev_get_free_pirq_t *)call->in.bytes;
	struct pirq *unused = NULL;
	unsigned count = 0;

	if (!has_devices(call->caller) || op->type != MAP_PIRQ_TYPE_MSI) {
		return -XEN_EINVAL;
	}
	spin_lock(&event_lock);
	for (unsigned i = PIRQS; i-- > 0;) {
		count += pirqs[i].owner == call->caller;
		if (!pirqs[i].owner) {
			unused = &pirqs[i];
		}
	}
	if (unused && count < PIRQS_OF_ONE) {
		unused->owner = call->caller;
		op->pirq = number_of(unused);
	}
	spin_unlock(&event_lock);
	return unused && count < PIRQS_OF_ONE ? 0 : -XEN_ENOSPC;
}

long hc_physdev_unmap_pirq(struct hc_call *call)
{
	const physdev_unmap_pirq_t *op = (const physdev_unmap_pirq_t *)call->in.bytes;
	long rc = -XEN_EINVAL;
	struct pirq *q;

	if (op->domid != DOMID_SELF && op->domid != call->caller->id) {
		return -XEN_EPERM;
	}
	spin_lock(&event_lock);
	q = own_pirq(call->caller, (uint32_t)op->pirq);
	if (q) {
		if (q->port) {
			event_port_close(call->caller, q->port);
		}
		*q = (struct pirq){.owner = NULL};
		rc = 0;
	}
	spin_unlock(&event_lock);
	return rc;
}

/* Linux asks after each binding whether an end of interrupt is wanted, and takes this for no. */
long hc_physdev_irq_status(struct hc_call *call)
{
	(void)call;
	return -XEN_ENOSYS;
}

/* Binds it to a port; event_lock is held.  -EINVAL: not the caller's; -EEXIST: it has a port;
 * -ENOENT: no device of the caller's carries its marker. */
static int bind(struct domain *d, struct pirq *q)
{
	struct event_port content = {.state = PORT_pirq};
	int port;

	if (!q || !event_domain_live(d)) {
		return -XEN_EINVAL;
	}
	if (q->port) {
		return -XEN_EEXIST;
	}
	if (!q->place.function) {
		q->place = msi_find(d->pci, number_of(q));
	}
	if (!q->place.function) {
		return -XEN_ENOENT;
	}
	content.peer_port = (uint16_t)number_of(q);
	port = event_port_add(d, content);
	if (port > 0) {
		q->port = (uint32_t)port;
		msi_aim(&q->place, vector_of(q));
	}
	return port;
}

long hc_event_pirq(struct hc_call *call)
{
	evtchn_bind_pirq_t *op = (evtchn_bind_pirq_t *)call->in.bytes;
	int port;

	spin_lock(&event_lock);
	port = bind(call->caller, own_pirq(call->caller, op->pirq));
	spin_unlock(&event_lock);
	if (port < 0) {
		return port;
	}
	op->port = (evtchn_port_t)port;
	return 0;
}
