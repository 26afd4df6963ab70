/* SPDX-License-Identifier: MIT */
/*
 * One deny test per row of abi/hypercalls.def, made from the table: a caller that lacks exactly the
 * row's permission, while the policy gives everyone everything else, makes a call that is right in
 * all other respects (deny_rows.def).  It gets -EPERM (in a batch: the element's status), one audit
 * record that names call, subject, object, class and permission, and one more denial in the
 * counter; not one byte of the hypervisor's or of any guest's memory changes beside.  `allow-NAME`
 * turns it round: with that permission alone, the same call does its work.  DENY rows refuse under
 * a policy that allows everything.
 *
 * Every test runs in a process of its own, on a copy of one world.  A row without a call in
 * deny_rows.def does not compile, nor does a call without a row.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/host.h"
#include "launch/policy.h"
#include "gate/deny_rows.h"
#include "virt/virt.h"
#include <xen/errno.h>

enum number {
#define HC(nr, sub, name, ...)         ROW_##name,
#define DENY(nr, sub, name, cls, perm) ROW_##name,
#define DENY_REST(nr, name, cls, perm) ROW_##name,
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST
	ROWS
};

/* ---- the calls ------------------------------------------------------------------------------- */
#define CASE(name, caller_, object_, prepare_, result_, ...)                                       \
	static const struct deny_case case_##name = {.caller = (caller_),                          \
						     .object = (object_),                          \
						     .prepare = prepare_,                          \
						     .result = (result_),                          \
						     __VA_ARGS__};
#define ARGUMENT(type, ...) .arg = &(const type){__VA_ARGS__}, .size = sizeof(type)
#define TAKES(name, caller, object, prepare, result, type, ...)                                    \
	CASE(name, caller, object, prepare, result, ARGUMENT(type, __VA_ARGS__))
#define SEES(name, caller, object, prepare, result, type, ...)                                     \
	CASE(name, caller, object, prepare, result, ARGUMENT(type, __VA_ARGS__), .silent = true)
#define BATCH(name, caller, object, prepare, type, ...)                                            \
	CASE(name, caller, object, prepare, 0, ARGUMENT(type, __VA_ARGS__), .batch = true,         \
	     .status_at = offsetof(type, status))
#define REGS(name, caller, object, prepare, result, rsi_, rdx_)                                    \
	CASE(name, caller, object, prepare, result, .rsi = (rsi_), .rdx = (rdx_))
#define NEVER(name) CASE(name, DOM0, XEN, nothing, 0, .arg = NULL)
#define ALSO(...)
#include "gate/deny_rows.def"
#undef TAKES
#undef SEES
#undef BATCH
#undef REGS
#undef NEVER
#undef ALSO

enum {
#define TAKES(...) +1
#define SEES(...)  +1
#define BATCH(...) +1
#define REGS(...)  +1
#define NEVER(...) +1
#define ALSO(...)
	CALLS = 0
#include "gate/deny_rows.def"
#undef TAKES
#undef SEES
#undef BATCH
#undef REGS
#undef NEVER
#undef ALSO
};
_Static_assert((int)CALLS == (int)ROWS, "hypercalls.def and deny_rows.def differ in number");

static const struct row {
	const char *name;
	uint8_t number, sub, cls, perm;
	enum hc_kind kind;
	const struct deny_case *call;
} rows[ROWS] = {
#define ROW(nr, sub, name, c, p, kind)                                                             \
	[ROW_##name] = {#name, nr, sub, XSM_CLASS_##c, XSM_PERM_##c##_##p, kind, &case_##name},
#define HC(nr, sub, name, type, dir, rule, field, c, p, ...) ROW(nr, sub, name, c, p, KIND_call)
#define DENY(nr, sub, name, c, p)                            ROW(nr, sub, name, c, p, KIND_deny)
#define DENY_REST(nr, name, c, p)                            ROW(nr, 60, name, c, p, KIND_deny_rest)
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST
};

/* What a test takes away: the row's permission, or a second one that the call asks for. */
static const struct right {
	const char *name;
	enum number row;
	uint8_t cls, perm;
	uint16_t subject, object; /* of the audit record */
} also[] = {
#define TAKES(...)
#define SEES(...)
#define BATCH(...)
#define REGS(...)
#define NEVER(...)
#define ALSO(name, c, p, subject, object)                                                          \
	{"deny-" #name "-" #c "-" #p, ROW_##name, XSM_CLASS_##c,                                   \
	 XSM_PERM_##c##_##p,          subject,    object},
#include "gate/deny_rows.def"
#undef TAKES
#undef SEES
#undef BATCH
#undef REGS
#undef NEVER
#undef ALSO
};

/* ---- one call ------------------------------------------------------------------------------ */
static bool sub_in_argument(const struct row *row)
{
	return row->number == __HYPERVISOR_platform_op || row->number == __HYPERVISOR_sysctl ||
	       row->number == __HYPERVISOR_domctl;
}

/* The argument of a DENY row: all zero, but it names its sub-op, version and target. */
static void load_never(const struct row *row, uint8_t *at)
{
	hc_domctl_t op = {.cmd = row->sub,
			  .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
			  .domain = TARGET};

	memcpy(at, &op, sizeof(op));
}

static void load_registers(const struct row *row, struct vcpu *v)
{
	const struct deny_case *c = row->call;

	v->virt.vmcb->rax = row->number;
	v->virt.vmcb->cpl = 0;
	v->virt.regs.rdi = row->sub;
	if (sub_in_argument(row)) {
		v->virt.regs.rdi = WORLD_ARG;
	} else if (row->number == __HYPERVISOR_set_timer_op) {
		v->virt.regs.rdi = 5000000;
	}
	v->virt.regs.rsi = c->rsi;
	v->virt.regs.rdx = c->rdx;
	if (c->batch) {
		v->virt.regs.rsi = WORLD_ARG;
		v->virt.regs.rdx = 1;
	} else if (c->arg && row->number == __HYPERVISOR_vcpu_op) {
		v->virt.regs.rdx = WORLD_ARG;
	} else if (c->arg || row->kind != KIND_call) {
		v->virt.regs.rsi = WORLD_ARG;
	}
}

/* Everything is in place; returns the vCPU that will make the call. */
static struct vcpu *make_ready(const struct row *row)
{
	struct domain *caller;
	uint8_t *at;

	row->call->prepare();
	caller = world_domain(row->call->caller);
	at = world_memory(caller, WORLD_ARG);
	memset(at, 0, PAGE_SIZE);
	if (row->call->arg) {
		memcpy(at, row->call->arg, row->call->size);
	} else if (row->kind != KIND_call && sub_in_argument(row)) {
		load_never(row, at);
	}
	load_registers(row, caller->vcpu[0]);
	records_clear();
	return caller->vcpu[0];
}

static void check_record(const struct row *row, const struct right *right)
{
	DENY_CHECK(record_count == 1);
	DENY_CHECK(records[0].kind == CORBEL_TRACE_denied);
	DENY_CHECK(records[0].subject == right->subject);
	DENY_CHECK(records[0].object == right->object);
	DENY_CHECK(records[0].call == ((uint32_t)row->number << 16 | row->sub));
	DENY_CHECK(records[0].result == -XEN_EPERM);
	DENY_CHECK(records[0].cls == right->cls);
	DENY_CHECK(records[0].perm == right->perm);
	DENY_CHECK(records[0].subject_context == world_domain(right->subject)->label.ctx);
}

static struct corbel_policy_counter *counter(uint16_t subject, unsigned cls, unsigned perm)
{
	return policy_count(world_domain(subject)->label, cls * 32 + perm);
}

/* The answer is a refusal, told once in the trace and once in each counter. */
static void check_refusal(const struct row *row, const struct right *right, struct vcpu *v,
			  const int16_t *status, uint64_t denied)
{
	const struct deny_case *c = row->call;
	bool second = right->cls != row->cls || right->perm != row->perm;

	if (c->silent) {
		DENY_CHECK((long)v->virt.vmcb->rax == -XEN_ESRCH);
		DENY_CHECK(record_count == 0 && host.audit_denied == denied);
		return;
	}
	DENY_CHECK((long)v->virt.vmcb->rax == (c->batch ? 0 : -XEN_EPERM));
	DENY_CHECK(!c->batch || *status == GNTST_permission_denied);
	DENY_CHECK(host.audit_denied == denied + 1);
	DENY_CHECK(counter(right->subject, right->cls, right->perm)->denied == 1);
	DENY_CHECK(counter(c->caller, row->cls, row->perm)->allowed == second);
	check_record(row, right);
}

/* Makes the call, which must be refused and change nothing. */
static void refused(const struct row *row, const struct right *right)
{
	const struct deny_case *c = row->call;
	struct vcpu *v = make_ready(row);
	int16_t *status = (void *)(world_memory(v->domain, WORLD_ARG) + c->status_at);
	uint64_t denied = host.audit_denied, rip = v->virt.vmcb->rip;
	struct span spans[] = {
		{&v->virt.vmcb->rax, 8},
		{&v->virt.vmcb->rip, 8},
		{&machine.now, sizeof(machine.now)},
		{&host.audit_denied, sizeof(host.audit_denied)},
		{&counter(right->subject, right->cls, right->perm)->denied, 8},
		{&counter(c->caller, row->cls, row->perm)->allowed, 8},
		{status, c->batch ? sizeof(*status) : 0},
	};

	memset(policy_counters, 0, sizeof(policy_counters));
	policy_open();
	if (row->kind == KIND_call) {
		policy_set(right->cls, right->perm, false);
	}
	picture_take();
	hypercall_dispatch(&v->virt);
	picture_compare(right->name, spans, ARRAY_SIZE(spans));
	DENY_CHECK(v->virt.vmcb->rip == rip + 3);
	check_refusal(row, right, v, status, denied);
}

static void deny_row(const void *subject)
{
	const struct row *row = subject;
	bool domctl = row->kind != KIND_call && row->number == __HYPERVISOR_domctl;
	struct right right = {.name = row->name,
			      .cls = row->cls,
			      .perm = row->perm,
			      .subject = row->call->caller,
			      .object = domctl ? TARGET : row->call->object};

	refused(row, &right);
}

static void deny_also(const void *subject)
{
	const struct right *right = subject;

	refused(&rows[right->row], right);
}

/* With this right and what else the call needs, and nothing more. */
static void allow_row(const void *subject)
{
	const struct row *row = subject;
	const struct deny_case *c = row->call;
	struct vcpu *v = make_ready(row);
	struct domain *caller = v->domain;
	uint8_t *status = world_memory(caller, WORLD_ARG) + c->status_at;
	uint64_t denied = host.audit_denied;

	policy_close();
	policy_set(row->cls, row->perm, true);
	for (unsigned i = 0; i < ARRAY_SIZE(also); i++) {
		if (&rows[also[i].row] == row) {
			policy_set(also[i].cls, also[i].perm, true);
		}
	}
	hypercall_dispatch(&v->virt);
	DENY_CHECK(host.audit_denied == denied);
	if (c->result == WORLD_GONE) {
		DENY_CHECK(caller->state == CORBEL_DOM_dying);
	} else if ((long)v->virt.vmcb->rax != c->result) {
		deny_fail("allow-%s: answer %ld, wanted %ld", row->name, (long)v->virt.vmcb->rax,
			  c->result);
	}
	DENY_CHECK(!c->batch || (status[0] | status[1]) == GNTST_okay);
}

/* ---- processes ----------------------------------------------------------------------------- */
_Noreturn void deny_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	_exit(1);
}

static void in_a_process(void (*work)(const void *), const void *subject)
{
	int status = -1;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		work(subject);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	ram_restore();
	assert_int_equal(status, 0);
}

static int setup(void **state)
{
	(void)state;
	deny_world();
	ram_keep();
	return 0;
}

static void test_deny(void **state)
{
	in_a_process(deny_row, *state);
}

static void test_deny_also(void **state)
{
	in_a_process(deny_also, *state);
}

static void test_allow(void **state)
{
	in_a_process(allow_row, *state);
}

int main(void)
{
#define TEST(text, name, function)                                                                 \
	{text #name, function, NULL, NULL, (void *)(uintptr_t)&rows[ROW_##name]},
	static struct CMUnitTest tests[] = {
#define HC(nr, sub, name, ...)         TEST("deny-", name, test_deny) TEST("allow-", name, test_allow)
#define DENY(nr, sub, name, cls, perm) TEST("deny-", name, test_deny)
#define DENY_REST(nr, name, cls, perm) TEST("deny-", name, test_deny)
#include "abi/hypercalls.def"
#define ALSO(name, c, p, ...) {"deny-" #name "-" #c "-" #p, test_deny_also, NULL, NULL, NULL},
#define TAKES(...)
#define SEES(...)
#define BATCH(...)
#define REGS(...)
#define NEVER(...)
#include "gate/deny_rows.def"
	};

	for (unsigned i = 0; i < ARRAY_SIZE(also); i++) {
		tests[ARRAY_SIZE(tests) - ARRAY_SIZE(also) + i].initial_state =
			(void *)(uintptr_t)&also[i];
	}
	return cmocka_run_group_tests_name("deny_rows", tests, setup, NULL);
}
