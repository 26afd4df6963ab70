/* SPDX-License-Identifier: MIT */
/*
 * Whole builds on the simulated hypervisor: Dom0 from modules, tenants over the ring, ELF and
 * bzImage, and the ways in which a build has to fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#undef fail /* cmocka's, which is not used here */

#include <xen/errno.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/params.h>

#include "builder-domain/build.h"
#include "builder-domain/lib.h"
#include "builder-domain/serve.h"
#include "builder-domain/tables.h"
#include "measured-boot/sha2.h"
#include "tests/unit/builder_images.h"
#include "tests/unit/builder_sim.h"
#include "tools/plan/encode.h"

#define BZ_ENTRY   0x1000850u
#define INITRD_LEN 70001u

static struct request request;
static uint8_t encoded[CORBEL_REQUEST_MAX];
static size_t encoded_len;
static uint8_t initrd[INITRD_LEN];
static union {
	struct test_elf elf;
	uint8_t bz[TEST_BZ_SIZE];
} kernel;

static void encode(void)
{
	const char *why;

	encoded_len = request_encode(&request, encoded, sizeof(encoded), &why);
	assert_true(encoded_len > 0);
}

static int setup(void **state)
{
	(void)state;
	sim_reset();
	sim.cycles_step = 1;
	memset(&request, 0, sizeof(request));
	strcpy(request.name, "demo");
	strcpy(request.label, "system_u:system_r:tenant.t");
	strcpy(request.cmdline, "console=hvc0 quiet");
	memset(request.uuid, 0xAB, sizeof(request.uuid));
	request.memory_mib = 32;
	request.vcpus = 2;
	request.weight = 256;
	for (size_t i = 0; i < sizeof(initrd); i++) {
		initrd[i] = (uint8_t)(i * 7 + i / 251);
	}
	request.initrd_size = sizeof(initrd);
	return 0;
}

static void use_elf(void)
{
	test_elf_make(&kernel.elf);
	request.kernel_size = sizeof(kernel.elf);
	encode();
}

static void use_bzimage(void)
{
	test_bz_make(kernel.bz);
	request.kernel_size = sizeof(kernel.bz);
	encode();
}

/* ---- Dom0's side ---- */

static int peer_gives_up, peer_is_short, peer_scribbles, peer_is_silent;
static uint32_t peer_max_len;

static void peer_answers(void)
{
	struct corbel_ring *ring = sim_ring();
	const uint8_t *file = ring->want_file == CORBEL_FILE_kernel ? (uint8_t *)&kernel : initrd;

	if (ring->want_seq == ring->have_seq || peer_is_silent) {
		return;
	}
	assert_true(ring->want_len <= ring->data_refs * 4096);
	peer_max_len = ring->want_len > peer_max_len ? ring->want_len : peer_max_len;
	memcpy(sim_data(), file + ring->want_offset, ring->want_len);
	ring->have_len = ring->want_len - (uint32_t)peer_is_short;
	if (peer_gives_up) {
		ring->have_len = 0xFFFFFFFF;
	}
	if (peer_scribbles) {
		memset(ring->request, 0xFF, sizeof(ring->request));
		memset(ring->data_ref, 0xFF, sizeof(ring->data_ref));
		ring->request_size = ring->data_refs = ring->magic = 0xFFFFFFFF;
		ring->data_refs = 3;
	}
	ring->have_seq = ring->want_seq;
}

static int run_ring(void)
{
	struct corbel_builder_start start = {.instance = 2, .tsc_hz = 1000};
	struct corbel_ring *ring = sim_ring();

	ring->magic = CORBEL_RING_MAGIC;
	ring->request_size = (uint32_t)encoded_len;
	ring->data_refs = 3;
	for (uint32_t i = 0; i < 3; i++) {
		ring->data_ref[i] = SIM_DATA_REF + i;
	}
	memcpy(ring->request, encoded, encoded_len);
	sim.peer = peer_answers;
	return builder_run(&start);
}

static int run_modules(void)
{
	struct corbel_builder_start start = {
		.instance = 1,
		.module_count = 3,
		.module = {{sim_module_gpa(0), encoded_len, "plan"},
			   {sim_module_gpa(1), request.kernel_size, "kernel"},
			   {sim_module_gpa(2), sizeof(initrd), "initrd"}},
	};

	sim_module(0, encoded);
	sim_module(1, &kernel);
	sim_module(2, initrd);
	return builder_run(&start);
}

static int teardown(void **state)
{
	(void)state;
	peer_gives_up = peer_is_short = peer_scribbles = peer_is_silent = 0;
	peer_max_len = 0;
	return 0;
}

/* ---- what a finished domain must look like ---- */

static void check_digests(void)
{
	uint8_t digest[SHA256_LEN];

	sha256(encoded, encoded_len, digest);
	assert_memory_equal(sim.commit.request, digest, sizeof(digest));
	sha256(&kernel, request.kernel_size, digest);
	assert_memory_equal(sim.commit.kernel, digest, sizeof(digest));
	sha256(initrd, request.initrd_size, digest);
	assert_memory_equal(sim.commit.initrd, digest, sizeof(digest));
	sha256(request.cmdline, strlen(request.cmdline), digest);
	assert_memory_equal(sim.commit.cmdline, digest, sizeof(digest));
}

static void check_start_info(uint32_t flags)
{
	struct hvm_start_info info;
	struct hvm_modlist_entry module;
	struct hvm_memmap_table_entry map[8];
	char text[2048];
	static uint8_t placed[INITRD_LEN];

	sim_target_read(sim.vcpu.ebx, &info, sizeof(info));
	assert_int_equal(info.magic, XEN_HVM_START_MAGIC_VALUE);
	assert_int_equal(info.version, 1);
	assert_int_equal(info.flags, flags);
	assert_int_equal(info.nr_modules, 1);
	sim_target_read(info.modlist_paddr, &module, sizeof(module));
	assert_int_equal(module.size, INITRD_LEN);
	sim_target_read(module.paddr, placed, INITRD_LEN);
	assert_memory_equal(placed, initrd, INITRD_LEN);
	sim_target_read(info.cmdline_paddr, text, sizeof(text));
	assert_string_equal(text, request.cmdline);
	assert_int_equal(info.memmap_entries, 5);
	sim_target_read(info.memmap_paddr, map, sizeof(map));
	for (unsigned i = 1; i < info.memmap_entries; i++) {
		assert_int_equal(map[i].addr, map[i - 1].addr + map[i - 1].size);
	}
	assert_int_equal(map[4].addr + map[4].size, (uint64_t)request.memory_mib << 20);
	sim_target_read(info.rsdp_paddr, text, 8);
	assert_memory_equal(text, "RSD PTR ", 8);
}

static void check_staging_wiped(void)
{
	uint64_t top = ((uint64_t)request.memory_mib << 20) - 0x12000; /* below the initrd */
	uint64_t size = (request.kernel_size + 4095) & ~4095ul;

	assert_true(sim_target_is_zero(top - size, size));
}

static void check_elf_loaded(void)
{
	uint8_t loaded[0x2000];

	sim_target_read(TEST_ELF_GPA, loaded, sizeof(loaded));
	assert_memory_equal(loaded, (uint8_t *)&kernel + TEST_ELF_TEXT, 0x1800);
	assert_true(sim_target_is_zero(TEST_ELF_GPA + 0x1800, 0x3800));
	assert_int_equal(sim.vcpu.eip, TEST_ELF_ENTRY);
}

static void check_failed(int rc, int error, const char *reason)
{
	assert_int_equal(rc, -error);
	assert_string_equal(fail_reason(), reason);
	assert_false(sim.sealed);
}

static void check_ring_failed(int rc, int error, const char *reason)
{
	check_failed(rc, error, reason);
	assert_int_equal(sim_ring()->state, CORBEL_RING_failed);
	assert_int_equal(sim_ring()->result, -error);
	assert_string_equal(sim_ring()->reason, reason);
}

/* ---- builds that succeed ---- */

static void test_dom0_elf(void **state)
{
	(void)state;
	request.flags = CORBEL_RQF_DOM0;
	use_elf();
	assert_int_equal(run_modules(), 0);
	assert_int_equal(sim.create.flags, CORBEL_BUILD_DOM0);
	assert_int_equal(sim.populated, 32 * 256);
	assert_int_equal(sim.granted, 0);
	assert_int_equal(sim.param[HVM_PARAM_CONSOLE_PFN], 0);
	assert_int_equal(sim.seal.run, 1);
	check_digests();
	check_elf_loaded();
	check_start_info(3);
	check_staging_wiped();
}

static void test_tenant_elf(void **state)
{
	(void)state;
	request.flags = CORBEL_RQF_PAUSED;
	use_elf();
	peer_scribbles = 1;
	assert_int_equal(run_ring(), 0);
	assert_int_equal(sim.create.vcpus, 2);
	assert_int_equal(sim.create.max_pages, 32 * 256);
	assert_string_equal(sim.create.label, request.label);
	assert_memory_equal(sim.create.uuid, request.uuid, 16);
	assert_int_equal(sim.grant.ref, 0);
	assert_int_equal(sim.grant.peer, 0);
	assert_int_equal(sim.grant.gfn, CONSOLE_GPA >> 12);
	assert_int_equal(sim.param[HVM_PARAM_CONSOLE_PFN], CONSOLE_GPA >> 12);
	assert_int_equal(sim.param[HVM_PARAM_CONSOLE_EVTCHN], sim.unbound_port);
	assert_int_equal(sim.seal.run, 0);
	assert_int_equal(sim_ring()->state, CORBEL_RING_done);
	assert_int_equal(sim_ring()->domid, SIM_DOMID);
	assert_int_equal(sim_ring()->instance, 2);
	assert_int_equal(peer_max_len, 3 * 4096);
	check_digests();
	check_elf_loaded();
	check_start_info(0);
	check_staging_wiped();
}

/* What a Linux stub does, as far as the builder can tell. */
static void stub_unpacks(void)
{
	struct boot_params zero_page;
	uint8_t blob[TEST_BZ_BLOB];
	struct test_note note = test_note(BZ_ENTRY);
	char text[8];

	assert_int_equal(sim.stub_args.eip, 0x100000);
	assert_int_equal(sim.stub_args.trap, 0x1000000);
	assert_true(sim.stub_args.budget_ms > 0);
	sim_target_read(sim.stub_args.esi, &zero_page, sizeof(zero_page));
	sim_target_read(zero_page.hdr.cmd_line_ptr, text, sizeof(text));
	assert_string_equal(text, "nokaslr");
	assert_int_equal(zero_page.hdr.init_size, TEST_BZ_INIT);
	assert_int_equal(zero_page.hdr.type_of_loader, 0xff);
	assert_int_equal(zero_page.hdr.setup_data, 0);
	assert_int_equal(zero_page.e820_entries, 2);
	sim_target_read(0x100000, blob, sizeof(blob));
	assert_memory_equal(blob, kernel.bz + TEST_BZ_SETUP, sizeof(blob));
	memset(blob, 0xCC, sizeof(blob));
	sim_target_write(0x1000000, blob, sizeof(blob));
	sim_target_write(0x1000000 + 0x240b8, &note, sizeof(note));
	sim_target_write(0xE0000, blob, 0x4000); /* rubbish where tables will lie */
}

static void test_bzimage(void **state)
{
	(void)state;
	use_bzimage();
	sim.stub = stub_unpacks;
	assert_int_equal(run_ring(), 0);
	assert_int_equal(sim.vcpu.eip, BZ_ENTRY);
	assert_true(sim_target_is_zero(0x100000, TEST_BZ_BLOB));
	assert_true(sim_target_is_zero(0xA0000, 0x40000));
	assert_true(sim_target_is_zero(CONSOLE_GPA, 4096));
	check_digests();
	check_start_info(0);
	check_staging_wiped();
}

/* A note at every place around the end of a 256 KiB batch is found, and found once. */
static uint64_t note_at;

static void stub_places_note(void)
{
	struct test_note note = test_note(BZ_ENTRY);

	sim_target_write(note_at, &note, sizeof(note));
}

static void test_note_on_a_seam(void **state)
{
	(void)state;
	for (note_at = 0x103ffe0; note_at <= 0x1040004; note_at += 4) {
		setup(NULL);
		use_bzimage();
		sim.stub = stub_places_note;
		assert_int_equal(run_ring(), 0);
	}
}

static void test_large_domain(void **state)
{
	(void)state;
	request.memory_mib = 4096 + 1;
	use_elf();
	assert_int_equal(run_ring(), 0);
	assert_int_equal(sim.populated, 4097 * 256);
	check_digests();
}

static void test_small_pages_only(void **state)
{
	(void)state;
	request.memory_mib = 13;
	use_elf();
	sim.large_extents = 2;
	assert_int_equal(run_ring(), 0);
	assert_int_equal(sim.populated, 13 * 256);
	check_elf_loaded();
}

/* ---- builds that must fail ---- */

static void test_memory(void **state)
{
	(void)state;
	use_elf();
	sim.pages_left = 5000;
	check_ring_failed(run_ring(), XEN_ENOMEM, "memory: host has none left at 19 MiB (error 0)");

	setup(NULL);
	request.memory_mib = 19;
	use_bzimage();
	check_ring_failed(run_ring(), XEN_ENOMEM,
			  "memory: 19 MiB is too small, 21 MiB needed (kernel up to 20, its file "
			  "1, initrd 1)");

	setup(NULL);
	request.memory_mib = 4;
	use_elf();
	request.initrd_size = 5 << 20;
	encode();
	check_ring_failed(run_ring(), XEN_ENOMEM,
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
	check_ring_failed(run_ring(), XEN_ENOEXEC, "kernel: the image's unpacker crashed at 1234");

	setup(NULL);
	use_bzimage();
	sim.stub_state = CORBEL_STUB_TIMEDOUT;
	check_ring_failed(run_ring(), XEN_ETIMEDOUT,
			  "kernel: unpacking used up its 120 s of CPU time at 1234");

	setup(NULL);
	use_bzimage();
	check_ring_failed(run_ring(), XEN_ENOEXEC,
			  "kernel: 0 PVH notes in the unpacked kernel, must be one");

	setup(NULL);
	use_bzimage();
	sim.stub = stub_decoy;
	check_ring_failed(run_ring(), XEN_ENOEXEC,
			  "kernel: 2 PVH notes in the unpacked kernel, must be one");

	setup(NULL);
	use_bzimage();
	sim.stub = stub_outside;
	check_ring_failed(run_ring(), XEN_ENOEXEC,
			  "kernel: PVH entry 1400000 is outside the kernel [1000000, 1400000)");
}

static void test_bad_peer(void **state)
{
	(void)state;
	use_elf();
	peer_gives_up = 1;
	check_ring_failed(run_ring(), XEN_EIO, "ring: the requester gave up at byte 0 of file 1");

	teardown(NULL);
	setup(NULL);
	use_elf();
	peer_is_short = 1;
	check_ring_failed(run_ring(), XEN_EINVAL,
			  "ring: 12287 bytes answered where 12288 were asked");

	teardown(NULL);
	setup(NULL);
	use_elf();
	peer_is_silent = 1;
	check_ring_failed(run_ring(), XEN_ETIMEDOUT, "ring: no answer to request 1 for 60 s");
	assert_false(sim.committed);
}

static void test_bad_ring(void **state)
{
	struct corbel_builder_start start = {.instance = 2, .tsc_hz = 1000};
	struct corbel_ring *ring;

	(void)state;
	check_ring_failed(builder_run(&start), XEN_EINVAL, "ring: magic 0 is not 474e5243");
	setup(NULL);
	ring = sim_ring();
	memset(ring, 0xFF, 4096);
	ring->magic = CORBEL_RING_MAGIC;
	check_ring_failed(builder_run(&start), XEN_EINVAL,
			  "ring: request of 4294967295 bytes, at most 3072");
	setup(NULL);
	ring = sim_ring();
	ring->magic = CORBEL_RING_MAGIC;
	ring->data_refs = 129;
	check_ring_failed(builder_run(&start), XEN_EINVAL,
			  "ring: 129 data pages, must be 1 to 128");
	setup(NULL);
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
			  "request: flags 1, of which 1 are not allowed here");

	setup(NULL);
	use_elf();
	sim.fail_call[CORBEL_OP_build_create] = -XEN_EPERM;
	check_ring_failed(run_ring(), XEN_EPERM,
			  "system_u:system_r:tenant.t: not permitted (error 1)");

	setup(NULL);
	use_elf();
	sim.fail_call[CORBEL_OP_build_seal] = -XEN_EBUSY;
	check_ring_failed(run_ring(), XEN_EBUSY, "seal: refused (error 16)");
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
	check_failed(builder_run(&start), XEN_EINVAL,
		     "modules: module 1 is unknown or given twice");
	start.module_count = 1;
	check_failed(builder_run(&start), XEN_ENOENT, "modules: plan or kernel is missing");
	request.flags = CORBEL_RQF_DOM0;
	use_elf();
	request.kernel_size++;
	encode();
	request.kernel_size--;
	check_failed(run_modules(), XEN_EINVAL,
		     "plan: kernel 12289, initrd 70001 bytes; the modules have 12288 and 70001");
}

#ifdef CORBEL_TEST_BUILD
static void test_crash_request(void **state)
{
	(void)state;
	request.flags = CORBEL_RQF_CRASH;
	use_elf();
	if (setjmp(sim.crashed) == 0) {
		run_ring();
		assert_true(0); /* it did not crash */
	}
	assert_int_equal(sim.created, 1);
	assert_int_equal(sim.committed, 0);
}
#else
static void test_crash_request(void **state)
{
	(void)state;
	request.flags = CORBEL_RQF_CRASH;
	use_elf();
	check_ring_failed(run_ring(), XEN_EINVAL,
			  "request: flags 80000000, of which 80000000 are not allowed here");
}
#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dom0_elf),       TEST(test_tenant_elf),    TEST(test_bzimage),
		TEST(test_note_on_a_seam), TEST(test_large_domain),  TEST(test_small_pages_only),
		TEST(test_memory),         TEST(test_stub_fails),    TEST(test_bad_peer),
		TEST(test_bad_ring),       TEST(test_refused_calls), TEST(test_bad_modules),
		TEST(test_crash_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
