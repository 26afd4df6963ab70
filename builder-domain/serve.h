/* SPDX-License-Identifier: MIT */
/*
 * The two ways in which a builder instance gets its one build.  Both return 0 or a negative errno;
 * then the instance is over.
 */
#ifndef BUILDER_SERVE_H
#define BUILDER_SERVE_H
#include "abi/corbel.h"

#ifdef CORBEL_TEST_BUILD
#define TEST_FLAGS CORBEL_RQF_CRASH
#else
#define TEST_FLAGS 0u
#endif

int serve_modules(const struct corbel_builder_start *start); /* boot: Dom0 */
int serve_ring(const struct corbel_builder_start *start);    /* a request of Dom0's */

/* Runs one instance to its end; the caller reports the status and stops. */
int builder_run(const struct corbel_builder_start *start);
#endif
