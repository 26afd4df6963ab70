/* SPDX-License-Identifier: MIT */
/*
 * Whose turn it is (domain/sched.h): shares by the domain's weight whatever its number of vCPUs,
 * sleepers, yields; and that a builder's limit does not count what it waits for the CPU.  Each run
 * of a guest uses up its slice.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "cpu/percpu.h"
#include "domain/sched.h"
#include "domain/vcpu.h"
#include "domain/memory.h"
#include "launch/build.h"
#include "sim/world.h"
#include <xen/errno.h>

static void loaded(struct virt_vcpu *v)
{
	assert_null(this_cpu()->current);
	(void)v;
}

static void saved(struct virt_vcpu *v)
{
	assert_ptr_equal(this_cpu()->current, vcpu_of(v));
}

/* Runs to the end of its slice; the timer ends it. */
static enum virt_action spin(struct virt_vcpu *v)
{
	assert_ptr_equal(this_cpu()->current, vcpu_of(v));
	machine.now += 5000000ull;
	this_cpu()->need_resched = true;
	return VIRT_RESUME;
}

/* The file itself, on a processor that is a clock. */
#define virt_load loaded
#define virt_save saved
#define virt_run  spin
#include "domain/sched.c"

static struct domain *one, *many;

/* Of a tenant with so many vCPUs, all of which want to run. */
static struct domain *spinning(uint32_t vcpus)
{
	struct domain *d = world_tenant(true);

	d->vcpu_count = MAX(d->vcpu_count, vcpus);
	for (uint32_t i = 0; i < vcpus; i++) {
		if (!d->vcpu[i]) {
			assert_non_null(vcpu_create(d, i));
		}
		sched_wake(d->vcpu[i]);
	}
	return d;
}

static void all_sleep(void)
{
	for (struct vcpu *v = sched_list(); v; v = v->next) {
		if (v->domain != one && v->domain != many) {
			sched_sleep(v, VCPU_blocked);
		}
	}
}

static uint64_t used(const struct domain *d)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		sum += sched_cpu_time(d->vcpu[i]);
	}
	return sum;
}

static struct vcpu *turn(void)
{
	struct vcpu *v = sched_choose(machine.now);

	assert_non_null(v);
	assert_true(sched_run(v, ~0ull));
	return v;
}

static int setup(void **state)
{
	struct domain *dom0;

	(void)state;
	world_init("cloud");
	dom0 = world_create(true);
	world_commit(dom0);
	world_start_vcpu(dom0);
	world_seal(dom0, true);
	one = spinning(1);
	many = spinning(8);
	all_sleep();
	return 0;
}

/* Ratio of what each used in `turns`, in percent: many to one. */
static uint64_t ratio(unsigned turns)
{
	uint64_t first = used(one), second = used(many);

	while (turns-- > 0) {
		turn();
	}
	return (used(many) - second) * 100 / (used(one) - first);
}

static void domains_share(void **state)
{
	uint64_t least = ~0ull, most = 0;

	(void)state;
	assert_in_range(ratio(400), 97, 103);
	for (uint32_t i = 0; i < many->vcpu_count; i++) { /* and its vCPUs among each other */
		least = MIN(least, sched_cpu_time(many->vcpu[i]));
		most = MAX(most, sched_cpu_time(many->vcpu[i]));
	}
	assert_true(most - least < 2 * SLICE_NS);
}

static void weight_counts(void **state)
{
	(void)state;
	many->launch.record.weight = 512;
	assert_in_range(ratio(600), 195, 205);
	many->launch.record.weight = 64;
	assert_in_range(ratio(1000), 23, 27);
	many->launch.record.weight = 256;
}

/* Who slept is next, and not alone for as long as it slept. */
static void sleeper(void **state)
{
	unsigned ahead = 0;

	(void)state;
	sched_sleep(one->vcpu[0], VCPU_blocked);
	for (unsigned i = 0; i < 500; i++) {
		assert_ptr_equal(turn()->domain, many);
	}
	sched_wake(one->vcpu[0]);
	while (turn()->domain == one) {
		ahead++;
		assert_true(ahead <= 4);
	}
	assert_true(ahead >= 1);
	assert_in_range(ratio(200), 90, 110);
}

static void yielding(void **state)
{
	(void)state;
	one->launch.record.weight = 60000; /* hardly used any: its turn again and again */
	for (unsigned i = 0; i < 20; i++) {
		while (turn()->domain != one) {
		}
		assert_ptr_equal(turn()->domain, one);
		sched_yield(one->vcpu[0]);
		assert_ptr_equal(turn()->domain, many);
	}
	one->launch.record.weight = 256;
	for (uint32_t i = 0; i < many->vcpu_count; i++) {
		sched_sleep(many->vcpu[i], VCPU_blocked);
	}
	sched_yield(turn()); /* nobody else: it goes on */
	assert_ptr_equal(turn(), one->vcpu[0]);
	for (uint32_t i = 0; i < many->vcpu_count; i++) {
		sched_wake(many->vcpu[i]);
	}
}

/* Put to sleep right after a run that left it runnable, as a stub whose time is up: it waits for
 * nothing, and the limit of its session goes on. */
static void asleep_waits_not(void **state)
{
	struct vcpu *v;
	uint64_t before;

	(void)state;
	v = turn();
	sched_sleep(v, VCPU_offline);
	before = sched_wait_time(v);
	machine.now += 1000000000ull;
	assert_int_equal(sched_wait_time(v), before);
	sched_wake(v);
}

/* A busy host does not end a build: only what the session takes is counted. */
static void builder_limit(void **state)
{
	struct domain *builder = world_builder();
	uint32_t instance = builder->build.instance;

	(void)state;
	world_session();
	sched_wake(builder->vcpu[0]); /* wants to run, and never gets its turn */
	machine.now += 3600 * 1000000000ull;
	builder_tick(machine.now);
	assert_int_equal(builder->state, CORBEL_DOM_running);
	sched_sleep(builder->vcpu[0], VCPU_blocked);
	machine.now += 599 * 1000000000ull;
	builder_tick(machine.now);
	assert_int_equal(builder->state, CORBEL_DOM_running);
	machine.now += 2 * 1000000000ull;
	builder_tick(machine.now);
	world_settle();
	assert_int_equal(world_builder()->build.instance, instance + 1);
}

static long by_builder(uint64_t op, void *arg, size_t size)
{
	return world_arg(world_builder(), CORBEL_HYPERCALL, op, arg, size);
}

static void seconds(uint64_t count)
{
	machine.now += count * 1000000000ull;
	builder_tick(machine.now);
}

/* Nor does it for the unpacker of what is built; of both waits the longer counts, not their sum. */
static void builder_limit_stub(void **state)
{
	struct domain *builder = world_builder(), *d = world_create(false);
	struct corbel_build_stub stub = {.domid = d->id, .trap = BLOCK_SIZE, .budget_ms = 1};
	struct corbel_build_wait wait = {.domid = d->id};
	uint32_t instance = builder->build.instance;

	(void)state;
	world_commit(d);
	assert_int_equal(domain_populate(d, (gfn_t){512}, BLOCK_ORDER), 0);
	assert_int_equal(by_builder(CORBEL_OP_build_stub, &stub, sizeof(stub)), 0);
	assert_int_equal(by_builder(CORBEL_OP_build_wait, &wait, sizeof(wait)), -XEN_EAGAIN);
	seconds(1100); /* the unpacker wants to run, and never gets its turn */
	assert_int_equal(builder->state, CORBEL_DOM_running);
	d->vcpu[0]->virt.vmcb->rip = BLOCK_SIZE;
	build_stub_trapped(d->vcpu[0], BLOCK_SIZE);
	assert_int_equal(by_builder(CORBEL_OP_build_wait, &wait, sizeof(wait)), 0);
	assert_null(d->vcpu[0]);
	seconds(550); /* now the instance does */
	assert_int_equal(builder->state, CORBEL_DOM_running);
	seconds(60);
	world_settle();
	assert_int_equal(world_builder()->build.instance, instance + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains_share),
		cmocka_unit_test(weight_counts),
		cmocka_unit_test(sleeper),
		cmocka_unit_test(yielding),
		cmocka_unit_test(asleep_waits_not),
		cmocka_unit_test(builder_limit),
		cmocka_unit_test(builder_limit_stub),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
