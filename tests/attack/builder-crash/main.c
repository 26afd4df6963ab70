/* SPDX-License-Identifier: MIT */
/*
 * A builder that dies in the middle of a build (debug request of test builds): the half-built
 * domain goes with it, its frames come back, a fresh instance serves the next request, and its
 * memory is the measured image.
 */
#include "tests/guest/lib/tenant.h"

const char test_title[] = "crash of the builder";

static struct build request;
static struct tenant tenant;

static void crash_once(unsigned round, uint64_t frames)
{
	static struct corbel_host_info before, after;
	char name[64];

	frames_settle(); /* the instance that served the round before has been followed */
	host_info(&before);
	request.flags = CORBEL_RQF_CRASH;
	request.cmdline = "case=hello";
	format_into(name, sizeof(name), "round %u", round);
	check_true("no domain comes of it", !build_run(&request));
	check_true("the client learns of it", request.ended);
	check_equal("every frame is back, and scrubbed", frames_settle(), frames);
	host_info(&after);
	check_equal("a fresh instance", after.builder_instance, before.builder_instance + 1);
	check_true("its memory is the measured image",
		   memcmp(after.builder_memory, after.builder_image, 32) == 0);
	request.flags = 0;
	build_must(&request);
	tenant_attach(&tenant, name, request.domid, 0);
	check_equal("the next build works", tenant_wait(&tenant, 10000000000ull), 1);
	tenant_destroy(&tenant);
}

void test_main(void)
{
	uint64_t frames;

	ring_client_init();
	build_image(&request, "worker.elf");
	request.name = "crash";
	frames = frames_settle();
	for (unsigned round = 1; round <= 3; round++) {
		crash_once(round, frames);
	}
}
