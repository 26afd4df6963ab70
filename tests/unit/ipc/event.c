/* SPDX-License-Identifier: MIT */
/*
 * Event channels (ipc/event.c, ipc/event_ops.c): the rules one by one.  Random operations against
 * a model are in event_random.c.  Host test code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <xen/errno.h>
#include "ipc/event_calls.h"

static void pairs(void **state)
{
	long a, b;

	(void)state;
	a = unbound_in(0, 0, 1);
	assert_int_equal(a, 1);                                    /* INV-EVENT-5: never 0 */
	assert_int_equal(bind_to(2, 0, (uint32_t)a), -XEN_EINVAL); /* reserved for 1 */
	assert_int_equal(bind_to(1, 0, (uint32_t)a + 1), -XEN_EINVAL);
	assert_int_equal(bind_to(1, 0, 0), -XEN_EINVAL);
	assert_int_equal(bind_to(1, 0, 0xFFFFFFFF), -XEN_EINVAL);
	b = bind_to(1, 0, (uint32_t)a);
	assert_int_equal(b, 1);
	assert_true(event_port_pending(D(1), (uint32_t)b)); /* the binder looks at once */
	assert_false(event_port_pending(D(0), (uint32_t)a));
	assert_int_equal(bind_to(1, 0, (uint32_t)a), -XEN_EINVAL); /* taken */

	assert_int_equal(on_port(hc_event_send, 1, (uint32_t)b), 0);
	assert_int_equal(fake.asked_class, XSM_CLASS_event);
	assert_int_equal(fake.asked_perm, XSM_PERM_event_send);
	assert_true(event_port_pending(D(0), (uint32_t)a));
	assert_int_equal(info_of(0, 0)->evtchn_upcall_pending, 1);
	assert_int_equal(info_of(0, 0)->evtchn_pending_sel, 1);
	assert_int_equal(fake.kicks[0][0], 1);
	assert_int_equal(fake.last_poll, a);

	/* a peer that closes leaves a port that only the same peer can bind again */
	D(0)->shared_info->evtchn_pending[0] = 0;
	assert_int_equal(on_port(hc_event_close, 1, (uint32_t)b), 0);
	assert_int_equal(status_of(0, (uint32_t)a).status, EVTCHNSTAT_unbound);
	assert_int_equal(status_of(0, (uint32_t)a).u.unbound.dom, 1);
	assert_true(event_port_pending(D(0), (uint32_t)a));
	assert_int_equal(bind_to(2, 0, (uint32_t)a), -XEN_EINVAL);
	assert_int_equal(bind_to(1, 0, (uint32_t)a), 1);
	assert_int_equal(on_port(hc_event_close, 1, 77), -XEN_EINVAL);
	assert_int_equal(on_port(hc_event_close, 1, 0), -XEN_EINVAL);
	assert_int_equal(on_port(hc_event_close, 1, EVENT_PORTS), -XEN_EINVAL);
}

static void with_oneself(void **state)
{
	long a, b;

	(void)state;
	a = unbound_in(0, 0, DOMID_SELF);
	b = bind_to(0, 0, (uint32_t)a);
	assert_int_equal(b, 2);
	assert_int_equal(on_port(hc_event_send, 0, (uint32_t)b), 0);
	assert_true(event_port_pending(D(0), (uint32_t)a));
	assert_int_equal(on_port(hc_event_close, 0, (uint32_t)a), 0);
	assert_int_equal(status_of(0, (uint32_t)b).status, EVTCHNSTAT_unbound);
	assert_int_equal(status_of(0, (uint32_t)b).u.unbound.dom, 0);
}

static void building(void **state)
{
	long port;

	(void)state;
	D(3)->state = CORBEL_DOM_building;
	assert_int_equal(unbound_in(1, 3, 0), -XEN_EPERM); /* not the creator */
	D(3)->build.creator = D(1);
	port = unbound_in(1, 3, 0);
	assert_int_equal(port, 1);
	assert_int_equal(bind_to(0, 3, (uint32_t)port), -XEN_ESRCH);
	assert_false(event_port_pending(D(3), (uint32_t)port));
	event_virq(D(3)->vcpu[0], VIRQ_TIMER);
	D(3)->state = CORBEL_DOM_sealed;
	D(3)->build.creator = NULL;
	assert_int_equal(unbound_in(1, 3, 0), -XEN_EPERM);
	assert_int_equal(bind_to(0, 3, (uint32_t)port), 1);
	assert_int_equal(unbound_in(1, 1, DOMID_IO), -XEN_EINVAL);
}

static void virqs(void **state)
{
	long timer, global;

	(void)state;
	assert_int_equal(bind_virq(1, VIRQ_DOM_EXC, 0), -XEN_EPERM);
	assert_int_equal(bind_virq(1, VIRQ_CONSOLE, 0), -XEN_EPERM);
	assert_int_equal(bind_virq(0, VIRQ_DOM_EXC, 1), -XEN_EINVAL);
	assert_int_equal(bind_virq(0, 9, 0), -XEN_EINVAL);
	assert_int_equal(bind_virq(0, 0xFFFFFFFF, 0), -XEN_EINVAL);
	assert_int_equal(bind_virq(0, VIRQ_TIMER, 2), -XEN_ENOENT);
	assert_int_equal(bind_virq(0, VIRQ_TIMER, 0xFFFFFFFF), -XEN_ENOENT);
	timer = bind_virq(1, VIRQ_TIMER, 1);
	assert_true(timer > 0);
	assert_int_equal(bind_virq(1, VIRQ_TIMER, 1), -XEN_EEXIST);
	event_virq(D(1)->vcpu[0], VIRQ_TIMER); /* not bound there */
	assert_false(event_port_pending(D(1), (uint32_t)timer));
	event_virq(D(1)->vcpu[1], VIRQ_TIMER);
	assert_true(event_port_pending(D(1), (uint32_t)timer));
	assert_int_equal(fake.kicks[1][0], 0);
	assert_int_equal(fake.kicks[1][1], 1);
	assert_int_equal(on_port(hc_event_send, 1, (uint32_t)timer), -XEN_EINVAL);
	assert_int_equal(bind_vcpu(1, (uint32_t)timer, 0), -XEN_EINVAL);

	event_global_virq(VIRQ_DOM_EXC); /* nobody listens yet */
	global = bind_virq(0, VIRQ_DOM_EXC, 0);
	assert_int_equal(bind_vcpu(0, (uint32_t)global, 1), 0);
	event_global_virq(VIRQ_DOM_EXC);
	assert_true(event_port_pending(D(0), (uint32_t)global));
	assert_int_equal(fake.kicks[0][1], 1);
	event_teardown(D(0));
	event_global_virq(VIRQ_DOM_EXC); /* the listener is gone */
	assert_int_equal(event_init(D(0)), 0);
	D(0)->vcpu[0]->virq_port[VIRQ_DOM_EXC] = 999; /* its memory is another's by now */
	event_global_virq(VIRQ_DOM_EXC);
	assert_false(event_port_pending(D(0), 999));
}

static void masks(void **state)
{
	long ipi;

	(void)state;
	ipi = bind_ipi(2, 1);
	D(2)->shared_info->evtchn_mask[0] = ~0ul;
	assert_int_equal(on_port(hc_event_send, 2, (uint32_t)ipi), 0);
	assert_true(event_port_pending(D(2), (uint32_t)ipi));
	assert_int_equal(info_of(2, 1)->evtchn_upcall_pending, 0);
	assert_int_equal(fake.polls[2], 1); /* a poller is woken through the mask */
	assert_int_equal(on_port(hc_event_unmask, 2, (uint32_t)ipi), 0);
	assert_int_equal(info_of(2, 1)->evtchn_upcall_pending, 1);
	assert_int_equal(fake.kicks[2][1], 1);
	assert_int_equal(on_port(hc_event_send, 2, (uint32_t)ipi), 0); /* pending already */
	assert_int_equal(fake.kicks[2][1], 1);
	assert_int_equal(on_port(hc_event_unmask, 2, 5), -XEN_EINVAL);
	assert_int_equal(on_port(hc_event_unmask, 2, 0xFFFFFFFF), -XEN_EINVAL);
	assert_int_equal(bind_ipi(2, 2), -XEN_ENOENT);

	memset(info_of(2, 1), 0, sizeof(struct vcpu_info));
	event_vcpu_info_moved(D(2)->vcpu[1]);
	assert_true(event_pending(D(2)->vcpu[1]));
	assert_int_equal(info_of(2, 1)->evtchn_pending_sel, ~0ul);
	assert_int_equal(fake.kicks[2][1], 2);
}

static void refused(void **state)
{
	long a, b;

	(void)state;
	a = unbound_in(0, 0, 1);
	b = bind_to(1, 0, (uint32_t)a);
	fake.refuse = true;
	assert_int_equal(on_port(hc_event_send, 1, (uint32_t)b), -XEN_EPERM);
	assert_false(event_port_pending(D(0), (uint32_t)a));
	fake.refuse = false;
	D(0)->state = CORBEL_DOM_dying; /* INV-EVENT-4 */
	assert_int_equal(on_port(hc_event_send, 1, (uint32_t)b), 0);
	assert_false(event_port_pending(D(0), (uint32_t)a));
	assert_int_equal(on_port(hc_event_send, 0, (uint32_t)a), -XEN_EINVAL);
	event_teardown(D(0));
	assert_int_equal(status_of(1, (uint32_t)b).status, EVTCHNSTAT_unbound);
	assert_int_equal(bind_to(1, 0, (uint32_t)a), -XEN_ESRCH);
}

static void exhaustion(void **state)
{
	uint32_t i;

	(void)state;
	fake.heap_left = 0;
	assert_int_equal(unbound_in(2, 2, 0), -XEN_ENOMEM);
	fake.heap_left = 100;
	for (i = 1; i < EVENT_PORTS; i++) {
		assert_int_equal(unbound_in(2, 2, 0), i);
	}
	assert_int_equal(unbound_in(2, 2, 0), -XEN_ENOSPC);
	assert_int_equal(bind_ipi(2, 0), -XEN_ENOSPC);
	assert_int_equal(on_port(hc_event_close, 2, 500), 0);
	assert_int_equal(bind_virq(2, VIRQ_DEBUG, 0), 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pairs, event_test_setup, event_test_teardown),
		cmocka_unit_test_setup_teardown(with_oneself, event_test_setup,
						event_test_teardown),
		cmocka_unit_test_setup_teardown(building, event_test_setup, event_test_teardown),
		cmocka_unit_test_setup_teardown(virqs, event_test_setup, event_test_teardown),
		cmocka_unit_test_setup_teardown(masks, event_test_setup, event_test_teardown),
		cmocka_unit_test_setup_teardown(refused, event_test_setup, event_test_teardown),
		cmocka_unit_test_setup_teardown(exhaustion, event_test_setup, event_test_teardown),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
