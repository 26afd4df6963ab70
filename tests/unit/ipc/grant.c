/* SPDX-License-Identifier: MIT */
/*
 * Grant tables (core/grant*.c): the rules one by one.  Random operations against a list of live
 * mappings are in grant_random.c.  Host test code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <xen/errno.h>
#include "base/host.h"
#include "ipc/grant_calls.h"

static void map_and_unmap(void **state)
{
	struct gnttab_map_grant_ref op;

	(void)state;
	give(1, REF, 0, 3, GTF_permit_access);
	op = map(0, 1, REF, 40, RW);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(fake.asked_perm, XSM_PERM_grant_map_write);
	assert_int_equal(fake_npt[0][40].kind, NPT_GRANT);
	assert_int_equal(fake_npt[0][40].frame.n, fake_ram(1, 3).n);
	assert_true(fake_npt[0][40].write);
	assert_false(fake_npt[0][40].exec);
	assert_int_equal(fake_frames[fake_ram(1, 3).n].refs, 2);
	assert_int_equal(D(1)->mapped_by_peers, 1);
	assert_int_equal(D(1)->refs, 2);
	assert_int_equal(entry_of(1, REF)->flags, GTF_permit_access | GTF_reading | GTF_writing);

	/* a mapped page cannot be granted on (S23) */
	give(0, REF, 2, 40, GTF_permit_access);
	assert_int_equal(map(2, 0, REF, 41, RO).status, GNTST_bad_page);

	assert_int_equal(unmap(0, op.handle, 41), GNTST_bad_virt_addr);
	assert_int_equal(unmap(0, op.handle + 1, 40), GNTST_bad_handle);
	assert_int_equal(unmap(0, 0xFFFFFFFF, 40), GNTST_bad_handle);
	assert_int_equal(unmap(2, op.handle, 40), GNTST_bad_handle); /* another's handle */
	assert_int_equal(fake.tlb_requests, 0);
	fake.refuse = true;
	assert_int_equal(unmap(0, op.handle, 40), GNTST_permission_denied);
	fake.refuse = false;
	assert_int_equal(unmap(0, op.handle, 40), GNTST_okay);
	assert_int_equal(fake.asked_perm, XSM_PERM_grant_unmap);
	assert_int_equal(fake.tlb_requests, 1);
	assert_int_equal(unmap(0, op.handle, 40), GNTST_bad_handle);
	assert_int_equal(fake_npt[0][40].kind, NPT_NONE);
	assert_int_equal(fake_frames[fake_ram(1, 3).n].refs, 1);
	assert_int_equal(entry_of(1, REF)->flags, GTF_permit_access);
}

/* What the builder seeds, console and store, is asked about apart, in whatever way it is mapped. */
static void seeded(void **state)
{
	static const uint32_t flags[] = {RW, RO};

	(void)state;
	for (uint32_t ref = 0; ref < 3; ref++) {
		for (unsigned i = 0; i < 2; i++) {
			uint16_t want = i ? XSM_PERM_grant_map_read : XSM_PERM_grant_map_write;
			struct gnttab_map_grant_ref op;

			give(1, ref, 0, 3, GTF_permit_access);
			op = map(0, 1, ref, 40, flags[i]);
			assert_int_equal(op.status, GNTST_okay);
			assert_int_equal(fake.asked_perm, ref < 2 ? XSM_PERM_grant_map_ring : want);
			assert_int_equal(unmap(0, op.handle, 40), GNTST_okay);
		}
	}
}

static void counts(void **state)
{
	struct gnttab_map_grant_ref a, b;

	(void)state;
	give(1, FAR_REF, 0, 2, GTF_permit_access);
	a = map(0, 1, FAR_REF, 40, RW);
	b = map(0, 1, FAR_REF, 41, RO);
	assert_int_equal(a.status | b.status, GNTST_okay);
	assert_int_equal(fake.asked_perm, XSM_PERM_grant_map_read);
	assert_false(fake_npt[0][41].write);
	assert_int_equal(unmap(0, a.handle, 40), GNTST_okay);
	assert_int_equal(entry_of(1, FAR_REF)->flags, GTF_permit_access | GTF_reading);
	/* a revoked entry goes on being in use */
	entry_of(1, FAR_REF)->flags = GTF_reading;
	assert_int_equal(map(0, 1, FAR_REF, 42, RO).status, GNTST_permission_denied);
	assert_int_equal(unmap(0, b.handle, 41), GNTST_okay);
	assert_int_equal(entry_of(1, FAR_REF)->flags, 0);
}

static void refused(void **state)
{
	struct gnttab_map_grant_ref odd = {.host_addr = 40 * PAGE_SIZE + 1, .ref = REF, .dom = 1};
	frame_t frame;

	(void)state;
	give(1, REF, 0, 3, GTF_permit_access | GTF_readonly);
	assert_int_equal(map(0, 1, REF, 40, RW).status, GNTST_permission_denied);
	assert_int_equal(map(2, 1, REF, 40, RO).status, GNTST_permission_denied); /* not to 2 */
	assert_int_equal(map(0, 1, REF + 1, 40, RO).status, GNTST_permission_denied);
	assert_int_equal(map(0, 1, FAR_REF, 40, RO).status, GNTST_permission_denied);
	assert_int_equal(fake.denials, 4);
	assert_int_equal(fake.denials, 4);
	assert_int_equal(map(0, 1, GRANT_ENTRIES, 40, RO).status, GNTST_bad_gntref);
	assert_int_equal(map(0, 1, 0xFFFFFFFF, 40, RO).status, GNTST_bad_gntref);
	assert_int_equal(map(0, 9, REF, 40, RO).status, GNTST_permission_denied);
	fake.refuse = true;
	assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_permission_denied);
	fake.refuse = false;
	D(1)->state = CORBEL_DOM_building;
	assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_permission_denied);
	/* the state is looked at again under the lock */
	assert_int_equal(grant_begin_use(D(1), 0, REF, false, &frame), GNTST_permission_denied);
	D(1)->state = CORBEL_DOM_running;

	odd.flags = RO;
	assert_int_equal(batch(hc_grant_map, 0, &odd, 1), 0);
	assert_int_equal(odd.status, GNTST_bad_virt_addr);
	assert_int_equal(map(0, 1, REF, 40, GNTMAP_readonly).status, GNTST_general_error);
	assert_int_equal(map(0, 1, REF, 40, RO | GNTMAP_device_map).status, GNTST_general_error);
	assert_int_equal(map(0, 1, REF, 40, RO | GNTMAP_application_map).status,
			 GNTST_general_error);
	assert_int_equal(map(0, 1, REF, 40, RO | GNTMAP_contains_pte).status, GNTST_general_error);
	assert_int_equal(map(0, 1, REF, 40, RO | 1u << 16).status, GNTST_general_error);
	assert_int_equal(map(0, 1, REF, GFN_LIMIT, RO).status, GNTST_bad_virt_addr);
	assert_int_equal(map(0, 1, REF, 3, RO).status, GNTST_general_error); /* own RAM there */
	fake.npt_fail = 1;
	assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_general_error);
	assert_int_equal(D(1)->mapped_by_peers, 0);
	assert_int_equal(entry_of(1, REF)->flags, GTF_permit_access | GTF_readonly);

	give(1, REF, 0, 20, GTF_permit_access); /* nothing there */
	assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_bad_page);
	give(1, REF, 0, 0xFFFFFFFF, GTF_permit_access);
	assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_bad_page);
	give(1, REF, 0, 3, GTF_accept_transfer);
	assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_permission_denied);
	fake_npt[1][3].kind = NPT_SHARED;
	give(1, REF, 0, 3, GTF_permit_access);
	assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_bad_page);
	fake_npt[1][3].kind = NPT_RAM;
	fake_npt[1][3].write = false;
	assert_int_equal(map(0, 1, REF, 40, RW).status, GNTST_bad_page);
}

static uint32_t races;

/* Written straight into the frame: grant_frame() would take a lock that is held here. */
static void change_entry(struct domain *d)
{
	if (races) {
		races--;
		d->grants->frame[0][REF] += 1ull << 32;
	}
}

static void races_lost(void **state)
{
	struct gnttab_map_grant_ref op;

	(void)state;
	give(1, REF, 0, 3, GTF_permit_access);
	fake.race = change_entry;
	races = 2; /* the entry names another frame each time it is looked at */
	op = map(0, 1, REF, 40, RW);
	assert_int_equal(op.status, GNTST_okay);
	assert_int_equal(fake_npt[0][40].frame.n, fake_ram(1, 5).n);
	assert_int_equal(fake_frames[fake_ram(1, 3).n].refs, 1);
	assert_int_equal(fake_frames[fake_ram(1, 4).n].refs, 1);
	races = 0;
	assert_int_equal(unmap(0, op.handle, 40), GNTST_okay);
	give(1, REF, 0, 0, GTF_permit_access);
	races = 100;
	assert_int_equal(map(0, 1, REF, 40, RW).status, GNTST_eagain);
	fake.race = NULL;
}

static void batches(void **state)
{
	struct gnttab_map_grant_ref op[3];
	uint32_t i;

	(void)state;
	give(1, REF, 0, 3, GTF_permit_access);
	for (i = 0; i < 3; i++) {
		op[i] = (struct gnttab_map_grant_ref){.host_addr = (40ull + i) << PAGE_SHIFT,
						      .flags = RW,
						      .ref = REF,
						      .dom = i == 1 ? 9 : 1};
	}
	assert_int_equal(batch(hc_grant_map, 0, op, 513), -XEN_E2BIG);
	assert_int_equal(batch(hc_grant_map, 0, op, ~0ull), -XEN_E2BIG);
	assert_int_equal(batch(hc_grant_map, 0, NULL, 1), -XEN_EFAULT);
	assert_int_equal(batch(hc_grant_map, 0, NULL, 0), 0);
	assert_int_equal(batch(hc_grant_map, 0, op, 3), 0);
	assert_int_equal(op[0].status, GNTST_okay);
	assert_int_equal(op[1].status, GNTST_permission_denied);
	assert_int_equal(op[1].handle, ~0u);
	assert_int_equal(op[2].status, GNTST_okay);
	assert_int_equal(D(1)->mapped_by_peers, 2);
}

static int16_t copy(uint16_t caller, struct gnttab_copy op)
{
	op.status = 77;
	assert_int_equal(batch(hc_grant_copy, caller, &op, 1), 0);
	return op.status;
}

static void copies(void **state)
{
	struct gnttab_copy op = {.source = {.u.ref = REF, .domid = 1, .offset = 100},
				 .dest = {.u.gmfn = 2, .domid = DOMID_SELF, .offset = 4000},
				 .len = 96,
				 .flags = GNTCOPY_source_gref};

	(void)state;
	give(1, REF, 0, 3, GTF_permit_access | GTF_readonly);
	memset(fake_frames[fake_ram(1, 3).n].data, 0x5A, PAGE_SIZE);
	assert_int_equal(copy(0, op), GNTST_okay);
	assert_int_equal(fake.asked_perm, XSM_PERM_grant_copy_read);
	assert_int_equal(fake_frames[fake_ram(0, 2).n].data[3999], 0);
	assert_int_equal(fake_frames[fake_ram(0, 2).n].data[4000], 0x5A);
	assert_int_equal(entry_of(1, REF)->flags, GTF_permit_access | GTF_readonly);

	op.len = 97;
	assert_int_equal(copy(0, op), GNTST_bad_copy_arg);
	op.len = 0xFFFF;
	assert_int_equal(copy(0, op), GNTST_bad_copy_arg);
	op.len = 8;
	op.dest.u.gmfn = 50;
	assert_int_equal(copy(0, op), GNTST_bad_page);
	op.dest.u.gmfn = ~0ull;
	assert_int_equal(copy(0, op), GNTST_bad_page);
	op.dest.domid = 1; /* another's page by number */
	op.dest.u.gmfn = 2;
	assert_int_equal(copy(0, op), GNTST_permission_denied);
	op.dest.u.ref = REF; /* granted read-only */
	op.flags = GNTCOPY_source_gref | GNTCOPY_dest_gref;
	assert_int_equal(copy(0, op), GNTST_permission_denied);
	assert_int_equal(fake.asked_perm, XSM_PERM_grant_copy_write);
	assert_int_equal(fake.denials, 1);
	op.flags = 4;
	assert_int_equal(copy(0, op), GNTST_general_error);
	op = (struct gnttab_copy){.source = {.u.ref = REF, .domid = 1},
				  .dest = {.u.gmfn = 2, .domid = DOMID_SELF},
				  .len = 1,
				  .flags = GNTCOPY_source_gref};
	fake_npt[0][2].write = false;
	assert_int_equal(copy(0, op), GNTST_bad_page);
}

static void seeds(void **state)
{
	struct gnttab_query_size query = {.dom = 1, .status = 77};
	struct hc_call call;
	uint32_t version = 2;

	(void)state;
	assert_int_equal(grant_seed(D(1), 1, 0, (gfn_t){6}), 0);
	assert_int_equal(grant_seed(D(1), GRANT_ENTRIES, 0, (gfn_t){6}), -XEN_EINVAL);
	assert_int_equal(grant_seed(D(1), 1, 0, (gfn_t){1ull << 32}), -XEN_EINVAL);
	assert_int_equal(map(0, 1, 1, 40, RW).status, GNTST_okay);
	assert_int_equal(fake_npt[0][40].frame.n, fake_ram(1, 6).n);
	assert_null(grant_frame(D(1), GRANT_FRAMES));
	assert_null(grant_frame(D(1), 0x80000000));
	assert_non_null(grant_frame(D(1), GRANT_FRAMES - 1));
	call = fake_call(1, 1, &query, sizeof(query));
	assert_int_equal(hc_grant_query(&call), 0);
	memcpy(&query, call.in.bytes, sizeof(query));
	assert_int_equal(query.nr_frames, GRANT_FRAMES);
	assert_int_equal(query.max_nr_frames, GRANT_FRAMES);
	call = fake_call(1, 1, &version, sizeof(version));
	assert_int_equal(hc_grant_version(&call), -XEN_ENOSYS);
	version = 1;
	call = fake_call(1, 1, &version, sizeof(version));
	assert_int_equal(hc_grant_version(&call), 0);
	fake.heap_left = 0;
	assert_null(grant_frame(D(2), 7));
}

static void dead_granter(void **state)
{
	struct gnttab_map_grant_ref op;

	(void)state;
	give(1, REF, 0, 3, GTF_permit_access);
	op = map(0, 1, REF, 40, RW);
	assert_int_equal(op.status, GNTST_okay);
	D(1)->state = CORBEL_DOM_dying;
	grant_teardown(D(1));
	assert_non_null(D(1)->grants); /* INV-GRANT-4 */
	assert_null(grant_frame(D(1), 5));
	assert_int_equal(map(0, 1, REF, 41, RW).status, GNTST_permission_denied);
	assert_int_equal(unmap(0, op.handle, 40), GNTST_okay);
	assert_null(D(1)->grants);
	assert_int_equal(D(1)->charge.heap_pages, 0);
	assert_int_equal(D(1)->refs, 1);
}

static void many(void **state)
{
	struct gnttab_map_grant_ref op = {.status = 0};
	uint32_t i;

	(void)state;
	give(1, REF, 0, 3, GTF_permit_access);
	fake_npt[0][40].kind = NPT_NONE;
	/* More handles than nested entries of the fake: take the mapping out of its way each
	 * time. */
	for (i = 0; i < GRANT_MAPS; i++) {
		op = map(0, 1, REF, 40, RO);
		assert_int_equal(op.status, GNTST_okay);
		assert_int_equal(op.handle, i);
		fake_npt[0][40].kind = NPT_NONE;
	}
	assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_no_space);
	assert_int_equal(unmap(0, op.handle, 40), GNTST_general_error); /* it is not there */
	for (i = 0; i < GRANT_MAPS; i++) {
		fake_npt[0][40] = (struct npt_entry){.frame = fake_ram(1, 3), .kind = NPT_GRANT};
		assert_int_equal(unmap(0, i, 40), GNTST_okay);
	}
	assert_int_equal(map(0, 1, REF, 40, RO).handle, GRANT_MAPS - 1);
	assert_int_equal(D(1)->mapped_by_peers, 1);
	/* One that serves others holds more. */
	grant_serve(D(0));
	for (i = 1; i < GRANT_MAPS_SERVE; i++) {
		fake_npt[0][40].kind = NPT_NONE;
		assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_okay);
	}
	fake_npt[0][40].kind = NPT_NONE;
	assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_no_space);
	for (i = 0; i < GRANT_MAPS_SERVE; i++) {
		fake_npt[0][40] = (struct npt_entry){.frame = fake_ram(1, 3), .kind = NPT_GRANT};
		assert_int_equal(unmap(0, i, 40), GNTST_okay);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(map_and_unmap, grant_test_setup,
						grant_test_teardown),
		cmocka_unit_test_setup_teardown(seeded, grant_test_setup, grant_test_teardown),
		cmocka_unit_test_setup_teardown(counts, grant_test_setup, grant_test_teardown),
		cmocka_unit_test_setup_teardown(refused, grant_test_setup, grant_test_teardown),
		cmocka_unit_test_setup_teardown(races_lost, grant_test_setup, grant_test_teardown),
		cmocka_unit_test_setup_teardown(batches, grant_test_setup, grant_test_teardown),
		cmocka_unit_test_setup_teardown(copies, grant_test_setup, grant_test_teardown),
		cmocka_unit_test_setup_teardown(seeds, grant_test_setup, grant_test_teardown),
		cmocka_unit_test_setup_teardown(dead_granter, grant_test_setup,
						grant_test_teardown),
		cmocka_unit_test_setup_teardown(many, grant_test_setup, grant_test_teardown),
	};

	return cmocka_run_group_tests_name("grant", tests, NULL, NULL);
}
