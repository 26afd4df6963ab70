/* SPDX-License-Identifier: MIT */
/*
 * A policy loaded while domains run (launch/policy.c), on the simulated machine with the shipped
 * policies: old serials, the roll-back that nobody has to ask for, and policies that would leave a
 * live domain without a label.  What domains hold that a new policy forbids: standing.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/host.h"
#include "launch/policy.h"
#include "launch/reload_calls.h"
#include <xen/errno.h>

/* T36: a serial at or below the last one in force is refused; one that was rolled back is free. */
static void old_serial(void **state)
{
	(void)state;
	assert_int_equal(policy_info().serial, serial);
	assert_int_equal(load_policy("split", 0, serial, 10), -XEN_EINVAL);
	assert_int_equal(load_policy("split", 0, serial + 5, 10), 0);
	assert_int_equal(load_policy("cloud", 0, serial + 6, 10), -XEN_EBUSY); /* one waits */
	assert_int_equal(confirm_policy(0), 0);
	assert_int_equal(policy_info().serial, serial);
	assert_int_equal(load_policy("split", 0, serial + 5, 10), 0);
	assert_int_equal(confirm_policy(1), 0);
	serial += 5;
	assert_int_equal(policy_info().serial, serial);
	for (uint64_t old = serial - 5; old <= serial; old++) {
		assert_int_equal(load_policy("cloud", 0, old, 10), -XEN_EINVAL);
		assert_int_equal(load_policy("cloud", CORBEL_POLICY_CHECK, old, 0), -XEN_EINVAL);
		assert_int_equal(load_policy("cloud", CORBEL_POLICY_NO_ROLLBACK, old, 0),
				 -XEN_EINVAL);
	}
	assert_true(is_in_force("split"));
}

/* T37: nobody confirms, so the old policy is back after the time that was given, not before. */
static void dropped_confirm(void **state)
{
	struct corbel_policy_info info;
	struct corbel_trace record;

	(void)state;
	records_of(CORBEL_TRACE_policy, NULL);
	assert_int_equal(load_policy("split", 0, serial + 1, 30), 0);
	assert_int_equal(records_of(CORBEL_TRACE_policy, &record), 1);
	assert_int_equal(record.result, CORBEL_SWITCH_loaded);
	assert_int_equal(record.arg, serial + 1);
	info = policy_info();
	assert_int_equal(info.previous, serial);
	assert_in_range(info.seconds_left, 25, 30);
	reload_pass(20 * SECOND);
	assert_true(is_in_force("split"));
	reload_pass(11 * SECOND);
	assert_true(is_in_force("cloud"));
	assert_int_equal(records_of(CORBEL_TRACE_policy, &record), 1);
	assert_int_equal(record.result, CORBEL_SWITCH_expired);
	assert_int_equal(record.arg, serial);
	assert_int_equal(confirm_policy(1), -XEN_ENOENT); /* too late */
	assert_int_equal(confirm_policy(0), -XEN_ENOENT);
	info = policy_info();
	assert_int_equal(info.serial, serial);
	assert_int_equal(info.previous, serial);
}

/* A policy that locks everybody out is the reason why nobody has to ask. */
static void locked_out(void **state)
{
	(void)state;
	assert_int_equal(load_policy("empty", 0, serial + 1, 30), 0);
	assert_true(is_in_force("empty"));
	assert_int_equal(confirm_policy(0), -XEN_EPERM);
	assert_int_equal(confirm_policy(1), -XEN_EPERM);
	reload_pass(31 * SECOND);
	assert_true(is_in_force("cloud"));
	assert_int_equal(confirm_policy(1), -XEN_ENOENT);
}

/* T37: signed `no-rollback`, it is in force for good at once. */
static void no_rollback(void **state)
{
	(void)state;
	assert_int_equal(load_policy("split", CORBEL_POLICY_NO_ROLLBACK, ++serial, 0), 0);
	assert_int_equal(policy_info().seconds_left, 0);
	assert_int_equal(confirm_policy(0), -XEN_ENOENT);
	reload_pass(10000 * SECOND);
	assert_true(is_in_force("split"));
	assert_int_equal(policy_info().previous, serial);
}

static void bad_arguments(void **state)
{
	static const struct {
		uint32_t flags, confirm_s;
	} bad[] = {{0, 0},
		   {0, 3601},
		   {CORBEL_POLICY_NO_ROLLBACK, 1},
		   {CORBEL_POLICY_CHECK, 1},
		   {1u << 3, 10},
		   {1u << 31, 10}};
	static uint8_t blob[CORBEL_POLICY_MAX];
	struct corbel_policy_load load;
	uint32_t size = policy_file("split", blob), switches = policy_info().switches;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(load_policy("split", bad[i].flags, serial + 1, bad[i].confirm_s),
				 -XEN_EINVAL);
	}
	policy_session();
	for (unsigned i = 0; i < 4; i++) {
		static const uint32_t sizes[] = {0, CORBEL_POLICY_MAX + 1, 0x80000000u, ~0u};

		load = (struct corbel_policy_load){
			.size = sizes[i], .serial = serial + 1, .confirm_s = 10};
		assert_int_equal(load_bytes(blob, &load), -XEN_EINVAL);
	}
	load = (struct corbel_policy_load){
		.size = size, .serial = serial + 1, .flags = CORBEL_POLICY_CHECK, .pad = 1};
	assert_int_equal(load_bytes(blob, &load), -XEN_EINVAL);
	/* Whatever one byte is changed to, the answer is a reason, and nothing changes. */
	for (uint32_t at = 0; at < size; at += 1 + machine_below(64)) {
		uint8_t byte = blob[at];
		long rc;

		blob[at] ^= (uint8_t)(1u << machine_below(8));
		load = (struct corbel_policy_load){
			.size = size, .serial = serial + 1, .flags = CORBEL_POLICY_CHECK};
		rc = load_bytes(blob, &load);
		assert_in_range(rc, 0, 1);
		assert_int_equal(rc == 0, load.reason[0] == 0);
		blob[at] = byte;
	}
	assert_true(is_in_force("cloud"));
	assert_int_equal(policy_info().switches, switches);
}

/* An instance that builds has seen an image and may be the image's: it cannot load a policy, and
 * one that loads cannot build. */
static void one_kind_of_session(void **state)
{
	static uint8_t blob[CORBEL_POLICY_MAX];
	struct corbel_policy_load load = {.serial = serial + 1, .confirm_s = 10};
	struct corbel_build_create create = {
		.max_pages = 64, .vcpus = 1, .weight = 256, .label = TENANT_LABEL};
	uint64_t denied = host.audit_denied;
	uint16_t domid;

	(void)state;
	load.size = policy_file("split", blob);
	fresh_builder(); /* no session at all */
	assert_int_equal(load_bytes(blob, &load), -XEN_EPERM);
	assert_int_equal(create_domain(TENANT_LABEL, &domid), 0);
	assert_int_equal(load_bytes(blob, &load), -XEN_EPERM);
	policy_session();
	assert_int_equal(world_arg(world_builder(), CORBEL_HYPERCALL, CORBEL_OP_build_create,
				   &create, sizeof(create)),
			 -XEN_EPERM);
	assert_int_equal(host.audit_denied, denied + 3);
	assert_true(is_in_force("cloud"));
	assert_int_equal(load_bytes(blob, &load), 0);
	assert_int_equal(load_bytes(blob, &load), -XEN_EINVAL);
	assert_int_equal(confirm_policy(0), 0);
}

/* The monitor's floor is asked again at every load. */
static void below_the_floor(void **state)
{
	static uint8_t blob[CORBEL_POLICY_MAX];
	struct corbel_policy_load load = {.serial = serial + 1, .confirm_s = 10};
	struct xsm_policy p;
	const char *why;
	uint32_t *mask;

	(void)state;
	policy_session();
	load.size = policy_file("cloud", blob);
	assert_int_equal(xsm_policy_parse(&p, blob, load.size, &why), 0);
	mask = (uint32_t *)(uintptr_t)xsm_masks(&p, p.sid[XSM_SID_dom0], p.sid[XSM_SID_hypervisor],
						XSM_RELATION_SAME);
	mask[XSM_CLASS_security] |= 1u << XSM_PERM_security_setenforce;
	assert_int_equal(load_bytes(blob, &load), 1);
	assert_non_null(strstr(load.reason, "floor: security:setenforce"));
	assert_true(is_in_force("cloud"));
}

/* A live label that the new policy lacks, or counts as another kind, keeps it out. */
static void missing_label(void **state)
{
	static uint8_t blob[CORBEL_POLICY_MAX];
	struct corbel_policy_load load;
	struct xsm_label label;
	struct xsm_policy p;
	struct domain *lab;
	const char *why;
	uint32_t free_slots;

	(void)state;
	assert_int_equal(load_policy("lab", CORBEL_POLICY_NO_ROLLBACK, ++serial, 0), 0);
	lab = make_domain_of(LAB_LABEL, 1);
	free_slots = reload_log_room();
	assert_int_equal(load_policy("cloud", 0, serial + 1, 10), 1);
	/* It gave back what it had reserved; the instance that has done nothing took one. */
	assert_int_equal(reload_log_room(), free_slots - 1);
	assert_non_null(strstr(last_load.reason, LAB_LABEL));
	assert_true(is_in_force("lab"));
	assert_int_equal(policy_info().seconds_left, 0);
	world_destroy(lab);
	assert_int_equal(load_policy("cloud", CORBEL_POLICY_NO_ROLLBACK, ++serial, 0), 0);
	/* The kind: a tenant's label that is nobody's in the next policy. */
	lab = make_domain_of(TENANT_LABEL, 0);
	load = (struct corbel_policy_load){
		.size = policy_file("cloud", blob), .serial = serial + 1, .confirm_s = 10};
	assert_int_equal(xsm_policy_parse(&p, blob, load.size, &why), 0);
	assert_int_equal(xsm_label_by_name(&p, TENANT_LABEL, &label), 0);
	((struct xsm_blob_context *)(uintptr_t)p.context)[label.ctx].flags = 0;
	policy_session();
	assert_int_equal(load_bytes(blob, &load), 1);
	assert_non_null(strstr(load.reason, TENANT_LABEL));
	assert_true(is_in_force("cloud"));
}

/* A create whose label could not survive a roll-back waits for the confirmation. */
static void create_while_waiting(void **state)
{
	uint16_t domid;

	(void)state;
	assert_int_equal(load_policy("lab", 0, serial + 1, 30), 0);
	assert_int_equal(create_domain(LAB_LABEL, &domid), -XEN_EBUSY);
	assert_int_equal(create_domain(TENANT_LABEL, &domid), 0);
	fresh_builder();
	assert_int_equal(confirm_policy(1), 0);
	serial++;
	assert_int_equal(create_domain(LAB_LABEL, &domid), 0);
	fresh_builder();
	assert_int_equal(load_policy("cloud", 0, serial + 1, 30), 0);
	assert_int_equal(create_domain(LAB_LABEL, &domid), -XEN_ENOENT);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, reload_clean)
	const struct CMUnitTest tests[] = {
		T(one_kind_of_session), T(bad_arguments),   T(below_the_floor),
		T(old_serial),          T(dropped_confirm), T(locked_out),
		T(no_rollback),         T(missing_label),   T(create_while_waiting),
	};

	return cmocka_run_group_tests_name("reload", tests, reload_setup, NULL);
}
