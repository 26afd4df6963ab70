/* SPDX-License-Identifier: MIT */
/*
 * T14, INV-IOMMU-1: the unit is switched on with every device refused, on a simulated one: the
 * table is complete before the unit knows it, nothing cached is left, a unit that does not answer
 * is off again and never called working.  With a real device: attack/dma.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "cpu/time.h"
#include "sim/machine.h"

static uint64_t clock_ns;

static uint64_t fake_now(void)
{
	return clock_ns += 1000000;
}
#define now_ns fake_now
#include "mm/iommu.c"

#define REGISTERS 0xFED80000u

static struct {
	uint64_t reg[0x4000 / 8];
	uint64_t features;
	unsigned answers; /* how many commands it does before it hangs */
	unsigned invalidated;
	unsigned head;
} unit;

uint64_t fake_iommu_read(uint32_t reg)
{
	return reg == REG_FEATURES ? unit.features : unit.reg[reg / 8];
}

/* 48882, table 7 and 3.4.1: 512 pages, and each entry as it must be. */
static void check_table(uint64_t base)
{
	assert_int_equal(base & PAGE_MASK, 511);
	for (uint64_t i = 0; i < 512; i++) {
		uint64_t *page = slot_map((frame_t){(base >> PAGE_SHIFT) + i});

		for (unsigned at = 0; at < 512; at += 4) {
			assert_int_equal(page[at], 3); /* valid, mode 0, neither read nor write */
			assert_int_equal(page[at + 1], 0);
			assert_int_equal(page[at + 2], 1); /* valid, interrupts are aborted */
			assert_int_equal(page[at + 3], 0);
		}
		slot_unmap(page);
	}
}

static void do_commands(uint64_t tail)
{
	const uint32_t *ring = (const uint32_t *)(uintptr_t)(unit.reg[1] & 0xFFFFFFFFFF000);

	assert_true(unit.reg[REG_CONTROL / 8] & (1u << 0));
	assert_true(unit.reg[REG_CONTROL / 8] & (1u << 12));
	for (; unit.head != tail && unit.answers; unit.answers--) {
		const uint32_t *c = ring + unit.head / 4;
		uint64_t address = (c[0] & ~7u) | (uint64_t)(c[1] & 0xFFFFF) << 32;

		if (c[1] >> 28 == 1) {
			assert_int_equal(c[0] & 7, 1);
			memcpy((void *)(uintptr_t)address, c + 2, 8);
		} else {
			assert_int_equal(c[1], 8u << 28);
			unit.invalidated++;
		}
		unit.head = (unit.head + 16) % 4096;
	}
}

void fake_iommu_write(uint32_t reg, uint64_t value)
{
	assert_true(reg < 0x4000);
	unit.reg[reg / 8] = value;
	if (reg == REG_DEVICE_TABLE) {
		assert_int_equal(unit.reg[REG_CONTROL / 8], 0);
		check_table(value);
	} else if (reg == REG_CONTROL && value) {
		assert_int_not_equal(unit.reg[REG_DEVICE_TABLE / 8], 0);
		assert_int_equal(unit.reg[REG_COMMAND_RING / 8] >> 56, 8);
		assert_int_equal(unit.reg[REG_EVENT_LOG / 8] >> 56, 8);
	} else if (reg == REG_COMMAND_TAIL && unit.reg[REG_CONTROL / 8]) {
		do_commands(value);
	}
}

static int setup(void **state)
{
	(void)state;
	memset(&unit, 0, sizeof(unit));
	memset(&self, 0, sizeof(self));
	memset(&unit.reg, 0xFF, sizeof(unit.reg)); /* as the last user left it */
	unit.features = 0x29d3;
	unit.answers = 1000;
	return 0;
}

static void works(void **state)
{
	(void)state;
	assert_null(iommu_start(REGISTERS));
	assert_int_equal(unit.invalidated, 1);
	assert_int_equal(unit.reg[REG_CONTROL / 8], 1u | 1u << 2 | 1u << 10 | 1u << 12);
	assert_int_equal(unit.reg[REG_COMMAND_HEAD / 8], 0);
	assert_int_equal(unit.reg[REG_EVENT_HEAD / 8], 0);
	assert_int_equal(unit.reg[REG_EVENT_TAIL / 8], 0);
	/* and on, over the ring's end */
	for (unsigned i = 0; i < 600; i++) {
		unit.answers = 1;
		assert_true(finish());
	}
}

/* It does nothing, or not all; a value that is no number of ours is no answer. */
static void hangs(void **state)
{
	(void)state;
	for (unsigned answers = 0; answers < 2; answers++) {
		setup(NULL);
		unit.answers = answers;
		assert_string_equal(iommu_start(REGISTERS), "it does not answer");
		assert_int_equal(unit.reg[REG_CONTROL / 8], 0);
	}
}

static void too_old(void **state)
{
	(void)state;
	unit.features &= ~(1ull << 6);
	assert_string_equal(iommu_start(REGISTERS), "it cannot invalidate all");
	unit.features = ~0ull; /* nobody is there */
	assert_string_equal(iommu_start(REGISTERS), "nothing answers at its registers");
}

static void no_memory(void **state)
{
	uint64_t pages = heap_free_pages();
	frame_t taken;

	(void)state;
	while (frames_alloc(OWNER_HYPERVISOR, BLOCK_ORDER, &taken) == 0) {
	}
	assert_string_equal(iommu_start(REGISTERS), "no memory for its tables");
	assert_int_equal(heap_free_pages(), pages);
}

static int init(void **state)
{
	(void)state;
	machine_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(works, setup), cmocka_unit_test_setup(hangs, setup),
		cmocka_unit_test_setup(too_old, setup),
		cmocka_unit_test_setup(no_memory, setup), /* last: what it takes is gone */
	};

	return cmocka_run_group_tests_name("iommu", tests, init, NULL);
}
