/* SPDX-License-Identifier: MIT */
/*
 * The event channel calls as functions, and what stands before and after each test of
 * core/event*.c.  Host test code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "cpu/percpu.h"
#include "ipc/event_calls.h"

int event_test_setup(void **state)
{
	uint16_t id;

	(void)state;
	fake_reset();
	for (id = 0; id < FAKE_DOMAINS; id++) {
		assert_int_equal(event_init(D(id)), 0);
	}
	return 0;
}

int event_test_teardown(void **state)
{
	uint16_t id;

	(void)state;
	for (id = 0; id < FAKE_DOMAINS; id++) {
		event_teardown(D(id));
		assert_int_equal(D(id)->charge.heap_pages, 0);
	}
	assert_int_equal(fake.heap_used, 0);
	assert_int_equal(percpu_area[0].locks_held, 0);
	return 0;
}

long unbound_in(uint16_t caller, uint16_t target, uint16_t peer)
{
	evtchn_alloc_unbound_t op = {.dom = target, .remote_dom = peer};
	struct hc_call call = fake_call(caller, target, &op, sizeof(op));
	long result = hc_event_unbound(&call);

	memcpy(&op, call.in.bytes, sizeof(op));
	return result ? result : (long)op.port;
}

long bind_to(uint16_t caller, uint16_t peer, uint32_t port)
{
	evtchn_bind_interdomain_t op = {.remote_dom = peer, .remote_port = port};
	struct hc_call call = fake_call(caller, peer, &op, sizeof(op));
	long result = hc_event_interdomain(&call);

	memcpy(&op, call.in.bytes, sizeof(op));
	return result ? result : (long)op.local_port;
}

long bind_virq(uint16_t caller, uint32_t virq, uint32_t vcpu)
{
	evtchn_bind_virq_t op = {.virq = virq, .vcpu = vcpu};
	struct hc_call call = fake_call(caller, caller, &op, sizeof(op));
	long result = hc_event_virq(&call);

	memcpy(&op, call.in.bytes, sizeof(op));
	return result ? result : (long)op.port;
}

long bind_ipi(uint16_t caller, uint32_t vcpu)
{
	evtchn_bind_ipi_t op = {.vcpu = vcpu};
	struct hc_call call = fake_call(caller, caller, &op, sizeof(op));
	long result = hc_event_ipi(&call);

	memcpy(&op, call.in.bytes, sizeof(op));
	return result ? result : (long)op.port;
}

long bind_vcpu(uint16_t caller, uint32_t port, uint32_t vcpu)
{
	evtchn_bind_vcpu_t op = {.port = port, .vcpu = vcpu};
	struct hc_call call = fake_call(caller, caller, &op, sizeof(op));

	return hc_event_vcpu(&call);
}

long on_port(long (*handler)(struct hc_call *), uint16_t caller, uint32_t port)
{
	struct hc_call call = fake_call(caller, caller, &port, sizeof(port));

	return handler(&call);
}

evtchn_status_t status_of(uint16_t id, uint32_t port)
{
	evtchn_status_t op = {.dom = id, .port = port};
	struct hc_call call = fake_call(0, id, &op, sizeof(op));

	assert_int_equal(hc_event_status(&call), 0);
	memcpy(&op, call.in.bytes, sizeof(op));
	return op;
}

struct vcpu_info *info_of(uint16_t id, uint32_t vcpu)
{
	return &D(id)->shared_info->vcpu_info[vcpu];
}
