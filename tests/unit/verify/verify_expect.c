/* SPDX-License-Identifier: MIT */
/* What a judgement of the fixture must come to, as a check of cmocka's. */
#include "verify/verify_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

void fixture_expect(struct fixture *f, const char *component, enum row_result result)
{
	fixture_judge(f);
	if (fixture_row(&f->v, component) != (int)result) {
		verdict_text(&f->v, stderr);
	}
	assert_int_equal(fixture_row(&f->v, component), result);
	if (result == ROW_bad) {
		assert_int_equal(f->v.status, VERDICT_not_trusted);
		assert_false(f->j.pcrs_ok && strncmp(component, "ek.", 3) != 0);
	} else if (result == ROW_missing) {
		assert_int_not_equal(f->v.status, VERDICT_trusted);
		assert_false(f->j.pcrs_ok);
	}
}
