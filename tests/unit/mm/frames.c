/* SPDX-License-Identifier: MIT */
/*
 * The frame table (mm/frames.c) against a model that is one array: random hand-outs, references,
 * flushes of three CPUs and scrubs, and after each step INV-FRAME-1 to 3: state, owner and
 * references of every frame as the model says, nothing handed out before every CPU has passed the
 * flush noted for it, nothing handed out that is not zero.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "sim/machine.h"
/* The file itself, for its private table. */
#include "mm/frames.c"
#include "cpu/percpu.h"

#define CPUS   3u
#define OWNERS 4u
#define STEPS  40000u

struct model {
	uint8_t state;
	uint16_t owner;
	uint32_t refs;
	uint64_t epoch; /* must have passed at the next hand-out */
};
static struct model model[MACHINE_FRAMES];
static uint32_t fifo[MACHINE_FRAMES], fifo_first, fifo_count; /* dirty frames in order */
static uint64_t model_freed, model_scrubbed;

static struct model *at(uint64_t n)
{
	return &model[n - MACHINE_FIRST];
}

static int setup(void **state)
{
	(void)state;
	machine_init();
	percpu_count = CPUS;
	for (uint32_t i = 0; i < MACHINE_FRAMES; i++) {
		model[i].state = i + MACHINE_FIRST == MACHINE_HOLE ? FRAME_ABSENT : FRAME_FREE;
		model[i].owner = OWNER_NONE;
	}
	return 0;
}

static uint64_t count_state(uint8_t state)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < MACHINE_FRAMES; i++) {
		n += model[i].state == state;
	}
	return n;
}

/* Whether some whole block is free. */
static bool block_is_free(void)
{
	for (uint32_t b = 0; b < MACHINE_BLOCKS; b++) {
		uint32_t n = 0;

		while (n < 512 && model[b * 512 + n].state == FRAME_FREE) {
			n++;
		}
		if (n == 512) {
			return true;
		}
	}
	return false;
}

static uint64_t slowest_cpu(void)
{
	uint64_t least = ~0ull;

	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		least = MIN(least, percpu_area[cpu].tlb_epoch);
	}
	return least;
}

static void compare(void)
{
	struct frame_counts c = frames_count();

	assert_int_equal(c.free, count_state(FRAME_FREE));
	assert_int_equal(c.dirty, fifo_count);
	assert_int_equal(c.freed, model_freed);
	assert_int_equal(c.scrubbed, model_scrubbed);
	assert_int_equal(c.freed - c.scrubbed, c.dirty);
	assert_int_equal(machine.slots_now, 0);
	for (uint32_t i = 0; i < MACHINE_FRAMES; i++) {
		frame_t f = {i + MACHINE_FIRST};

		assert_int_equal(frame_refs(f), model[i].refs);
		assert_int_equal(frame_owner(f),
				 model[i].state == FRAME_OWNED ? model[i].owner : OWNER_NONE);
	}
}

static void do_alloc(unsigned order)
{
	uint16_t owner = (uint16_t)machine_below(OWNERS);
	frame_t f;
	int rc = frames_alloc(owner, order, &f);

	if (rc) {
		/* what is dirty is to come back */
		assert_int_equal(rc, fifo_count ? -XEN_EAGAIN : -XEN_ENOMEM);
		assert_true(order ? !block_is_free() : count_state(FRAME_FREE) == 0);
		return;
	}
	assert_int_equal(f.n & ((1u << order) - 1), 0);
	for (uint64_t n = f.n; n < f.n + (1u << order); n++) {
		assert_int_equal(at(n)->state, FRAME_FREE);
		assert_true(at(n)->epoch <= slowest_cpu()); /* INV-FRAME-3 */
		assert_true(machine_is_zero((frame_t){n}));
		*at(n) = (struct model){.state = FRAME_OWNED, .owner = owner, .refs = 1};
		machine_fill((frame_t){n}, 0xC0 + (uint8_t)owner);
	}
}

static void do_put(uint64_t n)
{
	uint64_t before = tlb_current();

	frame_put((frame_t){n});
	if (--at(n)->refs == 0) {
		at(n)->state = FRAME_DIRTY;
		at(n)->epoch = before + 1; /* a flush that was not asked for before */
		fifo[(fifo_first + fifo_count++) % MACHINE_FRAMES] = (uint32_t)n;
		model_freed++;
	}
}

static void do_scrub(uint64_t max)
{
	uint64_t left = frames_scrub(max);

	while (max-- && fifo_count && at(fifo[fifo_first])->epoch <= slowest_cpu()) {
		at(fifo[fifo_first])->state = FRAME_FREE;
		fifo_first = (fifo_first + 1) % MACHINE_FRAMES;
		fifo_count--;
		model_scrubbed++;
	}
	assert_int_equal(left, fifo_count);
}

static void one_step(bool filling)
{
	uint64_t n = MACHINE_FIRST + machine_below(MACHINE_FRAMES);
	uint16_t owner = (uint16_t)machine_below(OWNERS);
	uint32_t dice = machine_below(100);

	if (dice < 3) {
		do_alloc(BLOCK_ORDER);
	} else if (dice < (filling ? 60u : 20u)) {
		do_alloc(0);
	} else if (dice < 70) {
		bool ok = at(n)->state == FRAME_OWNED && at(n)->owner == owner;

		assert_int_equal(frame_get((frame_t){n}, owner), ok);
		at(n)->refs += ok;
	} else if (dice < 95) {
		/* whole neighbourhoods, so that blocks come together again */
		for (uint64_t i = n & ~63ull; i < (n & ~63ull) + (filling ? 1 : 64); i++) {
			if (at(i)->refs) {
				do_put(i);
			}
		}
	} else if (dice < 97) {
		machine_sync(machine_below(CPUS));
	} else {
		do_scrub(machine_below(700));
	}
}

static void give_everything_back(void)
{
	for (uint32_t i = 0; i < MACHINE_FRAMES; i++) {
		while (model[i].refs) {
			do_put(i + MACHINE_FIRST);
		}
	}
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		machine_sync(cpu);
	}
	do_scrub(~0ull);
	compare();
	assert_int_equal(frames_count().free, frames_count().total);
}

static void random_operations(void **state)
{
	(void)state;
	machine_seed(1);
	for (uint32_t i = 0; i < STEPS; i++) {
		one_step(i / 4000 % 2 == 0);
		if (i % 500 == 0) {
			compare();
		}
	}
	give_everything_back();
}

/* Single frames that come back make blocks again, in whatever order they come. */
static void blocks_merge(void **state)
{
	uint32_t order[MACHINE_FRAMES];
	uint64_t total = frames_count().total;
	frame_t f;

	(void)state;
	for (uint32_t i = 0; i < total; i++) {
		do_alloc(0);
	}
	assert_int_equal(frames_alloc(0, 0, &f), -XEN_ENOMEM);
	assert_int_equal(frames_alloc(0, BLOCK_ORDER, &f), -XEN_ENOMEM);
	for (uint32_t i = 0; i < MACHINE_FRAMES; i++) {
		order[i] = i;
	}
	for (uint32_t i = MACHINE_FRAMES - 1; i > 0; i--) {
		uint32_t j = machine_below(i + 1), swap = order[i];

		order[i] = order[j];
		order[j] = swap;
	}
	for (uint32_t i = 0; i < MACHINE_FRAMES; i++) {
		if (model[order[i]].refs) {
			do_put(order[i] + MACHINE_FIRST);
		}
	}
	give_everything_back();
	for (uint32_t b = 0; b < MACHINE_BLOCKS - 1; b++) {
		do_alloc(BLOCK_ORDER);
	}
	/* the last block has the hole */
	assert_int_equal(frames_alloc(0, BLOCK_ORDER, &f), -XEN_ENOMEM);
	give_everything_back();
	frames_add_region((uint64_t)MACHINE_HOLE << PAGE_SHIFT, PAGE_SIZE);
	at(MACHINE_HOLE)->state = FRAME_FREE;
	for (uint32_t b = 0; b < MACHINE_BLOCKS; b++) {
		do_alloc(BLOCK_ORDER);
	}
	give_everything_back();
}

/* INV-FRAME-3, one CPU after the other. */
static void flush_before_reuse(void **state)
{
	frame_t f;

	(void)state;
	assert_int_equal(frames_alloc(1, 0, &f), 0);
	machine_fill(f, 0xEE);
	frame_put(f);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		assert_int_equal(frames_scrub(10), 1);
		assert_false(machine_is_zero(f));
		machine_sync(cpu);
	}
	assert_int_equal(frames_scrub(10), 0);
	assert_true(machine_is_zero(f));
	model_freed++;
	model_scrubbed++;
	compare();
}

static void references(void **state)
{
	frame_t f, beyond = {table_frames}, hole = {MACHINE_HOLE - 1};

	(void)state;
	assert_int_equal(frames_alloc(2, 0, &f), 0);
	assert_false(frame_get(f, 1)); /* another owner */
	assert_int_equal(frame_refs(f), 1);
	assert_true(frame_get(f, 2));
	assert_int_equal(frame_refs(f), 2);
	frame_put(f);
	assert_false(frame_get(beyond, 2));
	assert_false(frame_get((frame_t){~0ull}, 2));
	assert_false(frame_get((frame_t){0}, 2));
	assert_false(frame_get(hole, OWNER_NONE)); /* free */
	assert_int_equal(frame_owner(beyond), OWNER_NONE);
	assert_int_equal(frame_refs(beyond), 0);
	/* saturation: no count ever wraps to "unused" */
	table[f.n].refs = REFS_SATURATED - 1;
	assert_true(frame_get(f, 2));
	assert_false(frame_get(f, 2));
	assert_int_equal(frame_refs(f), REFS_SATURATED);
	table[f.n].refs = 1;
	frame_put(f);
	assert_false(frame_get(f, 2)); /* dirty */
	machine_settle();
	assert_false(frame_get(f, 2)); /* free */
	/* one put too many is a broken hypervisor */
	if (machine_catch() == 0) {
		frame_put(f);
		fail();
	}
	if (machine_catch() == 0) {
		frame_put(beyond);
		fail();
	}
}

/* An epoch is kept in 32 bits; the comparison must survive the wrap. */
static void epoch_wrap(void **state)
{
	(void)state;
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		machine_sync(cpu);
	}
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t epoch = tlb_request();

		assert_false(tlb_passed(epoch));
		machine_sync(0);
		machine_sync(1);
		assert_false(tlb_passed(epoch));
		machine_sync(2);
		assert_true(tlb_passed(epoch));
		assert_true(tlb_passed(epoch - i));
		assert_false(machine_sync(2)); /* nothing new: no flush */
	}
}

/* T16, in a panic: what guests have and what they had, whoever uses the slots at that moment. */
static void wiped(void **state)
{
	frame_t owned, left;

	(void)state;
	assert_int_equal(frames_alloc(1, 0, &owned), 0);
	assert_int_equal(frames_alloc(1, 0, &left), 0);
	machine_fill(owned, 0xD0);
	machine_fill(left, 0xD1);
	frame_put(left);
	percpu_area[0].slots_used = MAP_SLOTS;
	frames_wipe();
	assert_int_equal(percpu_area[0].slots_used, 0);
	assert_true(machine_is_zero(owned));
	assert_true(machine_is_zero(left));
	assert_int_equal(machine.slots_now, 0);
	frame_put(owned);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),  cmocka_unit_test(blocks_merge),
		cmocka_unit_test(flush_before_reuse), cmocka_unit_test(references),
		cmocka_unit_test(epoch_wrap),         cmocka_unit_test(wiped),
	};

	return cmocka_run_group_tests_name("frames", tests, setup, NULL);
}
