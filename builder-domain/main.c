/* SPDX-License-Identifier: MIT */
/*
 * One builder instance, from first to last: take one session, do it, say how it went, end.
 */
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"
#include "builder-domain/serve.h"

__attribute__((noreturn)) void builder_main(const struct corbel_builder_start *start);

int builder_run(const struct corbel_builder_start *start)
{
	int rc;

	/* Only the boot instance is given modules. */
	if (start->module_count != 0) {
		rc = serve_modules(start);
	} else {
		rc = serve_ring(start);
	}
	if (rc != 0) {
		print("session failed (error %d): %s", -rc, fail_reason);
	}
	return rc;
}

void builder_main(const struct corbel_builder_start *start)
{
	struct corbel_build_done done = {.status = builder_run(start)};
	long rc = corbel_call(CORBEL_OP_build_done, &done); /* does not return */

	print("the hypervisor keeps an instance that is done (error %d)", (int)-rc);
	crash();
}
