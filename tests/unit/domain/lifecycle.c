/* SPDX-License-Identifier: MIT */
/*
 * The life cycle as one state x call table (tests/unit/domain/lifecycle.def), cell by cell: every
 * row of abi/hypercalls.def, every state of its target, every kind of caller, once with a policy
 * that allows everything, so that only what no policy can lower refuses, and once with the policy
 * cloud. A refusal is -EPERM, leaves one audit record that names caller, object, class and
 * permission, and not one byte of any domain changed.  Also the golden text of the expanded table.
 *
 * The dispatcher is the real file; its last step, the handler, is answered here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "gate/hypercall.h"
struct hc_call;
static long on_handler(struct hc_call *call);
/* `row->handle(call)` in the included file becomes a sum that calls on_handler(). */
#define handle(call) size * 0 + on_handler(call)
#include "calls/hypercall.c"
#undef handle
#include "domain/lifecycle_rows.h"
#include "mm/frames.h"
#include "sim/world.h"
#include "xsm/xsm_fixture.h"

#define STATES 6 /* building, sealed, running, paused, shutdown, dying: their order in the ABI */

static struct domain *dom0, *target, *tenant, *unfinished;
static struct {
	bool reached;
	const struct hc_row *row;
	struct domain *target;
} seen;
static bool world_is_ready; /* until then handlers do their work */
static uint16_t object_id;  /* for rows that ask per element */

/* Per element: what grant_op and getdomaininfo ask. */
static long ask_element(struct hc_call *call)
{
	uint32_t states = call->row->number == __HYPERVISOR_domctl ? IN_ANY : IN_LIVE;
	struct domain *d;
	int rc = gate_find_target(call, object_id, states, call->row->right, &d);

	if (rc == 0) {
		seen.target = d;
		domain_put(d);
	}
	return rc;
}

static long on_handler(struct hc_call *call)
{
	if (!world_is_ready) {
		return call->row->handle(call);
	}
	seen.row = call->row;
	seen.target = call->target;
	if (call->row->rule == RULE_ELEM) {
		long rc = ask_element(call);

		seen.reached = rc == 0;
		return rc;
	}
	seen.reached = true;
	return 0;
}

/* ---- one call ---------------------------------------------------------------------------- */
static long make_call(struct domain *caller, const struct hc_row *row, uint16_t domid)
{
	uint8_t *arg = world_memory(caller, WORLD_ARG);
	uint32_t sub = row->kind == KIND_deny_rest ? 60 : row->sub;

	memset(arg, 0, PAGE_SIZE);
	if (shapes[row->number].sub == SUB_inside) {
		memcpy(arg, &sub, sizeof(sub));
		memcpy(arg + offsetof(hc_domctl_t, domain), &domid, sizeof(domid));
	}
	if (row->rule == RULE_FIELD) {
		memcpy(arg + row->field, &domid, sizeof(domid));
	}
	object_id = domid;
	if (shapes[row->number].sub == SUB_inside) {
		return world_call(caller, row->number, WORLD_ARG, 0, 0);
	}
	if (row->number == __HYPERVISOR_vcpu_op) {
		return world_call(caller, row->number, sub, 0, WORLD_ARG);
	}
	return world_call(caller, row->number, sub, WORLD_ARG, 0);
}

static uint64_t trace_end(void)
{
	static struct corbel_trace all[TRACE_RECORDS];
	uint64_t next, lost;

	trace_read(0, 0, all, ARRAY_SIZE(all), &next, &lost);
	return next;
}

struct picture { /* all that a refused call must leave alone */
	struct domain d[5];
	struct vcpu vcpu;
	struct frame_counts frames;
};

static void take_picture(struct picture *p, const struct domain *caller)
{
	const struct domain *all[] = {dom0, target, tenant, unfinished, world_builder()};

	memset(p, 0, sizeof(*p));
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		memcpy(&p->d[i], all[i], sizeof(p->d[i]));
	}
	memcpy(&p->vcpu, caller->vcpu[0], sizeof(p->vcpu));
	memset(&p->vcpu.virt.regs, 0, sizeof(p->vcpu.virt.regs));
	p->frames = frames_count();
}

static void check_record(uint64_t first, const struct hc_row *row, const struct domain *caller,
			 uint16_t object)
{
	struct corbel_trace r[2];
	uint64_t next, lost;

	assert_int_equal(trace_read(0, first, r, 2, &next, &lost), 1);
	assert_int_equal(r[0].kind, CORBEL_TRACE_denied);
	assert_int_equal(r[0].subject, caller->id);
	assert_int_equal(r[0].object, object);
	assert_int_equal(r[0].call >> 16, row->number);
	assert_int_equal(r[0].result, -XEN_EPERM);
	assert_int_equal(r[0].cls, row->right / 32);
	assert_int_equal(r[0].perm, row->right % 32);
}

/* The domain that the row's handler is given. */
static struct domain *target_of(const struct hc_row *row, struct domain *caller, struct domain *d)
{
	if (row->rule == RULE_NONE) {
		return NULL;
	}
	return row->rule == RULE_SELF ? caller : d;
}

/* The object that an audit record of this row names. */
static uint16_t object_of(const struct hc_row *row, struct domain *caller, struct domain *d)
{
	const struct domain *named = target_of(row, caller, d);

	if (row->kind != KIND_call) {
		return row->number == __HYPERVISOR_domctl ? d->id : DOMID_XEN;
	}
	return named ? named->id : DOMID_XEN;
}

static void check_cell(unsigned i, char expected, struct domain *caller, struct domain *d)
{
	const struct hc_row *row = &rows[i];
	static struct picture before, after;
	uint64_t denied = host.audit_denied, first = trace_end();
	long result;

	memset(&seen, 0, sizeof(seen));
	take_picture(&before, caller);
	result = make_call(caller, row, d->id);
	take_picture(&after, caller);
	if (seen.reached != (expected == '.')) {
		fail_msg("%s: by domain %u on domain %u in state %u: %s", named[i].name, caller->id,
			 d->id, d->state, seen.reached ? "let through" : "refused");
	}
	assert_memory_equal(&before, &after, sizeof(before));
	if (expected == '.') {
		assert_ptr_equal(seen.row, row);
		assert_int_equal(result, 0);
		assert_int_equal(trace_end(), first);
		assert_ptr_equal(seen.target, target_of(row, caller, d));
	} else {
		assert_int_equal(result, -XEN_EPERM);
		assert_int_equal(host.audit_denied, denied + 1);
		check_record(first, row, caller, object_of(row, caller, d));
	}
}

/* ---- all cells --------------------------------------------------------------------------- */
static void check_states(unsigned i, const char *expected, struct domain *caller)
{
	struct domain *creator = unfinished->build.creator;
	uint16_t state = target->state;

	for (unsigned s = 0; s < STATES; s++) {
		if (s == CORBEL_DOM_building) { /* of an instance that is not the caller */
			unfinished->build.creator = caller == creator ? NULL : creator;
			check_cell(i, expected[s], caller, unfinished);
			unfinished->build.creator = creator;
			continue;
		}
		target->state = (uint16_t)s;
		check_cell(i, expected[s], caller, target);
		target->state = state;
	}
}

static void check_row(unsigned i, const char *expected)
{
	assert_int_equal(strlen(expected), 1 + 3 * (1 + STATES) + 2);
	check_cell(i, expected[0], world_builder(), unfinished);
	check_states(i, expected + 2, world_builder());
	check_states(i, expected + 9, dom0);
	check_states(i, expected + 16, tenant);
	check_cell(i, expected[23], target, target);
}

static void check_table(bool anything)
{
	assert_int_equal(ARRAY_SIZE(table), ARRAY_SIZE(rows));
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned line = named[i].line;

		check_row(i, anything ? table[line].anything : table[line].cloud);
	}
}

static void under_shipped_policy(void **state)
{
	(void)state;
	check_table(false);
}

static void relabel(struct domain *d, uint16_t context)
{
	d->label = (struct xsm_label){.ctx = context};
	d->self_label = xsm_self_label(&host_policy, d->label);
}

static void under_permissive_policy(void **state)
{
	static _Alignas(8) struct fixture everything;
	struct xsm_policy base = host_policy;
	struct domain *all[] = {dom0, target, tenant, unfinished, world_builder()};
	static const uint16_t context[] = {DOM0, TENANT, TENANT, TENANT, BUILDER};
	struct xsm_label label[5];
	const char *why;

	(void)state;
	fixture_reset(&everything);
	for (unsigned i = 0; i < ARRAY_SIZE(permissions) * CELLS; i++) {
		unsigned p = i / CELLS, cell = i % CELLS;

		fixture_allow(&everything, cell / CONTEXTS, cell % CONTEXTS, permissions[p].cls,
			      permissions[p].perm);
	}
	if (xsm_policy_parse(&host_policy, &everything, sizeof(everything), &why)) {
		fail_msg("%s", why);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		label[i] = all[i]->label;
		relabel(all[i], context[i]);
	}
	check_table(true);
	host_policy = base;
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		all[i]->label = label[i];
		all[i]->self_label = xsm_self_label(&base, label[i]);
	}
}

/* The other net (T2): were Dom0 taken for the builder of a domain, so that state lets it through,
 * the shipped policy would still refuse every call that reads or changes the domain. */
static void policy_alone(void **state)
{
	struct domain *creator = unfinished->build.creator;
	unsigned refused = 0;

	(void)state;
	unfinished->build.creator = dom0;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned cls = rows[i].right / 32;

		if (rows[i].kind == KIND_call && rows[i].rule == RULE_FIELD &&
		    (rows[i].states & IN_BUILDING) &&
		    (cls == XSM_CLASS_mmu || cls == XSM_CLASS_hvm || cls == XSM_CLASS_build)) {
			check_cell(i, 'x', dom0, unfinished);
			refused++;
		}
	}
	unfinished->build.creator = creator;
	assert_true(refused >= 10);
}

/* Numbers and sub-ops without a row do not exist, for nobody. */
static void unknown_calls(void **state)
{
	struct domain *callers[] = {dom0, tenant, world_builder()};
	unsigned unknown = 0;

	(void)state;
	for (uint64_t nr = 0; nr < 70; nr++) {
		for (uint64_t sub = 0; sub < 70; sub++) {
			uint64_t denied = host.audit_denied;
			struct domain *caller = callers[sub % 3];
			uint64_t key = nr == __HYPERVISOR_memory_op ? sub & 63 : sub;
			bool inside = nr < HC_NUMBERS && shapes[nr].sub == SUB_inside;
			uint64_t first = inside ? WORLD_ARG : sub;
			uint32_t word = (uint32_t)sub;

			memset(&seen, 0, sizeof(seen));
			memcpy(world_memory(caller, WORLD_ARG), &word, sizeof(word));
			if (find_row(nr, nr == __HYPERVISOR_set_timer_op ? 0 : key)) {
				continue;
			}
			assert_int_equal(world_call(caller, nr, first, WORLD_ARG, WORLD_ARG),
					 -XEN_ENOSYS);
			assert_false(seen.reached);
			assert_int_equal(host.audit_denied, denied);
			unknown++;
		}
	}
	assert_true(unknown > 2000);
	/* high halves of the number are not looked at, high bits of a sub-op are */
	assert_int_equal(world_call(dom0, 0xABCD00000000ull | 17, 0x100000000ull, 0, 0),
			 -XEN_ENOSYS);
	assert_int_equal(world_call(dom0, 0xABCD00000000ull | 17, 0, 0, 0), 0);
}

/* The argument must be readable, and writable where the answer goes, before anything else. */
static void bad_pointers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct hc_row *row = &rows[i];
		static const uint64_t bad[] = {0x100000000ull, ~0ull, 0xFFFF800000000000ull,
					       WORLD_PAGES * PAGE_SIZE - 1, 0x40000000};

		if (row->kind != KIND_call || row->dir == DIR_NOARG || row->dir == DIR_LIST ||
		    (shapes[row->number].sub == SUB_inside)) {
			continue;
		}
		for (unsigned k = 0; k < ARRAY_SIZE(bad); k++) {
			memset(&seen, 0, sizeof(seen));
			assert_int_equal(world_call(tenant, row->number, row->sub, bad[k], bad[k]),
					 -XEN_EFAULT);
			assert_false(seen.reached);
		}
	}
}

/* A building domain makes no call at all: the first one ends its build. */
static void call_while_building(void **state)
{
	struct vcpu *v;

	(void)state;
	unfinished->build.stub_trap = BLOCK_SIZE;
	v = vcpu_create(unfinished, 0);
	assert_non_null(v);
	virt_reset_flat(&v->virt, 0x1000, 0, 0);
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(world_call(unfinished, __HYPERVISOR_xen_version, 0, 0, 0), WORLD_GONE);
	assert_false(seen.reached);
	assert_int_equal(unfinished->build.stub_state, CORBEL_STUB_CRASHED);
	assert_int_equal(v->state, VCPU_offline);
	vcpu_destroy(v);
	unfinished->build.stub_trap = 0;
	unfinished->build.stub_state = 0;
}

/* ---- golden text ------------------------------------------------------------------------- */
static const char *const number_names[HC_NUMBERS] = {
	[1] = "mmu_update", [7] = "platform_op",   [12] = "memory_op",   [13] = "multicall",
	[14] = "update_va", [15] = "set_timer_op", [17] = "xen_version", [18] = "console_io",
	[20] = "grant_op",  [24] = "vcpu_op",      [26] = "mmuext_op",   [27] = "xsm_op",
	[29] = "sched_op",  [32] = "event_op",     [33] = "physdev_op",  [34] = "hvm_op",
	[35] = "sysctl",    [36] = "domctl",       [37] = "kexec_op",    [41] = "dm_op",
	[48] = "mca",       [55] = "corbel"};

static const char *perm_name(unsigned cls, unsigned perm)
{
	for (unsigned i = 0; i < ARRAY_SIZE(permissions); i++) {
		if (permissions[i].cls == cls && permissions[i].perm == perm) {
			return permissions[i].name;
		}
	}
	return "?";
}

static size_t write_row(char *at, size_t room, unsigned i)
{
	static const char *const rules[] = {"none", "self", "field", "element"};
	static const char *const dirs[] = {"-", "in", "inout", "list"};
	static const char letters[] = "bsrphd";
	const struct hc_row *row = &rows[i];
	char sub[8], states[STATES + 1] = "";
	size_t n = 0;

	for (unsigned s = 0; s < STATES; s++) {
		if (row->states & 1u << s) {
			states[n++] = letters[s];
		}
	}
	states[n] = 0;
	snprintf(sub, sizeof(sub), "%u", row->sub);
	return (size_t)snprintf(at, room, "%s %u %s %s %s %s %u %s+%u %s %s\n",
				row->kind == KIND_call ? "call" : "deny", row->number,
				number_names[row->number],
				row->kind == KIND_deny_rest ? "rest" : sub, named[i].name,
				row->kind == KIND_call ? dirs[row->dir] : "-", row->size,
				row->kind == KIND_call ? rules[row->rule] : "-", row->field,
				perm_name(row->right / 32, row->right % 32), n ? states : "-");
}

static void golden_text(void **state)
{
	static char now[32768], golden[32768];
	const char *build = getenv("CORBEL_BUILD");
	size_t length = 0;
	char path[200];
	FILE *f;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		length += write_row(now + length, sizeof(now) - length, i);
	}
	f = fopen("tests/golden/hypercalls.txt", "r");
	if (f) {
		golden[fread(golden, 1, sizeof(golden) - 1, f)] = 0;
		fclose(f);
	}
	if (strcmp(now, golden) != 0) {
		snprintf(path, sizeof(path), "%s/tests/hypercalls.txt", build ? build : "build");
		f = fopen(path, "w");
		if (f) {
			fputs(now, f);
			fclose(f);
		}
		fail_msg("the table changed: diff tests/golden/hypercalls.txt %s", path);
	}
}

static struct corbel_trace last_record(void)
{
	struct corbel_trace record = {0};
	uint64_t next = 0, lost;

	while (trace_read(0, next, &record, 1, &next, &lost) == 1) {
	}
	return record;
}

/* A number too large for the record is not taken for another one. */
static void far_numbers(void **state)
{
	hc_domctl_t op = {.cmd = 0x10000 + XEN_DOMCTL_getvcpuinfo,
			  .interface_version = XEN_DOMCTL_INTERFACE_VERSION,
			  .domain = target->id};

	(void)state;
	assert_int_equal(world_arg(dom0, __HYPERVISOR_domctl, 0, &op, sizeof(op)), -XEN_EPERM);
	assert_int_equal(last_record().kind, CORBEL_TRACE_denied);
	assert_int_equal(last_record().call, (uint32_t)__HYPERVISOR_domctl << 16 | 0xFFFF);
}

static int setup(void **state)
{
	(void)state;
	world_init("cloud");
	dom0 = world_create(true);
	world_commit(dom0);
	world_start_vcpu(dom0);
	world_seal(dom0, true);
	tenant = world_tenant(true);
	target = world_tenant(true);
	unfinished = world_create(false);
	world_is_ready = true;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_text),
		cmocka_unit_test(under_shipped_policy),
		cmocka_unit_test(under_permissive_policy),
		cmocka_unit_test(policy_alone),
		cmocka_unit_test(unknown_calls),
		cmocka_unit_test(bad_pointers),
		cmocka_unit_test(far_numbers),
		cmocka_unit_test(call_while_building),
	};

	return cmocka_run_group_tests_name("lifecycle", tests, setup, NULL);
}
