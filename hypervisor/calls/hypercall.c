/* SPDX-License-Identifier: MIT */
/*
 * The one gate (abi/hypercalls.def, gate/hypercall.h).  Order, for every call: row found by number
 * and sub-op -> argument pinned and copied once -> target resolved and referenced -> its life-cycle
 * state -> who built it (INV-DOM-1) -> policy -> handler -> result.  Check before effect; a refusal
 * leaves nothing behind but its audit record.
 */
#include "gate/hypercall.h"
#include "base/host.h"
#include "launch/policy.h"
#include "diag/trace.h"
#include "domain/gcopy.h"
#include "virt/virt.h"
#include <xen/errno.h>

#define HC_NUMBERS 64
#define HC_SUBS    64
#define NO_ROW     0xFF

enum { KIND_call, KIND_deny, KIND_deny_rest };
enum { DIR_NOARG, DIR_IN, DIR_INOUT, DIR_LIST };
enum { RULE_NONE, RULE_SELF, RULE_FIELD, RULE_ELEM };

struct hc_row {
	uint8_t number, sub, kind, dir, rule, states;
	uint16_t right, size, field;
	long (*handle)(struct hc_call *call);
};

#define OFFSET_FIELD(type, field) offsetof(type, field)
#define OFFSET_SELF(type, field)  0
#define OFFSET_NONE(type, field)  0
#define OFFSET_ELEM(type, field)  0

static const struct hc_row rows[] = {
#define HC(nr, sub_, name, type, dir_, rule_, field_, cls_, perm_, states_)                        \
	{.number = (nr),                                                                           \
	 .sub = (sub_),                                                                            \
	 .kind = KIND_call,                                                                        \
	 .dir = DIR_##dir_,                                                                        \
	 .rule = RULE_##rule_,                                                                     \
	 .right = XSM_RIGHT(cls_, perm_),                                                          \
	 .states = (states_),                                                                      \
	 .size = sizeof(type),                                                                     \
	 .field = OFFSET_##rule_(type, field_),                                                    \
	 .handle = hc_##name},
#define DENY(nr, sub_, name, cls_, perm_)                                                          \
	{.number = (nr), .sub = (sub_), .kind = KIND_deny, .right = XSM_RIGHT(cls_, perm_)},
#define DENY_REST(nr, name, cls_, perm_)                                                           \
	{.number = (nr), .kind = KIND_deny_rest, .right = XSM_RIGHT(cls_, perm_)},
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST
};
_Static_assert(ARRAY_SIZE(rows) < NO_ROW, "row numbers fit a byte");

/* Arguments wider than HC_ARG_MAX do not compile. */
#define HC(nr, sub, name, type, ...)                                                               \
	_Static_assert(sizeof(type) <= HC_ARG_MAX, "argument of " #name);
#define DENY(...)
#define DENY_REST(...)
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST

static uint8_t row_of[HC_NUMBERS][HC_SUBS];
static uint8_t rest_of[HC_NUMBERS];

void hypercall_init(void)
{
	memset(row_of, NO_ROW, sizeof(row_of));
	memset(rest_of, NO_ROW, sizeof(rest_of));
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct hc_row *r = &rows[i];
		uint8_t *slot = r->kind == KIND_deny_rest ? &rest_of[r->number]
							  : &row_of[r->number][r->sub];

		CHECK(r->number < HC_NUMBERS && r->sub < HC_SUBS && *slot == NO_ROW);
		*slot = (uint8_t)i;
	}
}

static const struct hc_row *find_row(uint64_t number, uint64_t sub)
{
	uint8_t index = NO_ROW;

	if (number >= HC_NUMBERS) {
		return NULL;
	}
	if (sub < HC_SUBS) {
		index = row_of[index_in(number, HC_NUMBERS)][index_in(sub, HC_SUBS)];
	}
	if (index == NO_ROW) {
		index = rest_of[index_in(number, HC_NUMBERS)];
	}
	return index == NO_ROW ? NULL : &rows[index];
}

/* Out of the way of calls that are allowed: not inlined, so that those save no registers for it. */
#define COLD __attribute__((noinline, cold))

/* Counts what was decided, puts it on record if it must be, and answers. */
static COLD int decide(const struct hc_call *call, const struct domain *subject, uint16_t object,
		       struct xsm_label label, size_t right, bool allowed)
{
	struct corbel_policy_counter *count = policy_count(subject->label, right);
	int result = allowed ? 0 : -XEN_EPERM;

	host.audit_denied += !allowed;
	count->denied += !allowed;
	count->allowed += allowed;
	if (allowed && !xsm_audited(&host_policy, subject->label, label, right)) {
		return result;
	}
	trace_add((struct corbel_trace){
		.kind = allowed ? CORBEL_TRACE_audited : CORBEL_TRACE_denied,
		.subject = subject->id,
		.object = object,
		.vcpu = (uint16_t)call->vcpu->id,
		.call = (uint32_t)call->row->number << 16 |
			(call->row->kind == KIND_deny_rest ? call->sub : call->row->sub),
		.result = result,
		.cls = (uint8_t)(right / 32),
		.perm = (uint8_t)(right % 32),
		.relation = label.ctx == CORBEL_NO_CONTEXT
				    ? 0xFF
				    : (uint8_t)xsm_relation(subject->label.tenant, label.tenant),
		.subject_context = subject->label.ctx,
		.object_context = label.ctx,
		.arg = call->detail,
	});
	return result;
}

/* What the caller's rights are asked on. */
static struct xsm_label object_label(const struct hc_call *call, const struct domain *object)
{
	return !object                  ? xsm_sid_label(&host_policy, XSM_SID_hypervisor)
	       : object == call->caller ? object->self_label
					: object->label;
}

static COLD int decide_on(const struct hc_call *call, const struct domain *object, size_t right,
			  bool allowed)
{
	return decide(call, call->caller, object ? object->id : DOMID_XEN,
		      object_label(call, object), right, allowed);
}

COLD int hc_deny(const struct hc_call *call, const struct domain *object, size_t right)
{
	return decide_on(call, object, right, false);
}

/*
 * The policy's word on caller -> object (0: the hypervisor itself), plus what no policy can give: a
 * building domain answers to its builder alone.
 */
static inline bool permits(const struct hc_call *call, const struct domain *object, size_t right)
{
	const struct domain *caller = call->caller;
	struct xsm_label label = object_label(call, object);

	return !(object && object->state == CORBEL_DOM_building && object->creator != caller) &&
	       xsm_allowed(&host_policy, caller->label, label, right);
}

bool hc_permits(const struct hc_call *call, const struct domain *object, size_t right)
{
	return permits(call, object, right);
}

int hc_authorize(const struct hc_call *call, const struct domain *object, size_t right)
{
	if (!permits(call, object, right)) {
		return hc_deny(call, object, right);
	}
	if (__builtin_expect(host.policy_audits, 0)) {
		return decide_on(call, object, right, true);
	}
	policy_counters[call->caller->label.ctx][right].allowed++;
	return 0;
}

int hc_authorize_label(const struct hc_call *call, const struct domain *subject,
		       struct xsm_label label, size_t right)
{
	return decide(call, subject, DOMID_INVALID, label, right,
		      xsm_allowed(&host_policy, subject->label, label, right));
}

/* State, builder and policy for one object; every refusal is on record. */
static __attribute__((nonnull)) int check_target(struct hc_call *call, struct domain *d,
						 uint32_t states, size_t right)
{
	return !(states & (1u << d->state)) ? hc_deny(call, d, right)
					    : hc_authorize(call, d, right);
}

int hc_target(struct hc_call *call, uint16_t domid, uint32_t states, size_t right,
	      struct domain **out)
{
	bool self = domid == DOMID_SELF || domid == call->caller->id;
	struct domain *d = self ? call->caller : domain_find(domid);
	int rc;

	if (!d) {
		return -XEN_ESRCH;
	}
	if (self) {
		domain_get(d);
	}
	rc = check_target(call, d, states, right);
	if (rc) {
		domain_put(d);
		return rc;
	}
	*out = d;
	return 0;
}

static int authorize_row(struct hc_call *call)
{
	const struct hc_row *row = call->row;
	uint16_t domid;

	switch (row->rule) {
	case RULE_NONE:
		return hc_authorize(call, NULL, row->right);
	case RULE_SELF:
		/* No reference: the running vCPU keeps its domain, which is reaped from the
		 * scheduler. */
		call->target = call->caller;
		return check_target(call, call->caller, row->states, row->right);
	case RULE_FIELD:
		memcpy(&domid, call->in.bytes + row->field, sizeof(domid));
		return hc_target(call, domid, row->states, row->right, &call->target);
	default:
		return 0; /* RULE_ELEM: the handler asks for each element */
	}
}

/* Where the argument lies, by number; which calls carry their sub-op inside it. */
static bool sub_in_argument(uint64_t number)
{
	return number == __HYPERVISOR_sysctl || number == __HYPERVISOR_domctl ||
	       number == __HYPERVISOR_platform_op;
}

static uint64_t argument_pointer(const struct hc_call *call, uint64_t number)
{
	switch (number) {
	case __HYPERVISOR_vcpu_op:
		return call->arg[2];
	case __HYPERVISOR_sysctl:
	case __HYPERVISOR_domctl:
		return call->arg[0];
	default:
		return call->arg[1];
	}
}

/* domctl, sysctl: the whole structure is copied once and its first word selects the row. */
static __attribute__((noinline)) long call_with_inner_sub(struct hc_call *call, uint64_t number,
							  struct gbuf *pin)
{
	uint32_t size = number == __HYPERVISOR_domctl   ? sizeof(hc_domctl_t)
			: number == __HYPERVISOR_sysctl ? sizeof(hc_sysctl_t)
							: sizeof(uint32_t);
	uint32_t sub;
	int rc = gbuf_pin(call->vcpu, call->arg[0], size, size > sizeof(sub), pin);

	call->row = NULL;
	if (rc) {
		return rc;
	}
	gbuf_read(pin, 0, call->in.bytes, size);
	memcpy(&sub, call->in.bytes, sizeof(sub));
	call->sub = (uint16_t)sub;
	call->row = find_row(number, sub);
	return 0;
}

static long fetch_argument(struct hc_call *call, uint64_t number, struct gbuf *pin)
{
	const struct hc_row *row;
	int rc;

	if (sub_in_argument(number)) {
		return call_with_inner_sub(call, number, pin);
	}
	/* memory_op keeps a continuation index above bit 5; set_timer_op has no sub-op. */
	row = find_row(number, number == __HYPERVISOR_memory_op      ? call->arg[0] & 63
			       : number == __HYPERVISOR_set_timer_op ? 0
								     : call->arg[0]);
	call->sub = (uint16_t)call->arg[0];
	call->row = row;
	if (!row || row->kind != KIND_call || (row->dir != DIR_IN && row->dir != DIR_INOUT)) {
		return 0;
	}
	if (row->dir == DIR_IN) {
		return copy_from_guest(call->vcpu, call->in.bytes, argument_pointer(call, number),
				       row->size);
	}
	rc = gbuf_pin(call->vcpu, argument_pointer(call, number), row->size, true, pin);
	if (rc == 0) {
		gbuf_read(pin, 0, call->in.bytes, row->size);
	}
	return rc;
}

/* A call that Corbel never grants: on record with the domain that it was aimed at. */
static COLD long refuse(struct hc_call *call, uint64_t number)
{
	const struct hc_row *row = call->row;
	struct xsm_label unknown = {.ctx = CORBEL_NO_CONTEXT};
	uint16_t object = DOMID_XEN;

	if (number == __HYPERVISOR_domctl) {
		memcpy(&object, call->in.bytes + offsetof(hc_domctl_t, domain), sizeof(object));
	}
	return decide(call, call->caller, object, unknown, row->right, false);
}

static long perform(struct hc_call *call, uint64_t number)
{
	struct gbuf pin;
	const struct hc_row *row;
	long result;

	pin.pages = 0;
	result = fetch_argument(call, number, &pin);

	row = call->row;
	if (result == 0 && !row) {
		result = -XEN_ENOSYS;
	} else if (result == 0 && row->kind != KIND_call) {
		result = refuse(call, number);
	}
	if (result == 0) {
		result = authorize_row(call);
	}
	if (result == 0) {
		result = row->handle(call);
		if (row->dir == DIR_INOUT && result >= 0) {
			gbuf_write(&pin, 0, call->in.bytes, row->size);
		}
	}
	if (pin.pages) {
		gbuf_unpin(&pin);
	}
	if (row && row->rule == RULE_FIELD && call->target) {
		domain_put(call->target);
	}
	return result;
}

static COLD void trace_call(const struct hc_call *call, uint64_t number, long result)
{
	trace_add((struct corbel_trace){.kind = CORBEL_TRACE_hypercall,
					.subject = call->caller->id,
					.object = call->caller->id,
					.call = (uint32_t)number << 16 | (call->arg[0] & 0xFFFF),
					.result = (int32_t)result,
					.arg = call->arg[1]});
}

enum virt_action hypercall_dispatch(struct vcpu *v)
{
	struct hc_call call; /* not cleared as a whole: the argument is 512 bytes */
	uint64_t number = virt_rax(v) & 0xFFFFFFFF;
	uint16_t state;
	long result;

	if (v->domain->state == CORBEL_DOM_building) {
		domain_crash(v->domain, "hypercall while building", number);
		return VIRT_STOP;
	}
	call.vcpu = v;
	call.caller = v->domain;
	call.target = NULL;
	call.block = false;
	call.arg[0] = v->regs.rdi;
	call.arg[1] = v->regs.rsi;
	call.arg[2] = v->regs.rdx;
	call.detail = v->regs.rsi;
	virt_skip(v, 3);
	result = perform(&call, number);
	state = v->domain->state;
	if (state == CORBEL_DOM_dying) {
		return VIRT_STOP; /* it ended itself: nobody is left to read the result */
	}
	virt_set_rax(v, (uint64_t)result);
	if (__builtin_expect(trace_verbose, 0)) {
		trace_call(&call, number, result);
	}
	return state != CORBEL_DOM_running || call.block ? VIRT_STOP : VIRT_RESUME;
}
