/* SPDX-License-Identifier: MIT */
/*
 * Whole builds that must fail, each with its reason on the ring and no domain left sealed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#undef fail /* cmocka's, which is not used here */

#include <xen/errno.h>

#include "builder-domain/serve.h"
#include "tests/unit/builder/builder_fixture.h"

static void test_memory(void **state)
{
	(void)state;
	use_elf();
	sim.pages_left = 5000;
	check_ring_failed(run_ring(), XEN_ENOMEM, "memory: host has none left at 19 MiB");

	builder_setup(NULL);
	use_elf();
	sim.populate_error = XEN_EPERM;
	check_ring_failed(run_ring(), XEN_EPERM, "memory: not permitted (error 1)");

	builder_setup(NULL);
	request.memory_mib = 19;
	use_bzimage();
	check_ring_failed(run_ring(), XEN_EINVAL,
			  "memory: 19 MiB is too small, 21 MiB needed (kernel up to 20, its file "
			  "1, initrd 1)");

	builder_setup(NULL);
	request.memory_mib = 4;
	use_elf();
	request.initrd_size = 5 << 20;
	encode();
	check_ring_failed(run_ring(), XEN_EINVAL,
			  "memory: 4 MiB cannot hold kernel file and initrd, 7 MiB needed below 2 "
			  "GiB");
	assert_int_equal(sim.created, 0);
}

static void stub_decoy(void)
{
	stub_unpacks();
	note_at = 0x1200000;
	stub_places_note();
}

static void stub_outside(void)
{
	struct test_note note = test_note(0x1400000);

	sim_target_write(0x1000100, &note, sizeof(note));
}

static void test_stub_fails(void **state)
{
	(void)state;
	use_bzimage();
	sim.stub_state = CORBEL_STUB_CRASHED;
	sim.stub_rip = 0x1234;
	check_ring_failed(run_ring(), XEN_ENOEXEC,
			  "kernel: the image's unpacker crashed at 0x1234");

	builder_setup(NULL);
	use_bzimage();
	sim.stub_state = CORBEL_STUB_TIMEDOUT;
	sim.stub_rip = 0x1234;
	check_ring_failed(run_ring(), XEN_ETIMEDOUT,
			  "kernel: unpacking used up its 120 s of CPU time at 0x1234");

	builder_setup(NULL);
	use_bzimage();
	sim.stub = stub_unpacks;
	sim.stub_rip = 0x1200000;
	check_ring_failed(run_ring(), XEN_ENOEXEC,
			  "kernel: unpacking ended at 0x1200000, not in [0x1000000, 0x1200000)");

	builder_setup(NULL);
	use_bzimage();
	sim.stub = stub_unpacks;
	sim.stub_rip = 0xffffff;
	check_ring_failed(run_ring(), XEN_ENOEXEC,
			  "kernel: unpacking ended at 0xffffff, not in [0x1000000, 0x1200000)");

	builder_setup(NULL);
	use_bzimage();
	check_ring_failed(run_ring(), XEN_ENOEXEC,
			  "kernel: 0 PVH notes in the unpacked kernel, must be one");

	builder_setup(NULL);
	use_bzimage();
	sim.stub = stub_decoy;
	check_ring_failed(run_ring(), XEN_ENOEXEC,
			  "kernel: 2 PVH notes in the unpacked kernel, must be one");

	builder_setup(NULL);
	use_bzimage();
	sim.stub = stub_outside;
	check_ring_failed(
		run_ring(), XEN_ENOEXEC,
		"kernel: PVH entry 0x1400000 is outside the kernel [0x1000000, 0x1400000)");
}

static void test_bad_peer(void **state)
{
	(void)state;
	use_elf();
	peer_gives_up = 1;
	check_ring_failed(run_ring(), XEN_EIO, "ring: the requester gave up at byte 0 of file 1");

	builder_teardown(NULL);
	builder_setup(NULL);
	use_elf();
	peer_is_short = 1;
	check_ring_failed(run_ring(), XEN_EINVAL,
			  "ring: 12287 bytes answered where 12288 were asked");

	builder_teardown(NULL);
	builder_setup(NULL);
	use_elf();
	peer_is_silent = 1;
	check_ring_failed(run_ring(), XEN_ETIMEDOUT, "ring: no answer to request 1 for 60 s");
	assert_false(sim.committed);

	builder_teardown(NULL);
	builder_setup(NULL);
	use_elf();
	peer_is_gone = 1;
	check_ring_failed(run_ring(), XEN_EIO, "ring: the requester is gone");
}

/* A page that cannot be mapped: while it is staged, hashed, loaded. */
static void test_window(void **state)
{
	static const char reason[] = "memory: 0x200000 cannot be mapped: error 1";

	(void)state;
	use_elf();
	sim.refuse_gfn = (32 << 8) - 18; /* of the initrd */
	check_ring_failed(run_ring(), XEN_EFAULT, "memory: 0x1fc0000 cannot be mapped: error 1");
	assert_false(sim.committed);
	builder_setup(NULL);
	use_elf();
	sim.refuse_gfn = TEST_ELF_GPA >> 12;
	check_ring_failed(run_ring(), XEN_EFAULT, reason);
	assert_true(sim.committed);
}

static void test_bad_ring(void **state)
{
	struct corbel_builder_start start = {.instance = 2, .tsc_hz = 1000};
	struct corbel_ring *ring;

	(void)state;
	check_ring_failed(builder_run(&start), XEN_EINVAL, "ring: magic 0x0 is not 0x474e5243");
	builder_setup(NULL);
	ring = sim_ring();
	ring->magic = CORBEL_RING_MAGIC;
	check_ring_failed(builder_run(&start), XEN_EINVAL, "ring: 0 data pages, must be 1 to 128");
	builder_setup(NULL);
	sim.fail_call[CORBEL_OP_rendezvous_get] = -XEN_EPERM;
	check_failed(builder_run(&start), XEN_EPERM, "ring: session: not permitted (error 1)");
	builder_setup(NULL);
	ring = sim_ring();
	memset(ring, 0xFF, 4096);
	ring->magic = CORBEL_RING_MAGIC;
	check_ring_failed(builder_run(&start), XEN_EINVAL,
			  "ring: request of 4294967295 bytes, at most 3072");
	builder_setup(NULL);
	ring = sim_ring();
	ring->magic = CORBEL_RING_MAGIC;
	ring->data_refs = 129;
	check_ring_failed(builder_run(&start), XEN_EINVAL,
			  "ring: 129 data pages, must be 1 to 128");
	builder_setup(NULL);
	use_elf();
	ring = sim_ring();
	ring->magic = CORBEL_RING_MAGIC;
	ring->data_refs = 128;
	ring->request_size = (uint32_t)encoded_len;
	memcpy(ring->request, encoded, encoded_len);
	ring->data_ref[0] = SIM_DATA_REF;
	ring->data_ref[1] = 4000000;
	check_ring_failed(builder_run(&start), XEN_EFAULT,
			  "ring: grant reference 4000000 refused: status -3");
}

static void test_refused_calls(void **state)
{
	(void)state;
	request.flags = CORBEL_RQF_DOM0;
	use_elf();
	check_ring_failed(run_ring(), XEN_EINVAL,
			  "request: flags 0x1, of which 0x1 are not allowed here");

	builder_setup(NULL);
	use_elf();
	sim.fail_call[CORBEL_OP_build_create] = -XEN_EPERM;
	check_ring_failed(run_ring(), XEN_EPERM,
			  "system_u:system_r:tenant.t: not permitted (error 1)");

	builder_setup(NULL);
	use_elf();
	sim.fail_call[CORBEL_OP_build_seal] = -XEN_EBUSY;
	check_ring_failed(run_ring(), XEN_EBUSY, "seal: refused (error 16)");
	assert_non_null(strstr(sim.log, "session failed (error 16): seal: refused"));

	builder_setup(NULL);
	use_bzimage();
	sim.fail_call[CORBEL_OP_build_stub] = -XEN_EBUSY;
	check_ring_failed(run_ring(), XEN_EBUSY, "kernel: unpacking: refused (error 16)");
}

/* A hypervisor that does not keep the seal is found out. */
static void test_leaking_seal(void **state)
{
	(void)state;
	use_elf();
	sim.seal_leaks = 1;
	assert_int_equal(run_ring(), -XEN_EFAULT);
	assert_string_equal(sim_ring()->reason, "seal: the sealed domain can still be mapped");
}

static void test_bad_modules(void **state)
{
	struct corbel_builder_start start = {
		.instance = 1,
		.module_count = 2,
		.module = {{sim_module_gpa(0), 1, "plan"}, {sim_module_gpa(1), 1, "surplus"}},
	};

	(void)state;
	sim_module(0, encoded);
	sim_module(1, initrd);
	check_failed(builder_run(&start), XEN_EINVAL, "modules: number 1 is not kernel");
	start.module_count = 1;
	check_failed(builder_run(&start), XEN_EINVAL, "modules: number 1 is not kernel");
	request.flags = CORBEL_RQF_DOM0;
	use_elf();
	request.kernel_size++;
	encode();
	request.kernel_size--;
	check_failed(run_modules(), XEN_EINVAL,
		     "plan: kernel 12289, initrd 70001 bytes; the modules have 12288 and 70001");
	request.initrd_size++;
	encode();
	check_failed(run_modules(), XEN_EINVAL,
		     "plan: kernel 12288, initrd 70002 bytes; the modules have 12288 and 70001");
}

static void test_crash_request(void **state)
{
	(void)state;
	request.flags = CORBEL_RQF_CRASH;
	use_elf();
	if (TEST_FLAGS == 0) {
		check_ring_failed(
			run_ring(), XEN_EINVAL,
			"request: flags 0x80000000, of which 0x80000000 are not allowed here");
		return;
	}
	if (setjmp(sim.crashed) == 0) {
		run_ring();
		assert_true(0); /* it did not crash */
	}
	assert_int_equal(sim.created, 1);
	assert_int_equal(sim.committed, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, builder_setup, builder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_memory),        TEST(test_stub_fails),    TEST(test_bad_peer),
		TEST(test_bad_ring),      TEST(test_refused_calls), TEST(test_bad_modules),
		TEST(test_crash_request), TEST(test_window),        TEST(test_leaking_seal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
