/* SPDX-License-Identifier: MIT */
/* The host that the tests on a recorded boot share (verify_case.h). */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "verify/verify_case.h"

struct recorded w;

int case_setup(void **state)
{
	(void)state;
	recorded_open(&w);
	return 0;
}

int case_teardown(void **state)
{
	(void)state;
	recorded_close(&w);
	return 0;
}

int case_fresh(void **state)
{
	(void)state;
	memset(w.shown, 0, sizeof(w.shown));
	recorded_reset(&w);
	return 0;
}

void judged(enum verdict_status status, const char *row, enum row_result result)
{
	assert_true(recorded_is(&w, status, row, result));
}

void trusted(void)
{
	judged(VERDICT_trusted, "log.inclusion", ROW_ok);
}

void bad(const char *row)
{
	judged(VERDICT_not_trusted, row, ROW_bad);
}

void missing(const char *row)
{
	judged(VERDICT_cannot_judge, row, ROW_missing);
}

void says_bad(const char *component, const char *words)
{
	for (size_t i = 0; i < w.v.count; i++) {
		const struct verdict_row *row = &w.v.row[i];

		if (row->result == ROW_bad && !strcmp(row->component, component) &&
		    strstr(row->meaning, words)) {
			return;
		}
	}
	verdict_text(&w.v, stderr);
	fail_msg("%s does not say: %s", component, words);
}

const struct verdict_row *row_of(const char *component)
{
	for (size_t i = 0; i < w.v.count; i++) {
		if (!strcmp(w.v.row[i].component, component)) {
			return &w.v.row[i];
		}
	}
	fail_msg("no row %s", component);
	return NULL;
}
