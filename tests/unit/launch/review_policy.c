/* SPDX-License-Identifier: MIT */
/*
 * Policies that are well formed, above the floor, and signed, but do not fit what lives: names that
 * change their role or become somebody's self object, loaded or coming back; a session posted by
 * somebody who may load no longer; and what a refused call leaves in records and counters.  On the
 * simulated machine, with blobs made of the shipped `cloud`.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/host.h"
#include "launch/policy.h"
#include "diag/trace.h"
#include "launch/reload_calls.h"
#include <xen/errno.h>
#include <xen/hvm/params.h>

static uint8_t blob[CORBEL_POLICY_MAX] __attribute__((aligned(8)));
static struct xsm_policy edit; /* of the blob */

/* A copy of `cloud` to change; returns its size. */
static uint32_t take_cloud(void)
{
	uint32_t size = policy_file("cloud", blob);
	const char *why;

	assert_int_equal(xsm_policy_parse(&edit, blob, size, &why), 0);
	return size;
}

static uint16_t context_of(const char *name)
{
	struct xsm_label label;

	assert_int_equal(xsm_label_by_name(&edit, name, &label), 0);
	return label.ctx;
}

static uint32_t *masks(uint16_t s, uint16_t t, unsigned relation)
{
	return (uint32_t *)(uintptr_t)xsm_masks(&edit, s, t, relation);
}

static void set_self(uint16_t context, uint16_t self)
{
	((struct xsm_blob_context *)(uintptr_t)edit.context)[context].self = self;
}

/* Loads the changed blob: what policy_load answers, the reason in `load`. */
static long load_edited(uint32_t flags, uint32_t confirm_s, struct corbel_policy_load *load)
{
	const char *why;
	struct xsm_policy p;

	*load = (struct corbel_policy_load){.size = ((struct xsm_blob_header *)blob)->size,
					    .flags = flags,
					    .serial = serial + 1,
					    .confirm_s = confirm_s};
	assert_int_equal(xsm_policy_parse(&p, blob, load->size, &why), 0);
	if (xsm_floor_check(&p, &why)) {
		fail_msg("%s", why); /* it is not the floor that is to refuse it */
	}
	policy_session();
	return load_bytes(blob, load);
}

/* The label of a live domain is the unlabelled context of the next policy: that one could not be
 * taken back, since there the name stands for something else. */
static void role_of_a_live_label(void **state)
{
	struct corbel_policy_load load;

	(void)state;
	make_domain_of(MONITOR_LABEL, 0);
	take_cloud();
	((struct xsm_blob_header *)blob)->sid[XSM_SID_unlabeled] = context_of(MONITOR_LABEL);
	assert_int_equal(load_edited(0, 30, &load), 1);
	assert_non_null(strstr(load.reason, MONITOR_LABEL));
	assert_true(is_in_force("cloud"));
}

/* The same, but the domain comes while the policy waits. */
static void role_of_a_new_label(void **state)
{
	struct corbel_policy_load load;
	uint16_t id;

	(void)state;
	take_cloud();
	((struct xsm_blob_header *)blob)->sid[XSM_SID_unlabeled] = context_of(MONITOR_LABEL);
	assert_int_equal(load_edited(0, 30, &load), 0);
	fresh_builder();
	assert_int_equal(create_domain(MONITOR_LABEL, &id), -XEN_EBUSY);
	machine.now += 31 * SECOND;
	policy_tick(machine.now);
	assert_true(is_in_force("cloud"));
	assert_int_equal(create_domain(MONITOR_LABEL, &id), 0);
}

/* The monitor's self object is what tenants are: for nobody to create, so the floor is content and
 * would take its rights on tenants, whatever they are, for rights on itself. */
static void make_tenant_self(void)
{
	uint16_t monitor, tenant, own;

	take_cloud();
	monitor = context_of(MONITOR_LABEL);
	own = edit.context[monitor].self;
	tenant = context_of(TENANT_LABEL);
	set_self(monitor, tenant);
	for (unsigned relation = 0; relation < XSM_RELATION_COUNT; relation++) {
		masks(edit.sid[XSM_SID_dom0], tenant, relation)[XSM_CLASS_domain] &=
			~(1u << XSM_PERM_domain_create);
		masks(monitor, own, relation)[XSM_CLASS_mmu] = 0; /* on another's now */
		masks(monitor, own, relation)[XSM_CLASS_hvm] = 0;
	}
}

static void live_label_as_self(void **state)
{
	struct corbel_policy_load load;

	(void)state;
	make_domain_of(TENANT_LABEL, 0);
	make_tenant_self();
	assert_int_equal(load_edited(0, 30, &load), 1);
	assert_non_null(strstr(load.reason, TENANT_LABEL));
	assert_true(is_in_force("cloud"));
}

/* In the policy that may come back, the label is a self object. */
static void new_label_as_self(void **state)
{
	struct corbel_policy_load load;
	uint16_t id;

	(void)state;
	make_tenant_self();
	assert_int_equal(load_edited(CORBEL_POLICY_NO_ROLLBACK, 0, &load), 0);
	serial++;
	fresh_builder();
	assert_int_equal(create_domain(TENANT_LABEL, &id), -XEN_EPERM);
	assert_int_equal(load_policy("cloud", 0, serial + 1, 30), 0);
	assert_int_equal(create_domain(TENANT_LABEL, &id), -XEN_EBUSY);
	assert_int_equal(confirm_policy(1), 0);
	assert_int_equal(create_domain(TENANT_LABEL, &id), 0);
}

/* A session posted in time does not outlive the right to post one. */
static void right_lost_meanwhile(void **state)
{
	struct corbel_policy_load load;
	struct corbel_trace record;
	uint64_t denied;

	(void)state;
	take_cloud();
	masks(edit.sid[XSM_SID_dom0], edit.sid[XSM_SID_hypervisor],
	      XSM_RELATION_SAME)[XSM_CLASS_security] &= ~(1u << XSM_PERM_security_load_policy);
	assert_int_equal(load_edited(0, 30, &load), 0);
	denied = host.audit_denied;
	records_of(CORBEL_TRACE_denied, NULL);
	load.serial++;
	assert_int_equal(load_bytes(blob, &load), -XEN_EPERM); /* the session still stands */
	assert_int_equal(host.audit_denied, denied + 1);
	assert_int_equal(records_of(CORBEL_TRACE_denied, &record), 1);
	assert_int_equal(record.subject, 0);
	assert_int_equal(record.cls, XSM_CLASS_security);
	assert_int_equal(record.perm, XSM_PERM_security_load_policy);
}

/* A call that the target's state refuses is denied, not also allowed. */
static void counted_once(void **state)
{
	struct domain *tenant = make_domain_of(TENANT_LABEL, 0);
	struct xen_domctl op = {.cmd = XEN_DOMCTL_pausedomain,
				.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
				.domain = tenant->id};
	struct corbel_policy_counter *count = policy_count(dom0->label, XSM_RIGHT(domain, pause));
	struct corbel_policy_counter before = *count;

	(void)state;
	domain_destroy(tenant);
	assert_int_equal(world_arg(dom0, __HYPERVISOR_domctl, 0, &op, sizeof(op)), -XEN_EPERM);
	assert_int_equal(count->denied, before.denied + 1);
	assert_int_equal(count->allowed, before.allowed);
}

/* What the policy allows and the hypervisor never does to another domain is on record too. */
static void refused_by_nature(void **state)
{
	struct evtchn_alloc_unbound alloc = {.remote_dom = 0};
	struct xen_remove_from_physmap remove = {.gpfn = 3};
	struct xen_add_to_physmap add = {.space = XENMAPSPACE_shared_info, .gpfn = 30};
	struct xen_hvm_param param = {.index = HVM_PARAM_CONSOLE_PFN};
	struct domain *tenant = make_domain_of(TENANT_LABEL, 0);
	struct corbel_trace record;

	(void)state;
	alloc.dom = remove.domid = add.domid = param.domid = tenant->id;
	records_of(CORBEL_TRACE_denied, NULL);
	assert_int_equal(world_arg(dom0, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
				   &alloc, sizeof(alloc)),
			 -XEN_EPERM);
	assert_int_equal(records_of(CORBEL_TRACE_denied, &record), 1);
	assert_int_equal(record.object, tenant->id);
	assert_int_equal(record.cls, XSM_CLASS_event);
	assert_int_equal(record.perm, XSM_PERM_event_create);
	assert_int_equal(world_arg(dom0, __HYPERVISOR_memory_op, XENMEM_remove_from_physmap,
				   &remove, sizeof(remove)),
			 -XEN_EPERM);
	assert_int_equal(
		world_arg(dom0, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add, sizeof(add)),
		-XEN_EPERM);
	assert_int_equal(
		world_arg(dom0, __HYPERVISOR_hvm_op, HVMOP_get_param, &param, sizeof(param)),
		-XEN_EPERM);
	assert_int_equal(records_of(CORBEL_TRACE_denied, NULL), 3);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, reload_clean)
	const struct CMUnitTest tests[] = {
		T(role_of_a_live_label), T(role_of_a_new_label),  T(live_label_as_self),
		T(new_label_as_self),    T(right_lost_meanwhile), T(counted_once),
		T(refused_by_nature),
	};

	return cmocka_run_group_tests_name("review_policy", tests, reload_setup, NULL);
}
