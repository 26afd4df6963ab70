/* SPDX-License-Identifier: MIT */
/* The hypervisor's own pages: what comes back is cleared, charged right, and nothing else comes
 * back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "sim/fake_boot.h"
#include "base/addr.h"
#include "base/lib.h"
#include "diag/upcalls.h"
#include "mm/heap.h"

#define PAGES 4

/* A page before, PAGES of heap, a page behind: these two are never the heap's. */
static uint8_t memory[(PAGES + 2) * PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t *const region = memory + PAGE_SIZE;

static int setup(void **state)
{
	(void)state;
	fake_boot_reset();
	return 0;
}

static bool all(const uint8_t *at, size_t size, uint8_t value)
{
	for (size_t i = 0; i < size; i++) {
		if (at[i] != value) {
			return false;
		}
	}
	return true;
}

/* Pages are handed out in rising order at first, whole pages only; then there are none. */
static void test_all(void **state)
{
	uint32_t charge = 5;
	uint8_t *page[PAGES];

	(void)state;
	memset(memory, 0xA5, sizeof(memory));
	heap_init((uintptr_t)region - 8, PAGES * PAGE_SIZE + 16); /* ends are not on pages */
	assert_int_equal(heap_total_pages(), PAGES);
	assert_int_equal(heap_free_pages(), PAGES);
	for (unsigned i = 0; i < PAGES; i++) {
		page[i] = heap_page(&charge);
		assert_ptr_equal(page[i], region + i * PAGE_SIZE);
		assert_true(all(page[i], PAGE_SIZE, 0));
		assert_int_equal(charge, 6 + i);
		assert_int_equal(heap_free_pages(), PAGES - 1 - i);
	}
	assert_null(heap_page(&charge));
	assert_null(heap_page(NULL));
	assert_int_equal(charge, 5 + PAGES);
	assert_int_equal(heap_free_pages(), 0);

	memset(page[2], 0x5A, PAGE_SIZE);
	heap_page_free(page[2], &charge);
	assert_int_equal(charge, 4 + PAGES);
	assert_true(all(page[2] + sizeof(void *), PAGE_SIZE - sizeof(void *), 0)); /* at once */
	assert_ptr_equal(heap_page(NULL), page[2]);
	assert_true(all(page[2], PAGE_SIZE, 0));
	assert_int_equal(charge, 4 + PAGES);
	heap_page_free(NULL, &charge);
	assert_int_equal(charge, 4 + PAGES);
	assert_int_equal(heap_free_pages(), 0);
	for (unsigned i = 0; i < PAGES; i++) {
		heap_page_free(page[i], NULL);
	}
	assert_int_equal(heap_free_pages(), PAGES);
	assert_true(all(memory, PAGE_SIZE, 0xA5));
	assert_true(all(region + PAGES * PAGE_SIZE, PAGE_SIZE, 0xA5));
}

/* Each is a broken hypervisor; nothing has changed when it is found. */
static void test_foreign(void **state)
{
	uint32_t charge = 1, none = 0;
	uint64_t before = heap_free_pages();
	uint8_t *page = heap_page(NULL);

	(void)state;
	assert_true(PANICS(heap_page_free(region - PAGE_SIZE, NULL)));
	assert_true(PANICS(heap_page_free(region + PAGES * PAGE_SIZE, NULL)));
	assert_true(PANICS(heap_page_free(page + 8, NULL)));
	assert_true(PANICS(heap_page_free(page + PAGE_SIZE - 1, &charge)));
	assert_int_equal(charge, 1);
	assert_true(PANICS(heap_page_free(page, &none)));
	assert_int_equal(none, 0);
	assert_true(all(memory, PAGE_SIZE, 0xA5));
	assert_true(all(region + PAGES * PAGE_SIZE, PAGE_SIZE, 0xA5));
	heap_page_free(page, &charge);
	assert_int_equal(charge, 0);
	assert_int_equal(heap_free_pages(), before);
}

/* T16: all of it, given out or not, and not a byte of the neighbours. */
static void test_wipe(void **state)
{
	(void)state;
	memset(memory, 0xA5, sizeof(memory));
	heap_wipe();
	assert_true(all(region, PAGES * PAGE_SIZE, 0));
	assert_true(all(memory, PAGE_SIZE, 0xA5));
	assert_true(all(region + PAGES * PAGE_SIZE, PAGE_SIZE, 0xA5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_all, setup),
		cmocka_unit_test_setup(test_foreign, setup),
		cmocka_unit_test_setup(test_wipe, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
