/* SPDX-License-Identifier: MIT */
/*
 * Grant tables (core/grant*.c): random operations of four domains against a list of live mappings.
 * After each operation INV-GRANT-1 and 2 are compared with it: references of every frame and
 * domain, nested entries, use counts and the bits shown to guests; at the end nothing may be left.
 * Host test code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "ipc/grant_calls.h"

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
	assert_int_equal(D(id)->mapped_by_peers, maps);
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
		refs[i] = FAKE_REFS(i);
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
	int expected = GNTST_bad_handle;

	for (i = 0; i < MODEL_MAPS; i++) {
		if (model[i].live && model[i].mapper == id && model[i].handle == handle) {
			m = &model[i];
		}
	}
	if (m && fake_random() % 4) {
		gfn = m->gfn;
	}
	if (m) {
		expected = m->gfn == gfn ? GNTST_okay : GNTST_bad_virt_addr;
	}
	assert_int_equal(unmap(id, handle, gfn), expected);
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
	assert_int_equal(D(id)->charge.heap_pages, 0);
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
		cmocka_unit_test_setup_teardown(random_operations, grant_test_setup,
						grant_test_teardown),
	};

	return cmocka_run_group_tests_name("grant_random", tests, NULL, NULL);
}
