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
#include <xen/io/xs_wire.h>

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
	assert_int_equal(sim.unbound_ports, 0);
	assert_int_equal(sim.param[HVM_PARAM_CONSOLE_PFN], 0);
	assert_int_equal(sim.param[HVM_PARAM_STORE_PFN], 0);
	assert_int_equal(sim.seal.run, 1);
	check_digests();
	check_elf_loaded();
	check_start_info(3);
	check_staging_wiped();
}

/* The page is granted to Dom0 under the number that Xen reserves, and has a port of its own. */
static void check_shared(unsigned ref, uint32_t gpa, unsigned param_pfn, unsigned param_port)
{
	assert_int_equal(sim.granted, 2);
	assert_int_equal(sim.grant[ref].ref, ref);
	assert_int_equal(sim.grant[ref].peer, 0);
	assert_int_equal(sim.grant[ref].gfn, gpa >> 12);
	assert_int_equal(sim.param[param_pfn], gpa >> 12);
	assert_int_equal(sim.param[param_port], ref + 1);
}

/* All zero but the word that says that somebody connects later. */
static void check_store(void)
{
	const size_t at = offsetof(struct xenstore_domain_interface, connection);
	uint32_t connection;

	sim_target_read(STORE_GPA + at, &connection, sizeof(connection));
	assert_int_equal(connection, XENSTORE_RECONNECT);
	assert_true(sim_target_is_zero(STORE_GPA, at));
	assert_true(sim_target_is_zero(STORE_GPA + at + 4, 4096 - at - 4));
}

static void test_tenant_elf(void **state)
{
	(void)state;
	request.flags = CORBEL_RQF_PAUSED | 0x1234u << CORBEL_RQF_NUMBER_SHIFT;
	use_elf();
	peer_scribbles = 1;
	assert_int_equal(run_ring(), 0);
	assert_int_equal(sim.create.domid, 0x1234);
	assert_int_equal(sim.create.vcpus, 2);
	assert_int_equal(sim.create.max_pages, 32 * 256);
	assert_string_equal(sim.create.label, request.label);
	assert_memory_equal(sim.create.uuid, request.uuid, 16);
	check_shared(0, CONSOLE_GPA, HVM_PARAM_CONSOLE_PFN, HVM_PARAM_CONSOLE_EVTCHN);
	check_shared(1, STORE_GPA, HVM_PARAM_STORE_PFN, HVM_PARAM_STORE_EVTCHN);
	check_store();
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
	check_store();
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
