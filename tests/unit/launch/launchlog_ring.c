/* SPDX-License-Identifier: MIT */
/*
 * The launch log's ring on the simulated machine: who may have a record written and how often, what
 * is refused while Dom0 stores nothing, and what never is, and what Dom0 can make of log_read.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "launch/build.h"
#include "base/host.h"
#include "launch/policy.h"
#include "launch/launchlog_calls.h"
#include "measured-boot/image/measure.h"
#include <xen/errno.h>

/* ---- reports ------------------------------------------------------------------------------ */

static unsigned reports_until_refused(struct domain *d)
{
	struct corbel_report report = {.data = "x"};
	unsigned n = 0;

	while (report_by(d, &report) == 0) {
		n++;
		assert_true(n < 1000);
	}
	assert_int_equal(report_by(d, &report), -XEN_EBUSY);
	return n;
}

static void report_quota(void **state)
{
	struct domain *one = world_tenant(true), *two = world_tenant(true);

	(void)state;
	assert_int_equal(reports_until_refused(one), 16);
	assert_int_equal(reports_until_refused(two), 16); /* of its own */
	machine.now += 9999980000ull;                     /* looking at the clock takes time here */
	assert_int_equal(reports_until_refused(one), 0);
	machine.now += 20000;
	assert_int_equal(reports_until_refused(one), 1);
	machine.now += 30 * 1000000000ull;
	assert_int_equal(reports_until_refused(one), 3);
	machine.now += 10000 * 1000000000ull;
	log_store();
	assert_int_equal(reports_until_refused(one), 16); /* a long silence saves nothing up */
}

/* Reports fill half of the ring; the other half is for what the host itself must say. */
static void report_half(void **state)
{
	struct domain *d = world_tenant(true), *other = world_tenant(true);
	uint64_t stored, sum = 0;

	(void)state;
	log_store();
	stored = kept_count;
	while (sum < CORBEL_LOG_RING) {
		unsigned n = reports_until_refused(d);

		sum += n;
		if (n == 0) {
			break;
		}
		machine.now += 200 * 1000000000ull;
	}
	/* less the slots of three domains' ends */
	assert_int_equal(sum, CORBEL_LOG_RING / 2 - 3);
	assert_int_equal(log_keep(), stored + sum);
	assert_int_equal(reports_until_refused(other), 0);
	world_destroy(other); /* a launch's place becomes a record: as full as before */
	assert_int_equal(reports_until_refused(d), 0);
	world_destroy(world_tenant(true));
	log_store();
	assert_int_equal(reports_until_refused(d), 16);
}

/* ---- the ring ------------------------------------------------------------------------------ */

/* Launches and ends until a create is refused; leaves the domains in `alive`. */
static unsigned fill(struct domain *alive[], unsigned most)
{
	unsigned n = 0;
	uint16_t id;

	while (n < most) {
		struct corbel_build_create create = {
			.max_pages = 64, .vcpus = 1, .weight = 256, .label = TENANT_LABEL};
		struct domain *d;

		world_session();
		if (corbel(world_builder(), CORBEL_OP_build_create, &create, sizeof(create))) {
			break;
		}
		id = create.domid;
		d = world_domain(id);
		world_commit(d);
		world_start_vcpu(d);
		world_seal(d, false);
		if (n < 3) {
			alive[n] = d;
		} else {
			world_destroy(d);
		}
		n++;
	}
	return n;
}

static void ring_full(void **state)
{
	struct corbel_build_create create = {
		.max_pages = 64, .vcpus = 1, .weight = 256, .label = TENANT_LABEL};
	struct domain *alive[3];
	struct corbel_log_read op;
	uint64_t stored = log_keep(), before;
	struct corbel_report report = {.data = ""};

	(void)state;
	/* Dom0 has one slot set aside; each launched and ended domain takes two. */
	assert_int_equal(fill(alive, 1000), (CORBEL_LOG_RING - 1) / 2);
	assert_int_equal(corbel(world_builder(), CORBEL_OP_build_create, &create, sizeof(create)),
			 -XEN_EBUSY);
	assert_int_equal(report_by(dom0, &report), -XEN_EBUSY);
	assert_int_equal(load_policy("split", CORBEL_POLICY_NO_ROLLBACK, ++serial, 0), -XEN_EBUSY);
	assert_true(is_in_force("cloud"));
	before = log_keep();
	for (unsigned i = 0; i < 3; i++) { /* ends are never refused, nor lost */
		world_destroy(alive[i]);
	}
	assert_int_equal(log_keep(), before + 3);
	assert_true(kept_count - stored <= CORBEL_LOG_RING);
	/* One record stored is one free, two are a domain. */
	op = (struct corbel_log_read){.first = kept_count, .stored = stored + 2};
	assert_int_equal(log_read(&op, NULL), 0);
	world_session();
	assert_int_equal(corbel(world_builder(), CORBEL_OP_build_create, &create, sizeof(create)),
			 0);
}

/* A refused create, for whatever reason, gives back what was set aside for it. */
static void refused_creates_take_nothing(void **state)
{
	struct corbel_build_create bad = {
		.max_pages = 64, .vcpus = 1, .weight = 256, .label = "system_u:system_r:none.t"};
	uint16_t id;

	(void)state;
	world_session();
	for (unsigned i = 0; i < 2 * CORBEL_LOG_RING; i++) {
		struct corbel_build_create arg = bad;

		assert_int_equal(corbel(world_builder(), CORBEL_OP_build_create, &arg, sizeof(arg)),
				 -XEN_ENOENT);
		copy_string(arg.label, sizeof(arg.label), TENANT_LABEL);
		arg.max_pages = 1ull << 40;
		assert_int_not_equal(
			corbel(world_builder(), CORBEL_OP_build_create, &arg, sizeof(arg)), 0);
	}
	fresh_builder();
	for (unsigned i = 0; i < CORBEL_LOG_RING; i++) { /* nor does a build that is given up */
		if (create_domain(TENANT_LABEL, &id)) {
			fail_msg("create %u is refused", i);
		}
		fresh_builder();
		log_store();
	}
}

/* An instance that ended in vain is on record before the next one starts, or that one waits. */
static void builder_waits_for_room(void **state)
{
	struct domain *alive[3];
	struct corbel_log_read op = {0};
	uint64_t before, stored = log_keep();
	uint32_t instance;

	(void)state;
	fill(alive, 1000);
	end_fruitless(-7); /* the last free slot */
	before = log_keep();
	assert_int_equal(before + 4 - stored, CORBEL_LOG_RING); /* 4: ends to come */
	instance = world_builder()->build.instance;
	builder_ended(-8);
	for (unsigned i = 0; i < 100; i++) {
		IGNORED(domain_reap(4096));
		machine_settle();
		builder_tick(machine.now);
	}
	assert_null(builder_current());
	op = (struct corbel_log_read){.first = before, .stored = stored + 1};
	assert_int_equal(log_read(&op, NULL), 0);
	world_settle();
	assert_int_equal(world_builder()->build.instance, instance + 1);
	assert_int_equal(log_keep(), before + 1);
	assert_int_equal(kept[before].type, CORBEL_LOG_builder);
	assert_int_equal(kept[before].body.builder.status, -8);
	assert_int_equal(kept[before].body.builder.ended, instance);
}

/* ---- log_read ------------------------------------------------------------------------------- */

static void read_refusals(void **state)
{
	struct corbel_log_read op;
	uint64_t count, stored;

	(void)state;
	world_tenant(true);
	world_tenant(true);
	world_tenant(true);
	count = log_keep();
	stored = count - 3;
#define READ(expected, ...)                                                                        \
	do {                                                                                       \
		op = (struct corbel_log_read){__VA_ARGS__};                                        \
		assert_int_equal(log_read(&op, NULL), expected);                                   \
	} while (0)
	READ(-XEN_ENOENT, .first = stored - 1); /* no longer kept */
	READ(-XEN_ENOENT, .first = 0);
	READ(-XEN_ENOENT, .first = count + 1);
	READ(-XEN_ENOENT, .first = UINT64_MAX);
	READ(-XEN_ENOENT, .first = count, .stored = count + 1);
	READ(-XEN_ENOENT, .first = count, .stored = UINT64_MAX);
	READ(-XEN_ENOENT, .first = stored, .stored = count); /* would be forgotten by then */
	READ(-XEN_EINVAL, .first = stored, .size = 511, .buffer = WORLD_DATA);
	READ(-XEN_EINVAL, .first = stored, .size = 4608, .buffer = WORLD_DATA);
	READ(-XEN_EINVAL, .first = stored, .size = 0xFFFFFE00, .buffer = WORLD_DATA);
	READ(-XEN_EFAULT, .first = stored + 1, .stored = stored + 1, .size = 512,
	     .buffer = 0x123456789000);
	READ(0, .first = stored, .size = 512, .buffer = WORLD_DATA); /* none of that stored any */
	assert_int_equal(op.filled, 512);
	assert_int_equal(op.count, count);
	READ(0, .first = count - 1, .size = 4096, .buffer = WORLD_DATA);
	assert_int_equal(op.filled, 512);
	READ(0, .first = stored, .size = 0);
	assert_int_equal(op.filled, 0);
	READ(0, .first = stored + 2, .stored = stored + 2, .size = 512, .buffer = WORLD_DATA);
	READ(-XEN_ENOENT, .first = stored + 1);
	READ(0, .first = stored + 2, .stored = 0); /* what is stored stays so */
	READ(-XEN_ENOENT, .first = stored + 1);
#undef READ
}

/* Every first and size, over the place where the ring begins anew. */
static void read_anywhere(void **state)
{
	struct corbel_log_record page[8];
	struct domain *alive[3];
	uint64_t stored;

	(void)state;
	do { /* half a ring beyond its beginning */
		log_store();
		world_destroy(world_tenant(true));
	} while (log_keep() % CORBEL_LOG_RING < CORBEL_LOG_RING / 2);
	log_store();
	stored = kept_count;
	fill(alive, 1000);
	log_keep();
	for (uint64_t first = stored; first <= kept_count; first++) {
		struct corbel_log_read op = {.first = first,
					     .size = (uint32_t)(1 + machine_below(8)) * 512,
					     .buffer = WORLD_DATA};
		uint32_t n;

		assert_int_equal(log_read(&op, page), 0);
		n = op.filled / 512;
		assert_true(n <= op.size / 512 && first + n <= kept_count);
		assert_true(n > 0 || first == kept_count);
		assert_memory_equal(page, &kept[first], op.filled);
	}
}

/* A roll-back cannot be kept from the log, however full it is. */
static void rollback_has_its_slot(void **state)
{
	struct domain *alive[3];
	struct corbel_report report = {.data = ""};
	uint64_t before;

	(void)state;
	assert_int_equal(load_policy("split", 0, ++serial, 3600), 0);
	assert_int_equal(report_by(dom0, &report), 0); /* so that not one slot is left over */
	assert_int_equal(fill(alive, 1000), (CORBEL_LOG_RING - 5) / 2);
	before = log_keep();
	machine.now += 3601 * 1000000000ull;
	policy_tick(machine.now);
	assert_int_equal(log_keep(), before + 1);
	assert_int_equal(kept[before].body.policy_change.reason, CORBEL_SWITCH_expired);
	assert_true(is_in_force("cloud"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, NULL, launchlog_clean)
	const struct CMUnitTest tests[] = {
		TEST(report_quota),
		TEST(report_half),
		TEST(ring_full),
		TEST(refused_creates_take_nothing),
		TEST(builder_waits_for_room),
		TEST(read_refusals),
		TEST(read_anywhere),
		TEST(rollback_has_its_slot),
	};

	return cmocka_run_group_tests_name("launchlog_ring", tests, launchlog_setup, NULL);
}
