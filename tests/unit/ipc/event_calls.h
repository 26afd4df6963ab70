/* SPDX-License-Identifier: MIT */
/*
 * The event channel calls as functions, for the tests of core/event*.c: each goes through the
 * handler with a copied argument, as a guest's call does, and returns the error or the port.
 */
#ifndef IPC_EVENT_CALLS_H
#define IPC_EVENT_CALLS_H
#include "ipc/event_port.h"
#include "sim/fake_core.h"

#define D(n) (&fake.domain[n])

/* Before and after each test: port tables for all domains; all memory given back, no lock held. */
int event_test_setup(void **state);
int event_test_teardown(void **state);

long unbound_in(uint16_t caller, uint16_t target, uint16_t peer);
long bind_to(uint16_t caller, uint16_t peer, uint32_t port);
long bind_virq(uint16_t caller, uint32_t virq, uint32_t vcpu);
long bind_ipi(uint16_t caller, uint32_t vcpu);
long bind_vcpu(uint16_t caller, uint32_t port, uint32_t vcpu);
/* close, send and unmask have the same argument: one port. */
long on_port(long (*handler)(struct hc_call *), uint16_t caller, uint32_t port);
evtchn_status_t status_of(uint16_t id, uint32_t port); /* as Dom0 asks; must succeed */
struct vcpu_info *info_of(uint16_t id, uint32_t vcpu);
#endif
