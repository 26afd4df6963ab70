/* SPDX-License-Identifier: MIT */
/* What a judgement of the fixture must come to, as a check of cmocka's (verify_expect.h). */
#include "verify/verify_expect.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct fixture f;

int expect_setup(void **state)
{
	(void)state;
	fixture_open(&f);
	return 0;
}

int expect_teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

void expect(const char *component, enum row_result result)
{
	fixture_judge(&f);
	if (fixture_row(&f.v, component) != (int)result) {
		verdict_text(&f.v, stderr);
	}
	assert_int_equal(fixture_row(&f.v, component), result);
	if (result == ROW_bad) {
		assert_int_equal(f.v.status, VERDICT_not_trusted);
		assert_false(f.j.pcrs_ok && strncmp(component, "ek.", 3) != 0);
	} else if (result == ROW_missing) {
		assert_int_not_equal(f.v.status, VERDICT_trusted);
		assert_false(f.j.pcrs_ok);
	}
}
