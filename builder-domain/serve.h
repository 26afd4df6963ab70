/* SPDX-License-Identifier: MIT */
/*
 * What a builder instance does: one build, from the boot modules or for Dom0, or one policy
 * session. All return 0 or a negative errno with the reason recorded; then the instance is over.
 */
#ifndef BUILDER_SERVE_H
#define BUILDER_SERVE_H
#include "base/must_check.h"
#include "builder-domain/build.h"

#ifdef CORBEL_TEST_BUILD
#define TEST_FLAGS CORBEL_RQF_CRASH
#else
#define TEST_FLAGS 0u
#endif

MUST_CHECK int serve_modules(const struct corbel_builder_start *start); /* boot: Dom0 */
MUST_CHECK int serve_ring(const struct corbel_builder_start *start);    /* a session of Dom0's */
/* `bytes`: private copy of what Dom0 asks.  *load keeps what the hypervisor answered. */
MUST_CHECK int policy_serve(const struct corbel_builder_start *start, const void *bytes,
			    uint32_t size, const struct source *source,
			    struct corbel_policy_load *load);

/* Runs one instance to its end; the caller reports the status and stops. */
MUST_CHECK int builder_run(const struct corbel_builder_start *start);
#endif
