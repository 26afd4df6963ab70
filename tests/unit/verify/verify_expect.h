/* SPDX-License-Identifier: MIT */
/* What the tests on the fixture (verify_fixture.h) share: one of it for all tests of a program. */
#ifndef VERIFY_VERIFY_EXPECT_H
#define VERIFY_VERIFY_EXPECT_H
#include "verify/verify_fixture.h"

extern struct fixture f;

/* For cmocka, of the group. */
int expect_setup(void **state);
int expect_teardown(void **state);

/* Judges f: the component's row must have this result, and the verdict must follow from it. */
void expect(const char *component, enum row_result result);
#endif
