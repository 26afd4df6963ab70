/* SPDX-License-Identifier: MIT */
/*
 * Event channels (core/event.c, core/event_ops.c): the rules one by one, then random operations of
 * four domains against a model of the port table.  After each one the whole table, the pending bits
 * and INV-EVENT-1 to 5 are compared, and no wake-up may be lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <xen/errno.h>
#include "core/event_port.h"
#include "cpu/percpu.h"
#include "fake_core.h"

#define D(n) (&fake.domain[n])

static int setup(void **state)
{
	uint16_t id;

	(void)state;
	fake_reset();
	for (id = 0; id < FAKE_DOMAINS; id++) {
		assert_int_equal(event_init(D(id)), 0);
	}
	return 0;
}

static int teardown(void **state)
{
	uint16_t id;

	(void)state;
	for (id = 0; id < FAKE_DOMAINS; id++) {
		event_teardown(D(id));
		assert_int_equal(D(id)->heap_pages, 0);
	}
	assert_int_equal(fake.heap_used, 0);
	assert_int_equal(percpu_area[0].locks_held, 0);
	return 0;
}

/* ---- one function per call ------------------------------------------------------------------- */
static long unbound_in(uint16_t caller, uint16_t target, uint16_t peer)
{
	evtchn_alloc_unbound_t op = {.dom = target, .remote_dom = peer};
	struct hc_call call = fake_call(caller, target, &op, sizeof(op));
	long result = hc_event_unbound(&call);

	memcpy(&op, call.in.bytes, sizeof(op));
	return result ? result : (long)op.port;
}

static long bind_to(uint16_t caller, uint16_t peer, uint32_t port)
{
	evtchn_bind_interdomain_t op = {.remote_dom = peer, .remote_port = port};
	struct hc_call call = fake_call(caller, peer, &op, sizeof(op));
	long result = hc_event_interdomain(&call);

	memcpy(&op, call.in.bytes, sizeof(op));
	return result ? result : (long)op.local_port;
}

static long bind_virq(uint16_t caller, uint32_t virq, uint32_t vcpu)
{
	evtchn_bind_virq_t op = {.virq = virq, .vcpu = vcpu};
	struct hc_call call = fake_call(caller, caller, &op, sizeof(op));
	long result = hc_event_virq(&call);

	memcpy(&op, call.in.bytes, sizeof(op));
	return result ? result : (long)op.port;
}

static long bind_ipi(uint16_t caller, uint32_t vcpu)
{
	evtchn_bind_ipi_t op = {.vcpu = vcpu};
	struct hc_call call = fake_call(caller, caller, &op, sizeof(op));
	long result = hc_event_ipi(&call);

	memcpy(&op, call.in.bytes, sizeof(op));
	return result ? result : (long)op.port;
}

static long bind_vcpu(uint16_t caller, uint32_t port, uint32_t vcpu)
{
	evtchn_bind_vcpu_t op = {.port = port, .vcpu = vcpu};
	struct hc_call call = fake_call(caller, caller, &op, sizeof(op));

	return hc_event_vcpu(&call);
}

/* close, send and unmask have the same argument: one port. */
static long on_port(long (*handler)(struct hc_call *), uint16_t caller, uint32_t port)
{
	struct hc_call call = fake_call(caller, caller, &port, sizeof(port));

	return handler(&call);
}

static evtchn_status_t status_of(uint16_t id, uint32_t port)
{
	evtchn_status_t op = {.dom = id, .port = port};
	struct hc_call call = fake_call(0, id, &op, sizeof(op));

	assert_int_equal(hc_event_status(&call), 0);
	memcpy(&op, call.in.bytes, sizeof(op));
	return op;
}

static struct vcpu_info *info_of(uint16_t id, uint32_t vcpu)
{
	return &D(id)->shared_info->vcpu_info[vcpu];
}

/* ---- rules ------------------------------------------------------------------------------------
 */
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
	D(3)->creator = D(1);
	port = unbound_in(1, 3, 0);
	assert_int_equal(port, 1);
	assert_int_equal(bind_to(0, 3, (uint32_t)port), -XEN_ESRCH);
	assert_false(event_port_pending(D(3), (uint32_t)port));
	event_virq(D(3)->vcpu[0], VIRQ_TIMER);
	D(3)->state = CORBEL_DOM_sealed;
	D(3)->creator = NULL;
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

/* ---- random operations against a model ------------------------------------------------------ */
#define MODEL_PORTS 80

struct model_port {
	uint32_t status, peer, peer_port, virq, virq_vcpu, vcpu;
};
static struct model_port model[FAKE_DOMAINS][MODEL_PORTS];

static uint32_t model_free(uint16_t id)
{
	uint32_t port;

	for (port = 1; model[id][port].status; port++) {
	}
	return port;
}

static bool room(uint16_t id)
{
	uint32_t used = 0, port;

	for (port = 1; port < MODEL_PORTS; port++) {
		used += model[id][port].status != EVTCHNSTAT_closed;
	}
	return used < MODEL_PORTS - 4;
}

static void model_close(uint16_t id, uint32_t port)
{
	struct model_port *p = &model[id][port];

	if (p->status == EVTCHNSTAT_interdomain) {
		struct model_port *other = &model[p->peer][p->peer_port];

		other->status = EVTCHNSTAT_unbound;
		other->peer = id;
	}
	*p = (struct model_port){.status = EVTCHNSTAT_closed};
}

static void step_bind(uint16_t id, uint16_t peer, uint32_t port)
{
	uint32_t expect;

	switch (room(id) ? fake_random() % 5 : 4) {
	case 0:
		expect = model_free(id);
		assert_int_equal(unbound_in(id, id, peer), expect);
		model[id][expect] = (struct model_port){.status = EVTCHNSTAT_unbound, .peer = peer};
		break;
	case 1:
		expect = model_free(id);
		if (model[peer][port].status != EVTCHNSTAT_unbound ||
		    model[peer][port].peer != id) {
			assert_int_equal(bind_to(id, peer, port), -XEN_EINVAL);
			break;
		}
		assert_int_equal(bind_to(id, peer, port), expect);
		model[id][expect] = (struct model_port){
			.status = EVTCHNSTAT_interdomain, .peer = peer, .peer_port = port};
		model[peer][port].status = EVTCHNSTAT_interdomain;
		model[peer][port].peer = id;
		model[peer][port].peer_port = expect;
		break;
	case 2:
		expect = model_free(id);
		if (D(id)->vcpu[port % 2]->virq_port[VIRQ_TIMER]) {
			assert_int_equal(bind_virq(id, VIRQ_TIMER, port % 2), -XEN_EEXIST);
			break;
		}
		assert_int_equal(bind_virq(id, VIRQ_TIMER, port % 2), expect);
		model[id][expect] = (struct model_port){.status = EVTCHNSTAT_virq,
							.virq = VIRQ_TIMER,
							.virq_vcpu = port % 2,
							.vcpu = port % 2};
		break;
	case 3:
		expect = model_free(id);
		assert_int_equal(bind_ipi(id, port % 2), expect);
		model[id][expect] = (struct model_port){.status = EVTCHNSTAT_ipi, .vcpu = port % 2};
		break;
	default:
		if (model[id][port].status == EVTCHNSTAT_unbound ||
		    model[id][port].status == EVTCHNSTAT_interdomain) {
			assert_int_equal(bind_vcpu(id, port, port / 3 % 2), 0);
			model[id][port].vcpu = port / 3 % 2;
		} else {
			assert_int_equal(bind_vcpu(id, port, 0), -XEN_EINVAL);
		}
		break;
	}
}

/* What the guest's handler does on one vCPU: upcall first, then selector, then ports. */
static void guest_handles(uint16_t id, uint32_t vcpu)
{
	struct vcpu_info *info = info_of(id, vcpu);
	uint64_t selector;
	uint32_t word;

	info->evtchn_upcall_pending = 0;
	selector = info->evtchn_pending_sel;
	info->evtchn_pending_sel = 0;
	for (word = 0; word < 64; word++) {
		if (selector >> word & 1) {
			D(id)->shared_info->evtchn_pending[word] &=
				D(id)->shared_info->evtchn_mask[word];
		}
	}
}

static void step_use(uint16_t id, uint32_t port)
{
	struct model_port *p = &model[id][port];
	shared_info_t *s = D(id)->shared_info;
	bool open = p->status != EVTCHNSTAT_closed;

	switch (fake_random() % 8) {
	case 0:
		assert_int_equal(on_port(hc_event_close, id, port), open ? 0 : -XEN_EINVAL);
		if (open) {
			model_close(id, port);
			assert_false(event_port_pending(D(id), port));
		}
		break;
	case 1:
	case 2:
		assert_int_equal(on_port(hc_event_send, id, port),
				 open && p->status != EVTCHNSTAT_virq ? 0 : -XEN_EINVAL);
		if (p->status == EVTCHNSTAT_interdomain) {
			assert_true(event_port_pending(D(p->peer), p->peer_port));
		} else if (p->status == EVTCHNSTAT_ipi) {
			assert_true(event_port_pending(D(id), port));
		}
		break;
	case 3:
		assert_int_equal(on_port(hc_event_unmask, id, port), open ? 0 : -XEN_EINVAL);
		break;
	case 4:
		s->evtchn_mask[port / 64] |= 1ull << (port % 64);
		break;
	case 5:
		event_virq(D(id)->vcpu[port % 2], VIRQ_TIMER);
		break;
	case 6:
		guest_handles(id, port % 2);
		break;
	default:
		if (fake_random() % 64 == 0) { /* the domain ends and another takes its number */
			for (port = 1; port < MODEL_PORTS; port++) {
				model_close(id, port);
			}
			D(id)->state = CORBEL_DOM_dying;
			event_teardown(D(id));
			assert_int_equal(D(id)->heap_pages, 0);
			fake_domain_reset(id);
			assert_int_equal(event_init(D(id)), 0);
		}
		break;
	}
}

static void compare_port(uint16_t id, uint32_t port)
{
	struct model_port *m = &model[id][port];
	struct event_port *p = event_port_at(D(id), port);
	evtchn_status_t s = status_of(id, port);

	assert_int_equal(s.status, m->status);
	assert_int_equal(s.vcpu, m->vcpu);
	if (m->status == EVTCHNSTAT_unbound) {
		assert_int_equal(s.u.unbound.dom, m->peer);
	} else if (m->status == EVTCHNSTAT_interdomain) {
		assert_int_equal(s.u.interdomain.dom, m->peer);
		assert_int_equal(s.u.interdomain.port, m->peer_port);
		assert_ptr_equal(event_port_at(p->peer, p->peer_port)->peer, D(id));
	} else if (m->status == EVTCHNSTAT_virq) {
		assert_int_equal(D(id)->vcpu[m->virq_vcpu]->virq_port[m->virq], port);
	}
}

/* A port that is pending and unmasked is in a selector of a vCPU whose upcall is pending. */
static void nothing_lost(uint16_t id)
{
	shared_info_t *s = D(id)->shared_info;
	uint32_t word;

	for (word = 0; word < EVENT_PORTS / 64; word++) {
		uint64_t ready = s->evtchn_pending[word] & ~s->evtchn_mask[word];
		uint64_t one = 1ull << word;

		if (ready) {
			assert_true((info_of(id, 0)->evtchn_upcall_pending &&
				     info_of(id, 0)->evtchn_pending_sel & one) ||
				    (info_of(id, 1)->evtchn_upcall_pending &&
				     info_of(id, 1)->evtchn_pending_sel & one));
		}
	}
}

static void random_operations(void **state)
{
	uint8_t upcall[FAKE_DOMAINS][2];
	uint32_t kicks[FAKE_DOMAINS][2];
	uint32_t round, port, v;
	uint16_t id;

	(void)state;
	memset(model, 0, sizeof(model));
	fake_seed(20240607);
	for (round = 0; round < 60000; round++) {
		memcpy(kicks, fake.kicks, sizeof(kicks));
		for (id = 0; id < FAKE_DOMAINS; id++) {
			for (v = 0; v < 2; v++) {
				upcall[id][v] = info_of(id, v)->evtchn_upcall_pending;
			}
		}
		id = fake_random() % FAKE_DOMAINS;
		port = fake_random() % MODEL_PORTS;
		if (fake_random() % 3 == 0) {
			step_bind(id, fake_random() % FAKE_DOMAINS, port);
		} else {
			step_use(id, port);
		}
		for (id = 0; id < FAKE_DOMAINS; id++) {
			for (v = 0; v < 2; v++) {
				if (!upcall[id][v] && info_of(id, v)->evtchn_upcall_pending) {
					assert_true(fake.kicks[id][v] > kicks[id][v]);
				}
			}
			nothing_lost(id);
			assert_null(event_port_at(D(id), 0));
			for (port = 0; port < MODEL_PORTS && round % 8 == 0; port++) {
				compare_port(id, port);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pairs, setup, teardown),
		cmocka_unit_test_setup_teardown(with_oneself, setup, teardown),
		cmocka_unit_test_setup_teardown(building, setup, teardown),
		cmocka_unit_test_setup_teardown(virqs, setup, teardown),
		cmocka_unit_test_setup_teardown(masks, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(exhaustion, setup, teardown),
		cmocka_unit_test_setup_teardown(random_operations, setup, teardown),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
