/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of the lowering: the blob in the hypervisor's monitor decides as libsepol decides on
 * the policydb, for every subject, object, class, permission and relation of owners that can occur;
 * masks of relations that cannot are zero.  Owners are asked one by one, each with categories of
 * its own, not through the compiler's representatives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sepol/policydb/services.h>
#include "xsm/compiler/source.h"

struct owner {
	uint32_t number;
	const char *level;
};

/* Distinct pairs of categories: no two owners dominate each other. */
static const struct owner pairs[] = {
	{XSM_TENANT_NONE, ":s0"}, {1, ":s0:c0,c1"},           {2, ":s0:c0,c2"},
	{3, ":s0:c3,c4"},         {0x80000000u, ":s0:c1,c4"},
};

/* The shipped policies have two categories. */
static const struct owner two[] = {
	{XSM_TENANT_NONE, ":s0"}, {7, ":s0:c1"}, {0xffffffffu, ":s0:c0"}};

static unsigned long decisions;

static uint32_t sid_of(const char *context, const char *level)
{
	char text[128];
	sepol_security_id_t sid;

	snprintf(text, sizeof(text), "%s%s", context, level);
	assert_int_equal(sepol_context_to_sid(text, strlen(text) + 1, &sid), 0);
	return sid;
}

static void compare(const struct xsm_policy *p, struct xsm_label s, uint32_t s_sid,
		    struct xsm_label t, uint32_t t_sid)
{
	for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
		struct sepol_av_decision d;
		sepol_security_class_t cls;

		assert_int_equal(sepol_string_to_security_class(source_class_name[c], &cls), 0);
		assert_int_equal(sepol_compute_av(s_sid, t_sid, cls, ~0u, &d), 0);
		for (unsigned b = 0; b < 32 && source_perm_name[c][b] != NULL; b++) {
			bool allowed = xsm_allowed(p, s, t, c * 32 + b);
			bool audited = xsm_audited(p, s, t, c * 32 + b);
			sepol_access_vector_t av;

			assert_int_equal(sepol_string_to_av_perm(cls, source_perm_name[c][b], &av),
					 0);
			assert_int_equal(allowed, (d.allowed & av) != 0);
			assert_int_equal(allowed && audited, (d.allowed & d.auditallow & av) != 0);
			assert_true(!audited || (d.auditallow & av) != 0);
			decisions++;
		}
	}
}

/* Whether the context is what another one is to itself. */
static bool is_self(const struct xsm_policy *p, unsigned context)
{
	struct xsm_label label = {0};

	for (; label.ctx < p->contexts; label.ctx++) {
		if (label.ctx != context && xsm_self_label(p, label).ctx == context) {
			return true;
		}
	}
	return false;
}

/* Compares one pair for all owners that the two can have; returns the relations that occurred. */
static unsigned sweep_pair(const struct xsm_policy *p, struct xsm_label s, struct xsm_label t,
			   const struct owner *list, unsigned count)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < count; i++) {
		if (xsm_is_owned(p, s) != (list[i].number != XSM_TENANT_NONE)) {
			continue;
		}
		s.tenant = list[i].number;
		for (unsigned j = 0; j < count; j++) {
			/* A self object has the owner of the domain that it stands for. */
			if (is_self(p, t.ctx)
				    ? i != j
				    : xsm_is_owned(p, t) != (list[j].number != XSM_TENANT_NONE)) {
				continue;
			}
			t.tenant = list[j].number;
			compare(p, s, sid_of(xsm_label_name(p, s), list[i].level), t,
				sid_of(xsm_label_name(p, t), list[j].level));
			seen |= 1u << xsm_relation(s.tenant, t.tenant);
		}
	}
	return seen;
}

static void sweep(const struct xsm_policy *p, const struct owner *list, unsigned count)
{
	struct xsm_label s = {0}, t = {0};
	uint32_t masks;
	unsigned seen;

	for (s.ctx = 0; s.ctx < p->contexts; s.ctx++) {
		for (t.ctx = 0; t.ctx < p->contexts; t.ctx++) {
			uint32_t allowed[XSM_CLASS_COUNT] = {0};

			seen = sweep_pair(p, s, t, list, count);
			assert_int_not_equal(seen, 0);
			for (unsigned i = 0; i < XSM_RELATION_COUNT * XSM_CLASS_COUNT; i++) {
				masks = xsm_masks(p, s.ctx, t.ctx, 0)[i];
				assert_true((seen >> (i / XSM_CLASS_COUNT) & 1) != 0 || masks == 0);
				allowed[i % XSM_CLASS_COUNT] |= masks;
			}
			for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
				masks = xsm_masks(p, s.ctx, t.ctx, XSM_RELATION_COUNT)[c];
				assert_int_equal(masks & ~allowed[c], 0);
			}
		}
	}
}

/* Lowers a policydb and compares; at least `owned` contexts have owners. */
static void sweep_file(const char *path, const struct owner *list, unsigned count, unsigned owned,
		       int floor_result)
{
	struct source source;
	struct xsm_policy p;
	struct xsm_label label = {0};
	const char *why = "";
	unsigned found = 0;
	size_t size;
	void *blob;

	if (!source_read(&source, path)) {
		fail_msg("%s: %s", path, source.error);
	}
	blob = emit_blob(&source, &size);
	assert_non_null(blob);
	assert_int_equal(xsm_policy_parse(&p, blob, size, &why), 0);
	assert_int_equal(xsm_floor_check(&p, &why), floor_result);
	for (; label.ctx < p.contexts; label.ctx++) {
		found += xsm_is_owned(&p, label);
	}
	assert_true(found >= owned);
	decisions = 0;
	sweep(&p, list, count);
	print_message("# %s: %u contexts, %lu decisions, %zu bytes\n", path, p.contexts, decisions,
		      size);
	free(blob);
	source_free(&source);
}

static const char *in_build(const char *name)
{
	static char path[256];
	const char *build = getenv("CORBEL_BUILD");

	snprintf(path, sizeof(path), "%s/policy/%s", build != NULL ? build : "build", name);
	return path;
}

static void test_shipped(void **state)
{
	static const char *const name[] = {"cloud", "split", "lab", "blind",
					   "apart", "empty", "all"};
	char file[32];

	(void)state;
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		snprintf(file, sizeof(file), "%s.policydb", name[i]);
		sweep_file(in_build(file), two, 3, 1, 0);
	}
}

static void test_tenants(void **state)
{
	(void)state;
	/* It grants between owners and on the hypervisor, too. */
	sweep_file(in_build("tenants.policydb"), pairs, 5, 4, -1);
}

static void test_refused(void **state)
{
	struct source source;

	(void)state;
	assert_false(source_read(&source, in_build("nothing.policydb")));
	assert_non_null(strstr(source.error, "cannot open"));
	source_free(&source);
	assert_false(source_read(&source, in_build("cloud.bin")));
	assert_non_null(strstr(source.error, "not a binary policy"));
	source_free(&source);
}

static const void *load(const char *path, struct xsm_policy *p, size_t *size)
{
	static _Alignas(8) char blob[1 << 16];
	const char *why = "";
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	*size = fread(blob, 1, sizeof(blob), f);
	fclose(f);
	assert_int_equal(xsm_policy_parse(p, blob, *size, &why), 0);
	return blob;
}

/* Sets one bit of the blob and asks the floor. */
static bool floor_leaves(const void *blob, size_t size, uint32_t *mask, unsigned bit)
{
	struct xsm_policy changed;
	const char *why;
	bool leaves;

	*mask |= 1u << bit;
	assert_int_equal(xsm_policy_parse(&changed, blob, size, &why), 0);
	leaves = xsm_floor_check(&changed, &why) == 0;
	*mask &= ~(1u << bit);
	return leaves;
}

/* In `all`, each permission that Dom0 lacks is one that the floor refuses: nothing is left out. */
static void test_all_is_all(void **state)
{
	struct xsm_policy p;
	struct xsm_label s, t = {0};
	unsigned refused = 0, relation;
	size_t size;
	const void *blob = load(in_build("all.bin"), &p, &size);

	(void)state;
	s = xsm_sid_label(&p, XSM_SID_dom0);
	for (; t.ctx < p.contexts; t.ctx++) {
		relation = xsm_is_owned(&p, t) ? XSM_RELATION_UNDER : XSM_RELATION_SAME;
		for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
			uint32_t *mask =
				(uint32_t *)(uintptr_t)xsm_masks(&p, s.ctx, t.ctx, relation) + c;

			for (unsigned b = 0; b < 32 && source_perm_name[c][b] != NULL; b++) {
				if ((*mask >> b & 1) != 0) {
					continue;
				}
				if (floor_leaves(blob, size, mask, b)) {
					fail_msg(
						"all.cil is not complete: the floor leaves %s:%s on "
						"%s",
						source_class_name[c], source_perm_name[c][b],
						xsm_label_name(&p, t));
				}
				refused++;
			}
		}
	}
	assert_true(refused > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_tenants),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_all_is_all),
	};

	return cmocka_run_group_tests_name("xsm_lower", tests, NULL, NULL);
}
