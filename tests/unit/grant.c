/* SPDX-License-Identifier: MIT */
/*
 * Grant tables (core/grant*.c): the rules one by one, then random operations of four domains
 * against a list of live mappings.  After each operation INV-GRANT-1 and 2 are compared with it:
 * references of every frame and domain, nested entries, use counts and the bits shown to guests;
 * at the end nothing may be left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <xen/errno.h>
#include "core/grant_table.h"
#include "core/host.h"
#include "cpu/percpu.h"
#include "fake_core.h"

#define D(n)    (&fake.domain[n])
#define REF     8u   /* first reference that Linux uses */
#define FAR_REF 600u /* lies in the second grant frame */

static int setup(void **state)
{
	uint16_t id;

	(void)state;
	fake_reset();
	for (id = 0; id < FAKE_DOMAINS; id++) {
		assert_int_equal(grant_init(D(id)), 0);
		assert_non_null(grant_frame(D(id), 0));
	}
	return 0;
}

static int teardown(void **state)
{
	uint16_t id;
	uint32_t i;

	(void)state;
	for (id = 0; id < FAKE_DOMAINS; id++) {
		D(id)->state = CORBEL_DOM_dying;
		grant_teardown(D(id));
		grant_teardown(D(id)); /* twice is once */
	}
	for (id = 0; id < FAKE_DOMAINS; id++) {
		assert_null(D(id)->grants);
		assert_int_equal(D(id)->heap_pages, 0);
		assert_int_equal(D(id)->grant_maps, 0);
		assert_int_equal(D(id)->refs, 1);
	}
	for (i = 0; i < FAKE_FRAMES; i++) {
		assert_int_equal(fake_frames[i].refs, 1);
	}
	assert_int_equal(fake.heap_used, 0);
	assert_int_equal(percpu_area[0].locks_held, 0);
	return 0;
}

/* ---- what a guest does ------------------------------------------------------------------------
 */
static struct grant_entry_v1 *entry_of(uint16_t id, uint32_t ref)
{
	struct grant_entry_v1 *frame = grant_frame(D(id), ref / 512);

	return &frame[ref % 512];
}

static void give(uint16_t id, uint32_t ref, uint16_t peer, uint32_t gfn, uint16_t flags)
{
	struct grant_entry_v1 *entry = entry_of(id, ref);

	entry->domid = peer;
	entry->frame = gfn;
	entry->flags = flags;
}

/* map, unmap and copy have the same registers: array, count */
static long batch(long (*handler)(struct hc_call *), uint16_t caller, void *array, uint64_t count)
{
	struct hc_call call = fake_call(caller, caller, "", 1);

	call.target = NULL;
	call.arg[1] = (uint64_t)(uintptr_t)array;
	call.arg[2] = count;
	return handler(&call);
}

static struct gnttab_map_grant_ref map(uint16_t caller, uint16_t granter, uint32_t ref,
				       uint64_t gfn, uint32_t flags)
{
	struct gnttab_map_grant_ref op = {.host_addr = gfn << PAGE_SHIFT,
					  .flags = flags,
					  .ref = ref,
					  .dom = granter,
					  .status = 77};

	assert_int_equal(batch(hc_grant_map, caller, &op, 1), 0);
	return op;
}

#define RW GNTMAP_host_map
#define RO (GNTMAP_host_map | GNTMAP_readonly)

static int unmap(uint16_t caller, uint32_t handle, uint64_t gfn)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = gfn << PAGE_SHIFT, .handle = handle, .status = 77};

	assert_int_equal(batch(hc_grant_unmap, caller, &op, 1), 0);
	return op.status;
}

/* ---- rules ------------------------------------------------------------------------------------
 */
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
	assert_int_equal(D(1)->grant_maps, 1);
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
	assert_int_equal(host.audit_denied, 4);
	assert_int_equal(map(0, 1, GRANT_ENTRIES, 40, RO).status, GNTST_bad_gntref);
	assert_int_equal(map(0, 1, 0xFFFFFFFF, 40, RO).status, GNTST_bad_gntref);
	assert_int_equal(map(0, 9, REF, 40, RO).status, GNTST_permission_denied);
	fake.refuse = true;
	assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_permission_denied);
	fake.refuse = false;
	D(1)->state = CORBEL_DOM_building;
	assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_permission_denied);
	/* the state is looked at again under the lock */
	assert_int_equal(grant_hold(D(1), 0, REF, false, &frame), GNTST_permission_denied);
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
	assert_int_equal(D(1)->grant_maps, 0);
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
	assert_int_equal(D(1)->grant_maps, 2);
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
	assert_int_equal(fake.asked_perm, XSM_PERM_grant_copy);
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
	assert_int_equal(D(1)->heap_pages, 0);
	assert_int_equal(D(1)->refs, 1);
}

static void many(void **state)
{
	struct gnttab_map_grant_ref op = {.status = 0};
	uint32_t i;

	(void)state;
	give(1, REF, 0, 3, GTF_permit_access);
	fake_npt[0][40].kind = NPT_NONE;
	/* More handles than nested entries of the fake: take the mapping out of its way each time.
	 */
	for (i = 0; i < GRANT_MAPS_MAX; i++) {
		op = map(0, 1, REF, 40, RO);
		assert_int_equal(op.status, GNTST_okay);
		assert_int_equal(op.handle, i);
		fake_npt[0][40].kind = NPT_NONE;
	}
	assert_int_equal(map(0, 1, REF, 40, RO).status, GNTST_no_space);
	assert_int_equal(unmap(0, op.handle, 40), GNTST_general_error); /* it is not there */
	for (i = 0; i < GRANT_MAPS_MAX; i++) {
		fake_npt[0][40] = (struct npt_entry){.frame = fake_ram(1, 3), .kind = NPT_GRANT};
		assert_int_equal(unmap(0, i, 40), GNTST_okay);
	}
	assert_int_equal(map(0, 1, REF, 40, RO).handle, GRANT_MAPS_MAX - 1);
	assert_int_equal(D(1)->grant_maps, 1);
}

/* ---- random operations against a model ------------------------------------------------------ */
#define MODEL_MAPS 256
#define MODEL_REFS 6 /* per domain: three in the first frame, three in the second */

struct model_map {
	bool live, write;
	uint16_t mapper, granter;
	uint32_t ref, gfn, handle;
	uint64_t frame;
};
static struct model_map model[MODEL_MAPS];

static uint32_t model_ref(uint32_t n)
{
	return n < 3 ? REF + n : FAR_REF + n;
}

static void check_domain(uint16_t id)
{
	uint32_t maps = 0, i, n;

	for (i = 0; i < MODEL_MAPS; i++) {
		maps += model[i].live && model[i].granter == id;
	}
	assert_int_equal(D(id)->grant_maps, maps);
	assert_int_equal(D(id)->refs, 1 + maps);
	for (n = 0; n < MODEL_REFS && !D(id)->grants->closed; n++) {
		uint32_t users = 0, writers = 0;
		uint16_t flags = entry_of(id, model_ref(n))->flags;

		for (i = 0; i < MODEL_MAPS; i++) {
			if (model[i].live && model[i].granter == id &&
			    model[i].ref == model_ref(n)) {
				users++;
				writers += model[i].write;
			}
		}
		assert_int_equal(!!(flags & GTF_reading), users > 0);
		assert_int_equal(!!(flags & GTF_writing), writers > 0);
	}
}

static void check_all(void)
{
	uint32_t refs[FAKE_FRAMES], i, gfn, live = 0, grants = 0;
	uint16_t id;

	for (i = 0; i < FAKE_FRAMES; i++) {
		refs[i] = 1;
	}
	for (i = 0; i < MODEL_MAPS; i++) {
		struct model_map *m = &model[i];

		if (m->live) {
			live++;
			refs[m->frame]++;
			assert_int_equal(fake_npt[m->mapper][m->gfn].kind, NPT_GRANT);
			assert_int_equal(fake_npt[m->mapper][m->gfn].frame.n, m->frame);
			assert_int_equal(fake_npt[m->mapper][m->gfn].write, m->write);
		}
	}
	for (i = 0; i < FAKE_FRAMES; i++) {
		assert_int_equal(fake_frames[i].refs, refs[i]);
	}
	for (id = 0; id < FAKE_DOMAINS; id++) {
		check_domain(id);
		for (gfn = 0; gfn < FAKE_GFNS; gfn++) {
			grants += fake_npt[id][gfn].kind == NPT_GRANT;
		}
	}
	assert_int_equal(grants, live);
}

static void step_map(uint16_t id)
{
	uint16_t granter = fake_random() % FAKE_DOMAINS;
	uint32_t ref = model_ref(fake_random() % MODEL_REFS), gfn = 32 + fake_random() % 32;
	bool write = fake_random() % 2;
	struct grant_entry_v1 before = *entry_of(granter, ref);
	bool good = before.flags & GTF_permit_access && before.domid == id &&
		    !(write && before.flags & GTF_readonly) && before.frame < FAKE_RAM &&
		    fake_npt[id][gfn].kind == NPT_NONE;
	struct gnttab_map_grant_ref op;
	struct model_map *m = model;

	if (fake_random() % 16 == 0) {
		fake.npt_fail = 1;
	}
	good = good && !fake.npt_fail;
	op = map(id, granter, ref, gfn, write ? RW : RO);
	fake.npt_fail = 0;
	assert_int_equal(op.status == GNTST_okay, good);
	if (!good) {
		return;
	}
	while (m->live) {
		m++;
	}
	*m = (struct model_map){.live = true,
				.write = write,
				.mapper = id,
				.granter = granter,
				.ref = ref,
				.gfn = gfn,
				.handle = op.handle,
				.frame = fake_ram(granter, before.frame).n};
}

static void step_unmap(uint16_t id)
{
	uint32_t handle = fake_random() % 24, gfn = 32 + fake_random() % 32, i;
	struct model_map *m = NULL;

	for (i = 0; i < MODEL_MAPS; i++) {
		if (model[i].live && model[i].mapper == id && model[i].handle == handle) {
			m = &model[i];
		}
	}
	if (m && fake_random() % 4) {
		gfn = m->gfn;
	}
	assert_int_equal(unmap(id, handle, gfn), !m              ? GNTST_bad_handle
						 : m->gfn != gfn ? GNTST_bad_virt_addr
								 : GNTST_okay);
	if (m && m->gfn == gfn) {
		m->live = false;
	}
}

static void step_write(uint16_t id)
{
	struct grant_entry_v1 *entry = entry_of(id, model_ref(fake_random() % MODEL_REFS));
	uint16_t kept = entry->flags & (GTF_reading | GTF_writing);

	entry->domid = fake_random() % FAKE_DOMAINS;
	entry->frame = fake_random() % (FAKE_RAM + 2);
	entry->flags = kept | (fake_random() % 8 ? GTF_permit_access : 0) |
		       (fake_random() % 4 ? 0 : GTF_readonly);
}

/* A domain ends while others may still map its grants, and comes again once they do not. */
static void step_end(uint16_t id)
{
	uint32_t i;

	D(id)->state = CORBEL_DOM_dying;
	grant_teardown(D(id));
	for (i = 0; i < MODEL_MAPS; i++) {
		if (model[i].live && model[i].mapper == id) {
			model[i].live = false;
		}
	}
	for (i = 0; i < MODEL_MAPS; i++) {
		if (model[i].live && model[i].granter == id) {
			assert_int_equal(unmap(model[i].mapper, model[i].handle, model[i].gfn),
					 GNTST_okay);
			model[i].live = false;
		}
	}
	assert_null(D(id)->grants);
	assert_int_equal(D(id)->heap_pages, 0);
	fake_domain_reset(id);
	assert_int_equal(grant_init(D(id)), 0);
}

static void random_operations(void **state)
{
	uint32_t round;
	uint16_t id;

	(void)state;
	memset(model, 0, sizeof(model));
	fake_seed(4711);
	for (round = 0; round < 40000; round++) {
		id = fake_random() % FAKE_DOMAINS;
		switch (fake_random() % 4) {
		case 0:
			step_map(id);
			break;
		case 1:
			step_unmap(id);
			break;
		case 2:
			step_write(id);
			break;
		default:
			if (fake_random() % 64 == 0) {
				step_end(id);
			} else {
				step_map(id);
			}
			break;
		}
		check_all();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(map_and_unmap, setup, teardown),
		cmocka_unit_test_setup_teardown(counts, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(races_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(batches, setup, teardown),
		cmocka_unit_test_setup_teardown(copies, setup, teardown),
		cmocka_unit_test_setup_teardown(seeds, setup, teardown),
		cmocka_unit_test_setup_teardown(dead_granter, setup, teardown),
		cmocka_unit_test_setup_teardown(many, setup, teardown),
		cmocka_unit_test_setup_teardown(random_operations, setup, teardown),
	};

	return cmocka_run_group_tests_name("grant", tests, NULL, NULL);
}
