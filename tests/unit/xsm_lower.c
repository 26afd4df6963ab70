/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of the lowering: the blob in the hypervisor's monitor decides as libsepol decides on
 * the policydb, for every subject, object, class and permission.  Tenants are written here as pairs
 * of categories and asked one by one, not through the compiler's three representatives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sepol/policydb/services.h>
#include "xsm/compiler/source.h"

void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	exit(1);
}

struct tenant {
	uint32_t number;
	const char *level;
};

/* Distinct pairs of categories: no two tenants dominate each other. */
static const struct tenant tenants[] = {
	{XSM_TENANT_NONE, ":s0"}, {1, ":s0:c0,c1"},           {2, ":s0:c0,c2"},
	{3, ":s0:c3,c4"},         {0x80000000u, ":s0:c1,c4"}, {XSM_TENANT_ALL, ":s0:c0.c4"},
};

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
			sepol_access_vector_t av;

			assert_int_equal(sepol_string_to_av_perm(cls, source_perm_name[c][b], &av),
					 0);
			assert_int_equal(xsm_allowed(p, s, t, c, b), (d.allowed & av) != 0);
			assert_int_equal(xsm_audited(p, s, t, c, b), (d.auditallow & av) != 0);
			decisions++;
		}
	}
}

static void sweep(const struct xsm_policy *p, const struct tenant *list, unsigned count)
{
	struct xsm_label s = {0}, t = {0};

	for (unsigned i = 0; i < p->contexts * count; i++) {
		s.ctx = (uint16_t)(i / count);
		s.tenant = list[i % count].number;
		for (unsigned j = 0; j < p->contexts * count; j++) {
			t.ctx = (uint16_t)(j / count);
			t.tenant = list[j % count].number;
			compare(p, s, sid_of(xsm_label_name(p, s), list[i % count].level), t,
				sid_of(xsm_label_name(p, t), list[j % count].level));
		}
	}
}

/* Lowers a policydb and compares; *floor_result is the floor's verdict. */
static void sweep_file(const char *path, int floor_result)
{
	static const struct tenant nobody = {0, ""};
	struct source source;
	struct xsm_policy p;
	const char *why = "";
	size_t size;
	void *blob;

	source_read(&source, path);
	blob = emit_blob(&source, &size);
	assert_int_equal(xsm_policy_parse(&p, blob, size, &why), 0);
	assert_int_equal(xsm_floor_check(&p, &why), floor_result);
	decisions = 0;
	if (source.relations == 1) {
		sweep(&p, &nobody, 1);
	} else {
		sweep(&p, tenants, sizeof(tenants) / sizeof(tenants[0]));
	}
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

static void test_cloud(void **state)
{
	(void)state;
	sweep_file(in_build("cloud.policydb"), 0);
}

static void test_empty(void **state)
{
	(void)state;
	sweep_file(in_build("empty.policydb"), 0);
}

static void test_all(void **state)
{
	(void)state;
	sweep_file(in_build("all.policydb"), 0);
}

static void test_tenants(void **state)
{
	(void)state;
	sweep_file(in_build("tenants.policydb"), -1); /* it grants on the hypervisor, too */
}

static void *load(const char *path, struct xsm_policy *p, size_t *size)
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

/* In `all`, each permission that Dom0 lacks is one that the floor refuses: nothing is left out. */
static void test_all_is_all(void **state)
{
	struct xsm_policy p, changed;
	struct xsm_label s, t = {0};
	unsigned refused = 0;
	const char *why;
	size_t size;
	void *blob = load(in_build("all.bin"), &p, &size);

	(void)state;
	s = xsm_sid_label(&p, XSM_SID_dom0);
	for (t.ctx = 0; t.ctx < p.contexts; t.ctx++) {
		for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
			for (unsigned b = 0; b < 32 && source_perm_name[c][b] != NULL; b++) {
				uint32_t *word = (uint32_t *)(uintptr_t)p.vector +
						 p.stride * p.cell[s.ctx * p.contexts + t.ctx] + c;

				if (xsm_allowed(&p, s, t, c, b)) {
					continue;
				}
				*word |= 1u << b;
				assert_int_equal(xsm_policy_parse(&changed, blob, size, &why), 0);
				if (xsm_floor_check(&changed, &why) == 0) {
					print_error("floor leaves %s:%s on %s\n",
						    source_class_name[c], source_perm_name[c][b],
						    xsm_label_name(&p, t));
					fail_msg("all.cil is not complete");
				}
				*word &= ~(1u << b);
				refused++;
			}
		}
	}
	assert_true(refused > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cloud),       cmocka_unit_test(test_empty),
		cmocka_unit_test(test_all),        cmocka_unit_test(test_tenants),
		cmocka_unit_test(test_all_is_all),
	};

	return cmocka_run_group_tests_name("xsm_lower", tests, NULL, NULL);
}
