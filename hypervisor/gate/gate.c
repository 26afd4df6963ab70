/* SPDX-License-Identifier: MIT */
/*
 * Who may (gate/gate.h).  Owns no state but through gate/policy.h: the policy in force and its
 * counters.  Takes no lock: a policy changes between two calls only (INV-POLICY-3).
 */
#include "gate/gate.h"
#include "base/host.h"
#include "diag/trace.h"
#include "gate/policy.h"
#include <xen/errno.h>

/* Out of the way of calls that are allowed: not inlined, so that those save no registers for it. */
#define COLD __attribute__((noinline, cold))

/* What a decision was about. */
struct question {
	const struct domain *subject;
	uint16_t object; /* domid, DOMID_XEN or DOMID_INVALID */
	struct xsm_label label;
	size_t right;
};

#define NO_RELATION 0xFF

static COLD void put_on_record(const struct hc_call *call, const struct question *q, bool allowed)
{
	const struct hc_row *row = call->row;
	const struct xsm_label subject = q->subject->label;
	struct corbel_trace record = {
		.kind = CORBEL_TRACE_denied,
		.subject = q->subject->id,
		.object = q->object,
		.vcpu = (uint16_t)call->vcpu->virt.id,
		.result = -XEN_EPERM,
		.cls = (uint8_t)(q->right / XSM_PERMS),
		.perm = (uint8_t)(q->right % XSM_PERMS),
		.relation = NO_RELATION,
		.subject_context = subject.ctx,
		.object_context = q->label.ctx,
		.arg = call->detail,
	};
	uint16_t sub = row->sub;

	if (row->kind == KIND_deny_rest) {
		/* The row stands for many; a number that does not fit is none of them. */
		sub = (uint16_t)MIN(call->sub, UINT16_MAX);
	}
	record.call = (uint32_t)row->number << 16 | sub;
	if (q->label.ctx != CORBEL_NO_CONTEXT) {
		record.relation = (uint8_t)xsm_relation(subject.tenant, q->label.tenant);
	}
	if (allowed) {
		record.kind = CORBEL_TRACE_audited;
		record.result = 0;
	}
	trace_add(record);
}

/* Counts a decision, puts it on record if it must be, and gives the answer as a result. */
static COLD int record_decision(const struct hc_call *call, const struct question *q, bool allowed)
{
	struct corbel_policy_counter *count = policy_count(q->subject->label, q->right);

	if (!allowed) {
		count->denied++;
		host.audit_denied++;
		put_on_record(call, q, false);
		return -XEN_EPERM;
	}
	count->allowed++;
	if (xsm_audited(&host_policy, q->subject->label, q->label, q->right)) {
		put_on_record(call, q, true);
	}
	return 0;
}

/* What the caller's rights are asked on. */
static struct xsm_label object_label(const struct hc_call *call, const struct domain *object)
{
	if (!object) {
		return xsm_sid_label(&host_policy, XSM_SID_hypervisor);
	}
	if (object == call->caller) {
		return object->self_label;
	}
	return object->label;
}

static COLD int record_on_object(const struct hc_call *call, const struct domain *object,
				 size_t right, bool allowed)
{
	struct question q = {
		.subject = call->caller,
		.object = DOMID_XEN,
		.label = object_label(call, object),
		.right = right,
	};

	if (object) {
		q.object = object->id;
	}
	return record_decision(call, &q, allowed);
}

/*
 * The policy's word on caller -> object, plus what no policy can give: a building domain answers to
 * its builder alone (INV-DOM-1).
 */
static inline bool may(const struct hc_call *call, const struct domain *object, size_t right)
{
	const struct domain *caller = call->caller;

	if (object && object->state == CORBEL_DOM_building && object->build.creator != caller) {
		return false;
	}
	return xsm_allowed(&host_policy, caller->label, object_label(call, object), right);
}

bool gate_permits(const struct hc_call *call, const struct domain *object, size_t right)
{
	return may(call, object, right);
}

int gate_authorize(const struct hc_call *call, const struct domain *object, size_t right)
{
	if (!may(call, object, right)) {
		return record_on_object(call, object, right, false);
	}
	if (__builtin_expect(host.policy_audits, 0)) {
		return record_on_object(call, object, right, true);
	}
	policy_counters[call->caller->label.ctx][right].allowed++;
	return 0;
}

static int authorize(const struct hc_call *call, const struct question *q)
{
	bool allowed = xsm_allowed(&host_policy, q->subject->label, q->label, q->right);

	return record_decision(call, q, allowed);
}

int gate_authorize_label(const struct hc_call *call, const struct domain *subject,
			 struct xsm_label label, size_t right)
{
	const struct question q = {
		.subject = subject,
		.object = DOMID_INVALID,
		.label = label,
		.right = right,
	};

	return authorize(call, &q);
}

int gate_authorize_for(const struct hc_call *call, const struct domain *subject,
		       const struct domain *object, size_t right)
{
	const struct question q = {
		.subject = subject,
		.object = object->id,
		.label = object->label,
		.right = right,
	};

	return authorize(call, &q);
}

int gate_check_target(const struct hc_call *call, const struct domain *target, uint32_t states,
		      size_t right)
{
	if (!(states & (1u << target->state))) {
		return gate_deny(call, target, right);
	}
	return gate_authorize(call, target, right);
}

int gate_find_target(const struct hc_call *call, uint16_t domid, uint32_t states, size_t right,
		     struct domain **out)
{
	struct domain *d;
	int rc;

	if (domid == DOMID_SELF || domid == call->caller->id) {
		d = call->caller;
		domain_get(d);
	} else {
		d = domain_find(domid);
	}
	if (!d) {
		return -XEN_ESRCH;
	}
	rc = gate_check_target(call, d, states, right);
	if (rc) {
		domain_put(d);
		return rc;
	}
	*out = d;
	return 0;
}

COLD int gate_deny(const struct hc_call *call, const struct domain *object, size_t right)
{
	return record_on_object(call, object, right, false);
}

COLD void gate_overrule(const struct hc_call *call, const struct domain *object, size_t right)
{
	policy_count(call->caller->label, right)->allowed--;
	IGNORED(record_on_object(call, object, right, false)); /* always -EPERM; a status says it */
}

COLD int gate_deny_number(const struct hc_call *call, uint16_t domid, size_t right)
{
	const struct question q = {
		.subject = call->caller,
		.object = domid,
		.label = {.ctx = CORBEL_NO_CONTEXT},
		.right = right,
	};

	return record_decision(call, &q, false);
}
