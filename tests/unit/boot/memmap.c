/* SPDX-License-Identifier: MIT */
/* The list of usable memory against a plain bitmap, command line options, TCG record sizes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "sim/fake_boot.h"
#include "boot/memmap.h"
#include "base/lib.h"

#define MODEL_PAGES 64

static void assert_sound(const struct memory_map *map)
{
	assert_true(map->count <= BOOT_MAX_REGIONS);
	for (uint32_t i = 0; i < map->count; i++) {
		assert_int_equal(map->region[i].base & 4095, 0);
		assert_int_equal(map->region[i].size & 4095, 0);
		assert_true(map->region[i].size > 0);
		if (i > 0) {
			assert_true(map->region[i - 1].base + map->region[i - 1].size <
				    map->region[i].base);
		}
	}
}

static bool holds(const struct memory_map *map, uint64_t page)
{
	for (uint32_t i = 0; i < map->count; i++) {
		if (page * 4096 >= map->region[i].base &&
		    page * 4096 < map->region[i].base + map->region[i].size) {
			return true;
		}
	}
	return false;
}

static void test_against_model(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 500; round++) {
		struct memory_map map = {0};
		bool model[MODEL_PAGES] = {0};

		for (int step = 0; step < 40; step++) {
			uint64_t base = (uint64_t)rand() % (MODEL_PAGES * 4096);
			uint64_t size = (uint64_t)rand() % (MODEL_PAGES * 4096 - base);
			bool add = rand() % 2;

			(add ? memmap_add : memmap_remove)(&map, base, size);
			for (uint64_t page = 0; page < MODEL_PAGES; page++) {
				uint64_t low = page * 4096, high = low + 4096;

				if (add && low >= base && high <= base + size) {
					model[page] = true;
				}
				if (!add && size > 0 && low < base + size && high > base) {
					model[page] = false;
				}
			}
			assert_sound(&map);
		}
		for (uint64_t page = 0; page < MODEL_PAGES; page++) {
			assert_int_equal(holds(&map, page), model[page]);
		}
	}
}

static void test_edges(void **state)
{
	struct memory_map map = {0};

	(void)state;
	memmap_add(&map, 0, 100);    /* less than a page */
	memmap_add(&map, 4000, 200); /* across a boundary, no whole page */
	memmap_add(&map, UINT64_MAX - 4096, 4096);
	assert_int_equal(map.count, 0);
	memmap_add(&map, 0x100000, UINT64_MAX); /* wraps: cut at the limit */
	assert_int_equal(memmap_top(&map), 1ull << 46);
	memmap_remove(&map, 0x200000, UINT64_MAX);
	assert_int_equal(memmap_total(&map), 0x100000);
	memmap_remove(&map, 0x180001, 1);
	assert_int_equal(memmap_total(&map), 0x100000 - 4096);
	memmap_remove(&map, 0x190000, 0);
	assert_int_equal(map.count, 2);
}

static void test_full(void **state)
{
	struct memory_map map = {0};

	(void)state;
	for (uint64_t i = 0; i < BOOT_MAX_REGIONS + 10; i++) {
		memmap_add(&map, i * 0x10000, 0x1000);
	}
	assert_int_equal(map.count, BOOT_MAX_REGIONS);
	assert_int_equal(map.dropped, 10 * 0x1000);
	memmap_add(&map, 0, 0x1000 * 0x1000); /* merging still works */
	assert_sound(&map);
}

static void test_take(void **state)
{
	struct memory_map map = {0};

	(void)state;
	memmap_add(&map, 0x100000, 0x700000);
	memmap_add(&map, 0x1000000, 0x10001000);
	memmap_add(&map, 1ull << 32, 1ull << 32);
	assert_int_equal(memmap_take(&map, 0x400000, 0x200000, 0x1000000, 1ull << 32), 0x10c00000);
	assert_false(holds(&map, 0x10c00));
	assert_true(holds(&map, 0x10bff));
	assert_int_equal(memmap_take(&map, 0x20000000, 0x200000, 0x1000000, 1ull << 32), 0);
	assert_sound(&map);
}

static void test_options(void **state)
{
	struct boot_info boot = {.cmdline = "  trace\tsize=12 empty= noise  tracer=1"};
	char value[8] = "old";

	(void)state;
	assert_true(boot_option(&boot, "trace", 0, 0));
	assert_true(boot_option(&boot, "size", value, sizeof(value)));
	assert_string_equal(value, "12");
	assert_true(boot_option(&boot, "size", value, 2));
	assert_string_equal(value, "1");
	assert_true(boot_option(&boot, "empty", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_true(boot_option(&boot, "noise", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_false(boot_option(&boot, "nois", value, sizeof(value)));
	assert_false(boot_option(&boot, "race", 0, 0));

	fake_boot_reset();
	boot_options_check(&boot);
	assert_null(strstr(fake_output, "'trace'"));
	assert_non_null(strstr(fake_output, "'size=12'"));
	assert_non_null(strstr(fake_output, "'tracer=1'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_model), cmocka_unit_test(test_edges),
		cmocka_unit_test(test_full),          cmocka_unit_test(test_take),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests_name("memmap", tests, 0, 0);
}
