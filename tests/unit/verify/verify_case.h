/* SPDX-License-Identifier: MIT */
/* What the tests on a recorded boot (verify_recorded.h) share: one host, fresh for each of them. */
#ifndef VERIFY_VERIFY_CASE_H
#define VERIFY_VERIFY_CASE_H
#include "verify/verify_recorded.h"

extern struct recorded w;

/* For cmocka: of the group, and before each test. */
int case_setup(void **state);
int case_teardown(void **state);
int case_fresh(void **state);

/* Judges w: the verdict must be this one, with this row as a reason. */
void judged(enum verdict_status status, const char *row, enum row_result result);
void trusted(void);
void bad(const char *row);
void missing(const char *row);
/* Some bad row of this component has these words; what was judged last is looked at. */
void says_bad(const char *component, const char *words);
/* The first row of this component. */
const struct verdict_row *row_of(const char *component);
#endif
