/* SPDX-License-Identifier: MIT */
/*
 * A long random life of the launch log against a model that only counts: how many records there
 * are, how many are stored, how many slots are promised.  Nothing that was not refused when it
 * asked for its slots may fail later (a CHECK would end this process), every refusal is foreseen,
 * and at the end the records make the root and tell the same story as the model.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include "launch/build.h"
#include "base/host.h"
#include "launch/policy.h"
#include "launch/launchlog_calls.h"
#include <xen/errno.h>

#define STEPS   20000u
#define TENANTS 4u

enum phase { NONE, CREATED, COMMITTED, READY, RUNS };

static struct model {
	uint64_t count, stored, by_type[CORBEL_LOG_type_end];
	uint32_t promised;
	bool has_session; /* the instance is not a fresh one */
	bool waits;       /* a policy for its confirmation */
	bool has_made;    /* the present instance has sealed a domain */
	uint64_t serial;
	struct domain *tenant[TENANTS], *building;
	enum phase phase;
} m;

static uint64_t room(void)
{
	return CORBEL_LOG_RING - (m.count - m.stored) - m.promised;
}

static void told(unsigned type)
{
	m.count++;
	m.by_type[type]++;
}

/* The instance ends; the next one tells of it if it ended in vain. */
static void end_instance(int status)
{
	bool fruitless = status || m.building || !m.has_made;

	if (fruitless && room() + (m.building ? 2 : 0) == 0) {
		return; /* the next one would wait for room: launchlog_ring.c's */
	}
	if (m.building) {
		m.promised -= 2;
		m.building = NULL;
	}
	builder_ended(status);
	world_settle();
	m.has_session = m.has_made = false;
	if (fruitless) {
		told(CORBEL_LOG_builder);
	}
}

static void create(void)
{
	struct corbel_build_create arg = {
		.max_pages = 64, .vcpus = 1, .weight = 256, .label = TENANT_LABEL};
	bool fits = room() >= 2;
	long rc;

	if (m.building || m.has_made) {
		return;
	}
	if (!m.has_session) {
		world_session();
		m.has_session = true;
	}
	rc = corbel(world_builder(), CORBEL_OP_build_create, &arg, sizeof(arg));
	assert_int_equal(rc, fits ? 0 : -XEN_EBUSY);
	if (fits) {
		m.building = world_domain(arg.domid);
		m.phase = CREATED;
		m.promised += 2;
	}
}

static void build_on(void)
{
	unsigned slot;

	if (!m.building) {
		return;
	}
	if (m.phase == CREATED) {
		world_commit(m.building);
	} else if (m.phase == COMMITTED) {
		world_start_vcpu(m.building);
	} else {
		for (slot = 0; slot < TENANTS && m.tenant[slot]; slot++) {
		}
		if (slot == TENANTS) {
			return;
		}
		assert_int_equal(seal_domain(m.building->id), 0);
		assert_int_equal(m.building->launch.index, m.count);
		m.tenant[slot] = m.building;
		m.building = NULL;
		m.has_made = true;
		m.promised--;
		told(CORBEL_LOG_launch);
		return;
	}
	m.phase++;
}

static void destroy(void)
{
	unsigned slot = machine_below(TENANTS);

	if (m.tenant[slot]) {
		world_destroy(m.tenant[slot]);
		m.tenant[slot] = NULL;
		m.promised--;
		told(CORBEL_LOG_destroy);
	}
}

static void report(void)
{
	bool fits = m.count - m.stored + m.promised < CORBEL_LOG_RING / 2;
	struct corbel_report arg = {.data = "words"};

	dom0->launch.report_due = 0; /* its quota is launchlog_ring.c's */
	assert_int_equal(report_by(dom0, &arg), fits ? 0 : -XEN_EBUSY);
	if (fits) {
		assert_int_equal(arg.index, m.count);
		told(CORBEL_LOG_report);
	}
}

/* load_policy() ends the instance that is there, and its own afterwards. */
static void load(void)
{
	bool stays = machine_below(3) == 0, check = machine_below(4) == 0;
	uint32_t flags = stays ? CORBEL_POLICY_NO_ROLLBACK : 0;
	unsigned needed = stays ? 1 : 2;
	bool fits;
	long rc;

	if (m.waits || m.building || room() == 0) {
		return;
	}
	if (check) {
		flags = CORBEL_POLICY_CHECK;
		needed = 0;
	}
	if (!m.has_made) {
		told(CORBEL_LOG_builder);
	}
	m.has_session = m.has_made = false;
	fits = room() >= needed;
	rc = load_policy(machine_below(2) ? "cloud" : "split", flags, m.serial + 1, flags ? 0 : 60);
	assert_int_equal(rc, fits ? 0 : -XEN_EBUSY);
	if (!fits || check) {
		return;
	}
	told(CORBEL_LOG_policy);
	m.waits = !stays;
	m.promised += m.waits;
	m.serial += stays;
}

static void decide(void)
{
	unsigned how = machine_below(3);

	if (!m.waits) {
		return;
	}
	if (how == 2) {
		machine.now += 61 * SECOND;
		policy_tick(machine.now);
	} else {
		assert_int_equal(confirm_policy(how), 0);
	}
	m.waits = false;
	m.promised--;
	if (how == 1) {
		m.serial++;
	} else {
		told(CORBEL_LOG_policy);
	}
}

/* Any first and stored; what is answered is what was written, and only what is stored is lost. */
static void read(void)
{
	struct corbel_log_record page[8];
	struct corbel_log_read op = {
		.first = m.stored + machine_below(300) - machine_below(20),
		.stored = machine_below(3) ? 0 : m.stored + machine_below(40) - machine_below(20),
		.buffer = WORLD_DATA,
		.size = machine_below(9) * 512};
	bool good = op.stored <= m.count && op.first <= m.count && op.first >= m.stored &&
		    op.first >= op.stored;

	log_keep(); /* before anything is lost */
	assert_int_equal(log_read(&op, page), good ? 0 : -XEN_ENOENT);
	if (good) {
		assert_int_equal(op.count, m.count);
		assert_memory_equal(page, &kept[op.first], op.filled);
		m.stored = op.stored > m.stored ? op.stored : m.stored;
	}
}

static void step(void)
{
	switch (machine_below(12)) {
	case 0:
	case 1:
		create();
		break;
	case 2:
	case 3:
	case 4:
		build_on();
		break;
	case 5:
		end_instance(machine_below(2) ? -5 : 0);
		break;
	case 6:
		destroy();
		break;
	case 7:
	case 8:
		report();
		break;
	case 9:
		machine_below(4) == 0 ? load() : decide();
		break;
	default:
		if (machine_below(6) == 0) {
			read();
		}
	}
}

static void check_story(void)
{
	uint64_t by_type[CORBEL_LOG_type_end] = {0};
	struct corbel_checkpoint out;
	uint8_t root[32];

	assert_int_equal(log_keep(), m.count);
	for (uint64_t i = 0; i < kept_count; i++) {
		assert_int_equal(kept[i].index, i);
		assert_true(kept[i].type > 0 && kept[i].type < CORBEL_LOG_type_end);
		by_type[kept[i].type]++;
	}
	assert_memory_equal(by_type, m.by_type, sizeof(by_type));
	assert_int_equal(checkpoint(1, &out), 0);
	assert_int_equal(out.size, kept_count);
	assert_int_equal(out.policy_switches, by_type[CORBEL_LOG_policy]);
	log_root(kept_count, root);
	assert_memory_equal(out.root, root, sizeof(root));
	machine.checkpoint = NULL;
}

static void random_life(void **state)
{
	const char *seed = getenv("CORBEL_SEED");
	uint64_t full = 0;

	(void)state;
	machine_seed(seed ? strtoull(seed, NULL, 0) : 1);
	m = (struct model){.promised = 1}; /* Dom0's end */
	m.count = log_keep();
	for (uint64_t i = 0; i < m.count; i++) {
		m.by_type[kept[i].type]++;
	}
	for (unsigned i = 0; i < STEPS && kept_count < KEPT - 2 * CORBEL_LOG_RING; i++) {
		step();
		full += room() < 2;
		assert_true(m.count - m.stored + m.promised <= CORBEL_LOG_RING);
		if (i % 100 == 0) {
			assert_int_equal(log_keep(), m.count);
		}
	}
	assert_true(full > 100 && m.stored > 2 * CORBEL_LOG_RING);
	check_story();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_life)};

	return cmocka_run_group_tests_name("launchlog_random", tests, launchlog_setup, NULL);
}
