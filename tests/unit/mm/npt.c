/* SPDX-License-Identifier: MIT */
/*
 * Nested page tables (mm/npt.c) against a flat array: map, look up, unmap, split and execute right
 * at random, in blocks at both ends of the guest's space and across a table boundary.  References
 * of every frame and the heap charge must balance, also when the heap runs dry at any step.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* The file itself, with the call back of its teardown answered here. */
#define npt_released on_released
#include "sim/machine.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/npt.c"

#define BLOCKS 6u
static const uint64_t base_of[BLOCKS] = {
	0, 512, (1ul << 18) - 512, 1ul << 18, (5ul << 18) + 1024, GFN_LIMIT - 512};

struct block {
	bool table, large; /* 4 KiB entries, or one of 2 MiB */
	struct npt_entry entry[512];
};
static struct block model[BLOCKS];
static uint32_t mapped[MACHINE_FRAMES]; /* mappings of each frame */
static struct domain d;
static frame_t single[8], big[2]; /* owned by the test with one reference */
static uint64_t released;

/* The teardown's call back: what domain/memory.c does in the product. */
void on_released(struct npt *of, const struct npt_entry *e)
{
	assert_ptr_equal(of, &d.npt);
	for (uint64_t i = 0; i < 1ull << e->order; i++) {
		released++;
		if (e->kind == NPT_RAM) {
			frame_put((frame_t){e->frame.n + i});
			mapped[e->frame.n + i - MACHINE_FIRST]--;
		}
	}
}

static int setup_once(void **state)
{
	(void)state;
	machine_init();
	for (unsigned i = 0; i < ARRAY_SIZE(single); i++) {
		assert_int_equal(frames_alloc(7, 0, &single[i]), 0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(big); i++) {
		assert_int_equal(frames_alloc(7, BLOCK_ORDER, &big[i]), 0);
	}
	return 0;
}

static int setup(void **state)
{
	(void)state;
	memset(&d, 0, sizeof(d));
	memset(model, 0, sizeof(model));
	d.id = 7;
	d.lock = (struct spinlock)SPINLOCK(RANK_DOMAIN);
	d.npt.limit = 1000;
	released = 0;
	return npt_init(&d.npt, &d.charge.heap_pages);
}

static uint64_t model_present(void)
{
	uint64_t n = 0;

	for (unsigned b = 0; b < BLOCKS; b++) {
		for (unsigned i = 0; i < 512; i++) {
			n += model[b].entry[i].kind != NPT_NONE;
		}
	}
	return n;
}

static void check_references(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(single); i++) {
		assert_int_equal(frame_refs(single[i]), 1 + mapped[single[i].n - MACHINE_FIRST]);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(big) * 512; i++) {
		frame_t f = {big[i / 512].n + i % 512};

		assert_int_equal(frame_refs(f), 1 + mapped[f.n - MACHINE_FIRST]);
	}
}

/* In steps of `budget`; nothing may be left. */
static void tear_down(uint32_t budget)
{
	uint64_t free_before = heap_free_pages() + d.charge.heap_pages;
	uint64_t present = model_present(), steps = 0;

	released = 0;
	while (!npt_teardown(&d.npt, budget)) {
		assert_true(++steps < 10000);
	}
	assert_true(npt_teardown(&d.npt, budget)); /* twice is once */
	assert_null(d.npt.root);
	assert_int_equal(released, present);
	assert_int_equal(d.charge.heap_pages, 0);
	assert_int_equal(heap_free_pages(), free_before);
	check_references();
	if (budget == 1) {
		assert_true(steps >= present / 512);
	}
}

static int teardown(void **state)
{
	(void)state;
	if (d.npt.root) {
		tear_down(1 + machine_below(2000));
	}
	return 0;
}

static struct npt_entry ram(frame_t f, unsigned order)
{
	return (struct npt_entry){.frame = f,
				  .kind = NPT_RAM,
				  .order = (uint8_t)order,
				  .write = machine_below(2),
				  .exec = machine_below(2)};
}

/* Takes or gives back the references of the frames that an entry covers. */
static void hold(struct npt_entry e, bool take)
{
	for (uint64_t i = 0; e.kind == NPT_RAM && i < 1ull << e.order; i++) {
		if (take) {
			assert_true(frame_get((frame_t){e.frame.n + i}, 7));
			mapped[e.frame.n + i - MACHINE_FIRST]++;
		} else {
			frame_put((frame_t){e.frame.n + i});
			mapped[e.frame.n + i - MACHINE_FIRST]--;
		}
	}
}

static void do_map(unsigned b, unsigned i)
{
	unsigned order = machine_below(4) == 0 ? BLOCK_ORDER : 0;
	struct npt_entry e = order ? ram(big[machine_below(2)], order) : ram(single[i % 8], 0);
	struct block *m = &model[b];
	int expected = 0, rc;

	if (!order && machine_below(5) == 0) {
		e.kind = NPT_SHARED; /* carries no reference */
	}
	if (order && i) {
		expected = -XEN_EINVAL;
	} else if (order ? m->table || m->large : m->large || m->entry[i].kind != NPT_NONE) {
		expected = -XEN_EEXIST;
	}
	hold(e, true);
	rc = npt_map(&d.npt, (gfn_t){base_of[b] + i}, e);
	assert_int_equal(rc, expected);
	if (rc) {
		hold(e, false);
		return;
	}
	if (!order) {
		m->table = true;
		m->entry[i] = e;
		return;
	}
	m->large = true;
	for (unsigned k = 0; k < 512; k++) {
		m->entry[k] = e;
		m->entry[k].frame.n += k;
	}
}

static void do_unmap(unsigned b, unsigned i)
{
	unsigned order = machine_below(3) == 0 ? BLOCK_ORDER : 0;
	struct block *m = &model[b];
	struct npt_entry old;
	int rc = npt_unmap(&d.npt, (gfn_t){base_of[b] + i}, order, &old);

	if (order ? !m->large || i : m->entry[i].kind == NPT_NONE) {
		assert_int_equal(rc, -XEN_ENOENT);
		return;
	}
	assert_int_equal(rc, 0);
	assert_int_equal(old.frame.n, m->entry[i].frame.n);
	assert_int_equal(old.kind, m->entry[i].kind);
	assert_int_equal(old.order, order);
	hold(old, false);
	for (unsigned k = 0; k < 512; k++) {
		if (order || k == i) {
			m->entry[k] = (struct npt_entry){.kind = NPT_NONE};
		} else if (m->large) {
			m->entry[k].order = 0; /* split */
		}
	}
	m->table = m->table || !order;
	m->large = false;
}

static void do_set_exec(unsigned b, unsigned i)
{
	bool exec = machine_below(2);
	struct block *m = &model[b];
	int rc = npt_set_exec(&d.npt, (gfn_t){base_of[b] + i}, exec);

	assert_int_equal(rc, (m->large || m->table) && i == 0 ? 0 : -XEN_ENOENT);
	for (unsigned k = 0; rc == 0 && k < 512; k++) {
		m->entry[k].exec = exec;
	}
}

static void check_lookup(unsigned b, unsigned i)
{
	const struct npt_entry *m = &model[b].entry[i];
	struct npt_entry e;
	bool there = npt_lookup(&d.npt, (gfn_t){base_of[b] + i}, &e);

	assert_int_equal(there, m->kind != NPT_NONE);
	for (unsigned write = 0; write < 2; write++) {
		frame_t f;

		there = npt_ram_frame(npt_directory(&d.npt), (gfn_t){base_of[b] + i}, write, &f);
		assert_int_equal(there, m->kind == NPT_RAM && (m->write || !write));
		assert_true(!there || f.n == m->frame.n);
	}
	there = m->kind != NPT_NONE;
	if (there) {
		assert_int_equal(e.frame.n, m->frame.n);
		assert_int_equal(e.kind, m->kind);
		assert_int_equal(e.order, m->order);
		assert_int_equal(e.write, m->write);
		assert_int_equal(e.exec, m->exec);
	}
}

static void run_random(unsigned steps)
{
	for (unsigned n = 0; n < steps; n++) {
		unsigned b = machine_below(BLOCKS);
		unsigned i = machine_below(3) ? machine_below(512) : 0;
		unsigned dice = machine_below(10);

		if (dice < 5) {
			do_map(b, i);
		} else if (dice < 9) {
			do_unmap(b, i);
		} else {
			do_set_exec(b, i);
		}
		check_lookup(b, i);
		check_lookup(machine_below(BLOCKS), machine_below(512));
	}
	for (unsigned b = 0; b < BLOCKS; b++) {
		for (unsigned i = 0; i < 512; i++) {
			check_lookup(b, i);
		}
	}
	check_references();
}

static void random_operations(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		machine_seed(round);
		run_random(500);
		tear_down(round % 4 == 0 ? 1 : 1 + machine_below(1500));
		assert_int_equal(setup(NULL), 0);
	}
}

static void limits(void **state)
{
	struct npt_entry e = ram(single[0], 0), large = ram(big[0], BLOCK_ORDER), out;
	uint32_t pages = d.charge.heap_pages;
	frame_t f;

	(void)state;
	assert_int_equal(npt_map(&d.npt, (gfn_t){GFN_LIMIT}, e), -XEN_EINVAL);
	assert_int_equal(npt_map(&d.npt, (gfn_t){~0ull}, e), -XEN_EINVAL);
	assert_int_equal(npt_map(&d.npt, (gfn_t){~0ull << 9}, large), -XEN_EINVAL);
	assert_int_equal(npt_map(&d.npt, (gfn_t){511}, large), -XEN_EINVAL);
	large.frame.n++;
	assert_int_equal(npt_map(&d.npt, (gfn_t){512}, large), -XEN_EINVAL);
	assert_false(npt_lookup(&d.npt, (gfn_t){GFN_LIMIT}, &out));
	assert_false(npt_lookup(&d.npt, (gfn_t){~0ull}, &out));
	assert_false(npt_ram_frame(npt_directory(&d.npt), (gfn_t){GFN_LIMIT}, false, &f));
	assert_false(npt_ram_frame(npt_directory(&d.npt), (gfn_t){~0ull}, false, &f));
	assert_false(npt_ram_frame(npt_directory(&d.npt), (gfn_t){0}, false, &f));
	assert_int_equal(npt_unmap(&d.npt, (gfn_t){GFN_LIMIT}, 0, &out), -XEN_ENOENT);
	assert_int_equal(npt_unmap(&d.npt, (gfn_t){~0ull}, BLOCK_ORDER, &out), -XEN_ENOENT);
	assert_int_equal(npt_unmap(&d.npt, (gfn_t){0}, 0, &out), -XEN_ENOENT);
	assert_int_equal(npt_set_exec(&d.npt, (gfn_t){GFN_LIMIT}, false), -XEN_ENOENT);
	assert_int_equal(npt_set_exec(&d.npt, (gfn_t){~0ull << 9}, false), -XEN_ENOENT);
	assert_int_equal(d.charge.heap_pages, pages); /* nothing of this made a table */
}

/* What the processor reads: user bit, write and execute rights, kind in the available bits. */
static void hardware_format(void **state)
{
	struct npt_entry e = {.frame = single[0], .kind = NPT_RAM, .write = true, .exec = false};
	uint64_t *table = NULL;
	uint64_t entry;

	(void)state;
	hold(e, true);
	assert_int_equal(npt_map(&d.npt, (gfn_t){3}, e), 0);
	model[0].entry[3] = e;
	table = d.npt.root;
	for (unsigned level = 3; level > 0; level--) {
		/* present, writable, user; to a device a table of this level, both rights */
		assert_int_equal(table[0] & 0xFFF, 7 | level << 9);
		assert_int_equal(table[0] >> 52, 0x600);
		table = (uint64_t *)(uintptr_t)(table[0] & 0x000FFFFFFFFFF000ull);
	}
	entry = table[3];
	assert_int_equal(entry & 0xFFF, 0x107);
	assert_int_equal(entry >> 52, 0x800 | 0x600);
	assert_int_equal((entry & 0x000FFFFFFFFFF000ull) >> 12, single[0].n);
	/* accessed and dirty, written by the processor, change nothing */
	table[3] |= 0x60;
	check_lookup(0, 3);
}

/* What a device may do with an entry of each kind (48882, table 15): bit 61 read, bit 62 write.
 * Bits 58:52 are reserved there, and a leaf has level 0. */
static void device_format(void **state)
{
	static const struct {
		uint8_t kind;
		bool write;
		unsigned rights;
	} cases[] = {
		{NPT_RAM, true, 3},     {NPT_RAM, false, 1},   {NPT_GRANT, true, 3},
		{NPT_GRANT, false, 1},  {NPT_SHARED, true, 0}, {NPT_FOREIGN, true, 0},
		{NPT_MODULE, false, 0}, {NPT_MMIO, true, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct npt_entry e = {
			.frame = single[0], .kind = cases[i].kind, .write = cases[i].write};
		struct npt_entry found;
		uint64_t *table = d.npt.root;

		assert_int_equal(npt_map(&d.npt, (gfn_t){3}, e), 0);
		for (unsigned level = 3; level > 0; level--) {
			table = (uint64_t *)(uintptr_t)(table[0] & 0x000FFFFFFFFFF000ull);
		}
		assert_int_equal(table[3] >> 61 & 3, cases[i].rights);
		assert_int_equal(table[3] >> 52 & 0x7F, 0);
		assert_int_equal(table[3] >> 9 & 7, 0);
		assert_true(npt_lookup(&d.npt, (gfn_t){3}, &found));
		assert_int_equal(found.kind, cases[i].kind);
		assert_int_equal(npt_unmap(&d.npt, (gfn_t){3}, 0, &found), 0);
	}
}

/* At each possible point: -ENOMEM, no half-made entry, everything comes back. */
static void heap_runs_dry(void **state)
{
	struct npt_entry large = ram(big[0], BLOCK_ORDER), e = ram(single[0], 0), old;
	uint32_t limit;

	(void)state;
	hold(e, true);
	for (limit = 1; limit < 4; limit++) {
		d.npt.limit = limit;
		assert_int_equal(npt_map(&d.npt, (gfn_t){7}, e), -XEN_ENOMEM);
		assert_false(npt_lookup(&d.npt, (gfn_t){7}, &old));
	}
	hold(e, false);
	hold(large, true);
	d.npt.limit = 3;
	assert_int_equal(npt_map(&d.npt, (gfn_t){0}, large), 0);
	model[0].large = true;
	for (unsigned i = 0; i < 512; i++) {
		model[0].entry[i] = large;
		model[0].entry[i].frame.n += i;
	}
	/* a split needs a page: without one the block stays whole */
	assert_int_equal(npt_unmap(&d.npt, (gfn_t){9}, 0, &old), -XEN_ENOMEM);
	check_lookup(0, 9);
	d.npt.limit = 4;
	assert_int_equal(npt_unmap(&d.npt, (gfn_t){9}, 0, &old), 0);
	hold(old, false);
	model[0].entry[9].kind = NPT_NONE;
	for (unsigned i = 0; i < 512; i++) {
		model[0].entry[i].order = 0;
	}
	check_lookup(0, 8);
	check_references();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_operations, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
		cmocka_unit_test_setup_teardown(hardware_format, setup, teardown),
		cmocka_unit_test_setup_teardown(device_format, setup, teardown),
		cmocka_unit_test_setup_teardown(heap_runs_dry, setup, teardown),
	};

	return cmocka_run_group_tests_name("npt", tests, setup_once, NULL);
}
