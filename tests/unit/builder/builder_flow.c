/* SPDX-License-Identifier: MIT */
/*
 * Whole builds that succeed, on the simulated hypervisor: Dom0 from modules, tenants over the ring,
 * ELF and bzImage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#undef fail /* cmocka's, which is not used here */

#include <xen/hvm/params.h>

#include <xen/arch-x86/hvm/start_info.h>

#include "builder-domain/tables.h"
#include "tests/unit/builder/builder_fixture.h"

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
	assert_int_not_equal(sim.unbound_port, 0);
	assert_int_equal(sim.param[HVM_PARAM_CONSOLE_EVTCHN], sim.unbound_port);
	assert_int_equal(sim.seal.run, 0);
	assert_non_null(strstr(sim.log, "(demo) sealed"));
	assert_int_equal(sim_ring()->state, CORBEL_RING_done);
	assert_int_equal(sim_ring()->domid, SIM_DOMID);
	assert_int_equal(sim_ring()->instance, 2);
	assert_int_equal(peer_max_len, 3 * 4096);
	check_digests();
	check_elf_loaded();
	check_start_info(0);
	check_staging_wiped();
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

/* Linux 6.12's vmlinux begins at 1000b53, 6.1's at 1000000; both are entered by their note. */
static void test_bzimage_begins_elsewhere(void **state)
{
	static const uint64_t rips[] = {0x1000b53, 0x11fffff};

	(void)state;
	for (unsigned i = 0; i < sizeof(rips) / sizeof(rips[0]); i++) {
		builder_setup(NULL);
		use_bzimage();
		sim.stub = stub_unpacks;
		sim.stub_rip = rips[i];
		assert_int_equal(run_ring(), 0);
		assert_int_equal(sim.vcpu.eip, BZ_ENTRY);
	}
}

/* A note at every place around the end of a 256 KiB batch is found, and found once. */
static void test_note_on_a_seam(void **state)
{
	(void)state;
	for (note_at = 0x103ffe0; note_at <= 0x1040004; note_at += 4) {
		builder_setup(NULL);
		use_bzimage();
		sim.stub = stub_places_note;
		assert_int_equal(run_ring(), 0);
	}
}

static void test_large_domain(void **state)
{
	struct hvm_start_info info;
	struct hvm_memmap_table_entry map[6];

	(void)state;
	request.memory_mib = 4096 + 1;
	use_elf();
	assert_int_equal(run_ring(), 0);
	sim_target_read(sim.vcpu.ebx, &info, sizeof(info));
	assert_int_equal(info.memmap_entries, 6);
	sim_target_read(info.memmap_paddr, map, sizeof(map));
	assert_int_equal(map[4].addr + map[4].size, 0xC0000000);
	assert_int_equal(map[5].addr, 0x100000000);
	assert_int_equal(map[5].size, 1025ul << 20);
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

/* Of 32 MiB only 3 are free; the rest is still dirty.  Large extents all the same. */
static void test_dirty_memory_is_waited_for(void **state)
{
	(void)state;
	sim.pages_left = 3 * 256;
	sim.pages_dirty = 29 * 256;
	sim.large_extents = 16;
	use_elf();
	assert_int_equal(run_ring(), 0);
	assert_int_equal(sim.populated, 32 * 256);
	assert_int_equal(sim.large_extents, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, builder_setup, builder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dom0_elf),
		TEST(test_tenant_elf),
		TEST(test_bzimage),
		TEST(test_note_on_a_seam),
		TEST(test_large_domain),
		TEST(test_small_pages_only),
		TEST(test_bzimage_begins_elsewhere),
		TEST(test_dirty_memory_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
