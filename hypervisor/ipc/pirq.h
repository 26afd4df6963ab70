/* SPDX-License-Identifier: MIT */
/*
 * PIRQs: interrupts of a domain's devices as event channels (Xen's public/physdev.h, and
 * EVTCHNOP_bind_pirq).  A PIRQ is a number that a guest asks for, writes as a marker where a
 * device's message belongs (device/msi.h) and binds to a port.  It has a vector of the host's own.
 *
 * INV-PIRQ-1  A vector raises at most one port, of the domain that owns the device whose interrupt
 *             table leads to it.
 * INV-PIRQ-2  A PIRQ remembers its device from the first binding until it is given back: what a
 *             guest writes there meanwhile means nothing (Linux binds again without a new marker).
 * All is guarded by event_lock.
 */
#ifndef IPC_PIRQ_H
#define IPC_PIRQ_H
#include "domain/domain.h"

/* The port that it was bound to is closed; event_lock is held. */
void pirq_port_closed(uint32_t pirq);
/* Gives back all of d's, whose ports are closed. */
void pirq_teardown(struct domain *d);
/* Lets those through again that raised too many; returns when to call next, ns since boot. */
uint64_t pirq_tick(uint64_t now);
#endif
