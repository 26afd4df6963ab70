/* SPDX-License-Identifier: MIT */
/*
 * Every call that the builder makes, typed.  The machine below (start.S, machine.c) is four
 * functions, which the tests replace by a simulated hypervisor.
 */
#ifndef BUILDER_HYPERCALL_H
#define BUILDER_HYPERCALL_H
#include "base/must_check.h"
#include <stddef.h>
#include <stdint.h>

#include "abi/corbel.h"

/* ---- the machine ---- */
MUST_CHECK long hypercall(unsigned number, uint64_t a, uint64_t b, uint64_t c);
void *guest_pointer(uint64_t gpa); /* identity-mapped */
uint64_t cycles(void);             /* time-stamp counter */
__attribute__((noreturn)) void crash(void);

/* ---- own domain ---- */
void console_write(const char *text, size_t len);
MUST_CHECK int shared_info_map(void);
/* Waits until the port is signalled or the time is over; consumes the signal. */
void event_wait(uint32_t port, uint32_t milliseconds);
void event_send(uint32_t port);
MUST_CHECK int event_bind(uint16_t peer, uint32_t peer_port, uint32_t *port);
/* Maps `count` (<= 64) pages that peer granted to consecutive pages from gpa. */
MUST_CHECK int grant_map(uint16_t peer, const uint32_t *refs, unsigned count, uint64_t gpa,
			 int writable);

/* 0 stays 0; what the hypervisor refused becomes the recorded reason: "WHAT: why (error N)". */
MUST_CHECK int call_result(const char *what, long rc);

/* ---- the domain being built: 0 or more on success, negative Xen errno ---- */
MUST_CHECK long corbel_call(enum corbel_op op, void *argument);
MUST_CHECK long memory_populate(uint16_t domid, const uint64_t *gfns, unsigned count,
				unsigned order);
MUST_CHECK long foreign_map(uint16_t domid, uint64_t first_gfn, unsigned count,
			    uint64_t window_gpa);
MUST_CHECK long foreign_unmap(uint64_t window_gpa);
MUST_CHECK long param_set(uint16_t domid, uint32_t index, uint64_t value);
MUST_CHECK long event_alloc(uint16_t domid, uint16_t peer, uint32_t *port);
#endif
