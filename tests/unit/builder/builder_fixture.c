/* SPDX-License-Identifier: MIT */
/*
 * What the whole-build tests share: a request, files, Dom0's side of the ring, an unpacking stub,
 * and the look of a finished domain.
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

#include "builder-domain/lib.h"
#include "builder-domain/serve.h"
#include "builder-domain/tables.h"
#include "measured-boot/shared/sha2.h"
#include "tests/unit/builder/builder_fixture.h"

struct request request;
uint8_t encoded[CORBEL_REQUEST_MAX];
size_t encoded_len;
uint8_t initrd[INITRD_LEN];
union test_kernel kernel;

void encode(void)
{
	const char *why;

	encoded_len = request_encode(&request, encoded, sizeof(encoded), &why);
	assert_true(encoded_len > 0);
}

int builder_setup(void **state)
{
	(void)state;
	sim_reset();
	fail_reason[0] = 0;
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

void use_elf(void)
{
	test_elf_make(&kernel.elf);
	request.kernel_size = sizeof(kernel.elf);
	encode();
}

void use_bzimage(void)
{
	test_bz_make(kernel.bz);
	request.kernel_size = sizeof(kernel.bz);
	encode();
}

/* ---- Dom0's side ---- */

int peer_gives_up, peer_is_short, peer_scribbles, peer_is_silent, peer_is_gone;
uint32_t peer_max_len;
const uint8_t *policy_file;

static const uint8_t *wanted_file(uint32_t file)
{
	switch (file) {
	case CORBEL_FILE_policy:
		return policy_file;
	case CORBEL_FILE_kernel:
		return (const uint8_t *)&kernel;
	default:
		return initrd;
	}
}

static void peer_answers(void)
{
	struct corbel_ring *ring = sim_ring();
	const uint8_t *file = wanted_file(ring->want_file);

	if (peer_is_gone && ring->want_seq != 0) {
		ring->magic = 0; /* Dom0's kernel does, for one that dies */
		return;
	}
	if (ring->want_seq == ring->have_seq || peer_is_silent) {
		return;
	}
	assert_true(ring->want_len <= ring->data_refs * 4096);
	peer_max_len = ring->want_len > peer_max_len ? ring->want_len : peer_max_len;
	memcpy(sim_data(), file + ring->want_offset, ring->want_len);
	ring->have_len = ring->want_len - (uint32_t)peer_is_short;
	if (peer_gives_up) {
		ring->have_len = CORBEL_RING_GIVE_UP;
	}
	if (peer_scribbles) {
		memset(ring->request, 0xFF, sizeof(ring->request));
		memset(ring->data_ref, 0xFF, sizeof(ring->data_ref));
		ring->request_size = ring->data_refs = ring->magic = 0xFFFFFFFF;
		ring->data_refs = 3;
	}
	ring->have_seq = ring->want_seq;
}

struct corbel_builder_start ring_start = {.instance = 2, .tsc_hz = 1000};

int run_ring(void)
{
	struct corbel_ring *ring = sim_ring();

	ring->magic = CORBEL_RING_MAGIC;
	ring->request_size = (uint32_t)encoded_len;
	ring->data_refs = 3;
	for (uint32_t i = 0; i < 3; i++) {
		ring->data_ref[i] = SIM_DATA_REF + i;
	}
	memcpy(ring->request, encoded, encoded_len);
	sim.peer = peer_answers;
	return builder_run(&ring_start);
}

int run_modules(void)
{
	struct corbel_builder_start boot = {
		.instance = 1,
		.module_count = 3,
		.module = {{sim_module_gpa(0), encoded_len, "plan"},
			   {sim_module_gpa(1), request.kernel_size, "kernel"},
			   {sim_module_gpa(2), sizeof(initrd), "initrd"}},
	};

	sim_module(0, encoded);
	sim_module(1, &kernel);
	sim_module(2, initrd);
	return builder_run(&boot);
}

int builder_teardown(void **state)
{
	(void)state;
	peer_gives_up = peer_is_short = peer_scribbles = peer_is_silent = peer_is_gone = 0;
	peer_max_len = 0;
	return 0;
}

/* ---- what a finished domain must look like ---- */

void check_digests(void)
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

void check_start_info(uint32_t flags)
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

void check_staging_wiped(void)
{
	uint64_t top = ((uint64_t)request.memory_mib << 20) - 0x12000; /* below the initrd */
	uint64_t size = (request.kernel_size + 4095) & ~4095ul;

	assert_true(sim_target_is_zero(top - size, size));
}

void check_elf_loaded(void)
{
	uint8_t loaded[0x2000];

	sim_target_read(TEST_ELF_GPA, loaded, sizeof(loaded));
	assert_memory_equal(loaded, (uint8_t *)&kernel + TEST_ELF_TEXT, 0x1800);
	assert_true(sim_target_is_zero(TEST_ELF_GPA + 0x1800, 0x3800));
	assert_int_equal(sim.vcpu.eip, TEST_ELF_ENTRY);
}

void check_failed(int rc, int error, const char *reason)
{
	assert_int_equal(rc, -error);
	assert_string_equal(fail_reason, reason);
	fail_reason[0] = 0;
	assert_false(sim.sealed);
}

void check_ring_failed(int rc, int error, const char *reason)
{
	check_failed(rc, error, reason);
	assert_int_equal(sim_ring()->state, CORBEL_RING_failed);
	assert_int_equal(sim_ring()->result, -error);
	assert_string_equal(sim_ring()->reason, reason);
}

/* What a Linux stub does, as far as the builder can tell. */
void stub_unpacks(void)
{
	struct boot_params zero_page;
	uint8_t blob[TEST_BZ_BLOB];
	struct test_note note = test_note(BZ_ENTRY);
	char text[8];

	assert_int_equal(sim.stub_args.eip, 0x100000);
	assert_int_equal(sim_ring()->state, CORBEL_RING_building);
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

uint64_t note_at;

void stub_places_note(void)
{
	struct test_note note = test_note(BZ_ENTRY);

	sim_target_write(note_at, &note, sizeof(note));
}
