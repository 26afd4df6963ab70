/* SPDX-License-Identifier: MIT */
/*
 * The dispatcher (abi/hypercalls.def, gate/hypercall.h).  Order, for every call: row found by
 * number and sub-op -> argument pinned and copied once -> target resolved and referenced -> its
 * life-cycle state -> who built it (INV-DOM-1) -> policy -> handler -> result.  Check before
 * effect; a refusal leaves nothing behind but its audit record.
 */
#include "calls/hypercall.h"
#include "diag/trace.h"
#include "domain/gcopy.h"
#include "gate/gate.h"
#include "launch/life.h"
#include "virt/virt.h"
#include <xen/errno.h>

#define HC_NUMBERS 64
#define HC_SUBS    64
#define NO_ROW     0xFF

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

/* Where a call has its sub-op and the pointer to its argument. */
enum sub_place {
	SUB_in_rdi,
	SUB_in_low_rdi, /* memory_op keeps a continuation index above bit 5 */
	SUB_none,       /* set_timer_op has one meaning */
	SUB_inside      /* the argument's first word: the argument is copied to find the row */
};
#define LOW_RDI_SUBS 63u

enum pointer_place { POINTER_in_rsi, POINTER_in_rdx, POINTER_in_rdi };

/* By number; what is not named here has the sub-op in RDI and the pointer in RSI. */
static const struct call_shape {
	uint8_t sub;     /* enum sub_place */
	uint8_t pointer; /* enum pointer_place */
	uint16_t inside; /* SUB_inside: bytes to copy */
	bool written;    /* SUB_inside: the caller's argument may be written back */
} shapes[HC_NUMBERS] = {
	[__HYPERVISOR_memory_op] = {.sub = SUB_in_low_rdi},
	[__HYPERVISOR_set_timer_op] = {.sub = SUB_none},
	[__HYPERVISOR_vcpu_op] = {.pointer = POINTER_in_rdx},
	[__HYPERVISOR_platform_op] =
		{
			.sub = SUB_inside,
			.pointer = POINTER_in_rdi,
			.inside = sizeof(uint32_t),
		},
	[__HYPERVISOR_sysctl] =
		{
			.sub = SUB_inside,
			.pointer = POINTER_in_rdi,
			.inside = sizeof(hc_sysctl_t),
			.written = true,
		},
	[__HYPERVISOR_domctl] =
		{
			.sub = SUB_inside,
			.pointer = POINTER_in_rdi,
			.inside = sizeof(hc_domctl_t),
			.written = true,
		},
};

static uint8_t row_of[HC_NUMBERS][HC_SUBS];
static uint8_t rest_of[HC_NUMBERS];

void hypercall_init(void)
{
	memset(row_of, NO_ROW, sizeof(row_of));
	memset(rest_of, NO_ROW, sizeof(rest_of));
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct hc_row *row = &rows[i];
		uint8_t *slot = &rest_of[row->number];

		CHECK(row->number < HC_NUMBERS && row->sub < HC_SUBS);
		if (row->kind != KIND_deny_rest) {
			slot = &row_of[row->number][row->sub];
		}
		CHECK(*slot == NO_ROW);
		*slot = (uint8_t)i;
	}
}

static const struct hc_row *find_row(uint64_t number, uint64_t sub)
{
	uint8_t index = NO_ROW;

	if (sub < HC_SUBS) {
		index = row_of[index_in(number, HC_NUMBERS)][index_in(sub, HC_SUBS)];
	}
	if (index == NO_ROW) {
		index = rest_of[index_in(number, HC_NUMBERS)];
	}
	if (index == NO_ROW) {
		return NULL;
	}
	return &rows[index];
}

/* Out of the way of calls that are allowed: not inlined, so that those save no registers for it. */
#define COLD __attribute__((noinline, cold))

/* domctl, sysctl: the whole structure is copied once and its first word selects the row. */
static __attribute__((noinline)) int fetch_inside(struct hc_call *call, uint64_t number,
						  const struct call_shape *shape, struct gbuf *pin)
{
	uint32_t sub;
	int rc = gbuf_pin(call->vcpu, call->arg[0], shape->inside, shape->written, pin);

	call->row = NULL;
	if (rc) {
		return rc;
	}
	gbuf_read(pin, 0, call->in.bytes, shape->inside);
	memcpy(&sub, call->in.bytes, sizeof(sub));
	call->sub = sub;
	call->row = find_row(number, sub);
	return 0;
}

static inline bool has_argument(const struct hc_row *row)
{
	return row->dir == DIR_IN || row->dir == DIR_INOUT;
}

/* An argument that is to be written back: pinned, and copied once. */
static int pin_argument(struct hc_call *call, const struct hc_row *row, uint64_t pointer,
			struct gbuf *pin)
{
	int rc = gbuf_pin(call->vcpu, pointer, row->size, true, pin);

	if (rc == 0) {
		gbuf_read(pin, 0, call->in.bytes, row->size);
	}
	return rc;
}

/* Finds the row and brings in its argument; *pin stays pinned if it is to be written back. */
static int fetch(struct hc_call *call, uint64_t number, struct gbuf *pin)
{
	const struct call_shape *shape = &shapes[index_in(number, HC_NUMBERS)];
	uint64_t sub = call->arg[0];
	uint64_t pointer;
	const struct hc_row *row;

	if (number >= HC_NUMBERS) {
		call->row = NULL;
		return 0;
	}
	/* The usual shape costs one test: without jump tables a switch tries one after the
	 * other. */
	if (__builtin_expect(shape->sub != SUB_in_rdi, 0)) {
		if (shape->sub == SUB_inside) {
			return fetch_inside(call, number, shape, pin);
		}
		if (shape->sub == SUB_in_low_rdi) {
			sub &= LOW_RDI_SUBS;
		} else {
			sub = 0;
		}
	}
	row = find_row(number, sub);
	call->sub = call->arg[0];
	call->row = row;
	if (!row || row->kind != KIND_call || !has_argument(row)) {
		return 0;
	}
	pointer = call->arg[shape->pointer == POINTER_in_rdx ? 2 : 1];
	if (row->dir == DIR_IN) {
		return copy_from_guest(call->vcpu, call->in.bytes, pointer, row->size);
	}
	return pin_argument(call, row, pointer, pin);
}

/* A call that Corbel never grants: on record with the domain that it was aimed at. */
static COLD int refuse(struct hc_call *call)
{
	uint16_t object = DOMID_XEN;

	if (call->row->number == __HYPERVISOR_domctl) {
		memcpy(&object, call->in.bytes + offsetof(hc_domctl_t, domain), sizeof(object));
	}
	return gate_deny_number(call, object, call->row->right);
}

static int authorize(struct hc_call *call)
{
	const struct hc_row *row = call->row;
	uint16_t domid;

	switch (row->rule) {
	case RULE_NONE:
		return gate_authorize(call, NULL, row->right);
	case RULE_SELF:
		/* No reference: the running vCPU keeps its domain, which is reaped from the host's
		 * loop. */
		call->target = call->caller;
		return gate_check_target(call, call->caller, row->states, row->right);
	case RULE_FIELD:
		memcpy(&domid, call->in.bytes + row->field, sizeof(domid));
		return gate_find_target(call, domid, row->states, row->right, &call->target);
	default:
		return 0; /* RULE_ELEM: the handler asks for each element */
	}
}

static long perform(struct hc_call *call, uint64_t number)
{
	struct gbuf pin;
	const struct hc_row *row;
	long result;

	pin.pages = 0;
	result = fetch(call, number, &pin);
	row = call->row;
	if (result == 0 && !row) {
		result = -XEN_ENOSYS;
	} else if (result == 0 && row->kind != KIND_call) {
		result = refuse(call);
	}
	if (result == 0) {
		result = authorize(call);
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
	trace_add((struct corbel_trace){
		.kind = CORBEL_TRACE_hypercall,
		.subject = call->caller->id,
		.object = call->caller->id,
		.call = (uint32_t)number << 16 | (call->arg[0] & 0xFFFF),
		.result = (int32_t)result,
		.arg = call->arg[1],
	});
}

enum virt_action hypercall_dispatch(struct virt_vcpu *virt)
{
	struct vcpu *v = vcpu_of(virt);
	struct hc_call call; /* not cleared as a whole: the argument is 1 KiB */
	uint64_t number = virt_rax(virt) & 0xFFFFFFFF;
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
	call.arg[0] = virt->regs.rdi;
	call.arg[1] = virt->regs.rsi;
	call.arg[2] = virt->regs.rdx;
	call.detail = virt->regs.rsi;
	virt_skip(virt, 3);
	result = perform(&call, number);
	state = v->domain->state;
	if (state == CORBEL_DOM_dying) {
		return VIRT_STOP; /* it ended itself: nobody is left to read the result */
	}
	virt_set_rax(virt, (uint64_t)result);
	if (__builtin_expect(trace_verbose, 0)) {
		trace_call(&call, number, result);
	}
	if (state != CORBEL_DOM_running || call.block) {
		return VIRT_STOP;
	}
	return VIRT_RESUME;
}
