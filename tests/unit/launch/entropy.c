/* SPDX-License-Identifier: MIT */
/*
 * T42: the host says so when its random numbers can be guessed: no RDRAND, none left, or the same
 * twice.  launch/launchlog.c with a source that the test chooses.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "cpu/asm.h"
#include "sim/machine.h"

static uint64_t words[4];
static unsigned given,
	word_count; /* of the words; the last one again and again when all are given */
static bool fake_rdrand(uint64_t *value)
{
	if (word_count == 0) {
		return false;
	}
	*value = words[given < word_count ? given : word_count - 1];
	given++;
	return true;
}
#define rdrand fake_rdrand
#include "launch/launchlog.c"

static bool weak(unsigned how_many, uint64_t first)
{
	for (unsigned i = 0; i < 4; i++) {
		words[i] = first + i;
	}
	word_count = how_many;
	given = 0;
	host.flags = 0;
	launchlog_draw_boot_id();
	return host.flags & CORBEL_HOST_WEAK_ENTROPY;
}

static void flag(void **state)
{
	uint64_t boot_id[4];

	(void)state;
	assert_false(weak(4, 100));
	memcpy(boot_id, host.boot_id, sizeof(boot_id));
	assert_int_equal(boot_id[0], 100);
	assert_int_equal(boot_id[3], 103);
	assert_true(weak(0, 200)); /* no RDRAND at all */
	assert_true(weak(3, 300)); /* the fourth is the third */
	assert_true(weak(1, 400)); /* stuck */
	assert_false(weak(4, 500));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(flag)};

	return cmocka_run_group_tests_name("entropy", tests, 0, 0);
}
