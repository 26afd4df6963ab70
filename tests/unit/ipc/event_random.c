/* SPDX-License-Identifier: MIT */
/*
 * Event channels (ipc/event.c, ipc/event_ops.c): random operations of four domains against a
 * model of the port table.  After each one the whole table, the pending bits and INV-EVENT-1 to 5
 * are compared, and no wake-up may be lost.  Host test code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <xen/errno.h>
#include "ipc/event_calls.h"

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
			assert_int_equal(D(id)->charge.heap_pages, 0);
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
		cmocka_unit_test_setup_teardown(random_operations, event_test_setup,
						event_test_teardown),
	};

	return cmocka_run_group_tests_name("event_random", tests, NULL, NULL);
}
