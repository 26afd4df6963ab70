/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of the floor: every invariant is broken once, by one permission in one tenant
 * relation, and every right that a normal policy needs passes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "xsm/xsm_fixture.h"

static _Alignas(8) struct fixture fixture;

static int setup(void **state)
{
	(void)state;
	fixture_reset(&fixture);
	return 0;
}

static int check(const char **why)
{
	struct xsm_policy p;

	*why = "";
	assert_int_equal(xsm_policy_parse(&p, &fixture, sizeof(fixture), why), 0);
	return xsm_floor_check(&p, why);
}

struct row {
	unsigned s, t, cls, perm;
	const char *reason; /* NULL: the floor leaves it to the policy */
};

#define ROW(s, t, c, p, reason)                                                                    \
	{                                                                                          \
		s, t, XSM_CLASS_##c, XSM_PERM_##c##_##p, reason                                    \
	}

static const struct row rows[] = {
	ROW(DOM0, TENANT, build, build, "build:build"),
	ROW(DOM0, DOM0, build, build, "build:build"),
	ROW(TENANT, HYPERVISOR, build, serve, "build:serve"),
	ROW(DOM0, BUILDER, domain, create, "hypervisor's or the builder's"),
	ROW(DOM0, HYPERVISOR, domain, create, "hypervisor's or the builder's"),
	ROW(DOM0, OWN, domain, create, "self object"),
	ROW(DOM0, HYPERVISOR, security, setenforce, "setenforce"),
	ROW(BUILDER, HYPERVISOR, security, setenforce, "setenforce"),
	ROW(BUILDER, HYPERVISOR, mmu, map_read, "on the hypervisor"),
	ROW(BUILDER, HYPERVISOR, mmu, map_write, "on the hypervisor"),
	ROW(BUILDER, HYPERVISOR, mmu, adjust, "on the hypervisor"),
	ROW(BUILDER, HYPERVISOR, mmu, physmap, "on the hypervisor"),
	ROW(BUILDER, HYPERVISOR, mmu, exchange, "on the hypervisor"),
	ROW(DOM0, HYPERVISOR, mmu, map_read, "on the hypervisor"),
	ROW(HYPERVISOR, HYPERVISOR, mmu, map_read, "on the hypervisor"),
	ROW(DOM0, HYPERVISOR, grant, map_read, "grant rights on the hypervisor"),
	ROW(BUILDER, HYPERVISOR, grant, map_write, "grant rights on the hypervisor"),
	ROW(BUILDER, HYPERVISOR, grant, copy_read, "grant rights on the hypervisor"),
	ROW(BUILDER, HYPERVISOR, grant, copy_write, "grant rights on the hypervisor"),
	ROW(DOM0, HYPERVISOR, grant, map_ring, "grant rights on the hypervisor"),
	ROW(DOM0, HYPERVISOR, grant, transfer, "grant rights on the hypervisor"),
	ROW(DOM0, TENANT, mmu, map_read, "map_read"),
	ROW(DOM0, TENANT, mmu, map_write, "map_write"),
	ROW(DOM0, BUILDER, mmu, map_read, "map_read"),
	ROW(DOM0, OWN, mmu, map_read, "map_read"),
	ROW(TENANT, DOM0, mmu, map_write, "map_write"),
	ROW(TENANT, TENANT, mmu, map_read, "map_read"),
	ROW(DOM0, TENANT, mmu, adjust, "adjust"),
	ROW(TENANT, TENANT, mmu, adjust, "adjust"),
	ROW(DOM0, TENANT, mmu, physmap, "physmap"),
	ROW(TENANT, TENANT, mmu, physmap, "physmap"),
	ROW(DOM0, TENANT, mmu, exchange, "exchange"),
	ROW(DOM0, TENANT, hvm, setparam, "setparam"),
	ROW(TENANT, TENANT, hvm, setparam, "setparam"),
	ROW(DOM0, TENANT, hvm, hvmctl, "hvmctl"),
	ROW(DOM0, TENANT, domain, setvcpucontext, "setvcpucontext"),
	ROW(DOM0, TENANT, domain, getvcpucontext, "getvcpucontext"),
	ROW(BUILDER, HYPERVISOR, domain, create, "hypervisor's or the builder's"),
	ROW(BUILDER, BUILDER, domain, create, "hypervisor's or the builder's"),
	ROW(BUILDER, OWN, domain, create, "self object"),

	ROW(BUILDER, TENANT, build, build, NULL),
	ROW(BUILDER, HYPERVISOR, build, serve, NULL),
	ROW(BUILDER, TENANT, domain, create, NULL),
	ROW(BUILDER, DOM0, domain, create, NULL),
	ROW(BUILDER, TENANT, mmu, map_write, NULL),
	ROW(BUILDER, DOM0, mmu, adjust, NULL),
	ROW(BUILDER, TENANT, hvm, setparam, NULL),
	ROW(BUILDER, BUILDER, mmu, physmap, NULL),
	ROW(BUILDER, HYPERVISOR, security, load_policy, NULL),
	ROW(DOM0, HYPERVISOR, security, load_policy, NULL),
	ROW(DOM0, TENANT, domain, create, NULL),
	ROW(UNLABELED, TENANT, domain, create, NULL),
	ROW(DOM0, DOM0, mmu, physmap, NULL),
	ROW(DOM0, DOM0, hvm, setparam, NULL),
	ROW(TENANT, OWN, mmu, physmap, NULL),
	ROW(TENANT, OWN, mmu, adjust, NULL),
	ROW(TENANT, OWN, hvm, setparam, NULL),
	ROW(DOM0, TENANT, domain, destroy, NULL),
	ROW(DOM0, TENANT, grant, map_write, NULL),
	ROW(DOM0, TENANT, hvm, getparam, NULL),
	ROW(DOM0, HYPERVISOR, build, request, NULL),
	ROW(TENANT, TENANT, event, send, NULL),
};

static void test_rows(void **state)
{
	const char *why;

	(void)state;
	assert_int_equal(check(&why), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		for (unsigned r = 0; r < XSM_RELATION_COUNT; r++) {
			fixture_reset(&fixture);
			fixture_allow_when(&fixture, row->s, row->t, r, row->cls, row->perm);
			assert_int_equal(check(&why), row->reason == NULL ? 0 : -1);
			if (row->reason != NULL) {
				assert_non_null(strstr(why, row->reason));
			}
		}
	}
}

/* Kinds that have owners: nothing at all between two owners, and no say in the policy. */
static void test_owned(void **state)
{
	const char *why;

	(void)state;
	for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
		for (unsigned r = 0; r < XSM_RELATION_COUNT; r++) {
			fixture_reset(&fixture);
			fixture.context[TENANT].flags = XSM_CONTEXT_OWNED;
			fixture_allow_when(&fixture, TENANT, TENANT, r, XSM_CLASS_event, 0);
			fixture_allow_when(&fixture, TENANT, DOM0, r, XSM_CLASS_event, 0);
			assert_int_equal(check(&why), r == XSM_RELATION_APART ? -1 : 0);
			fixture_allow_when(&fixture, TENANT, TENANT, XSM_RELATION_APART, cls, 0);
			assert_int_equal(check(&why), -1);
		}
	}
	/* one without an owner is no owner */
	for (unsigned both = 0; both < 2; both++) {
		fixture_reset(&fixture);
		fixture.context[TENANT].flags = XSM_CONTEXT_OWNED;
		fixture_allow_when(&fixture, both ? TENANT : DOM0, both ? DOM0 : TENANT,
				   XSM_RELATION_APART, XSM_CLASS_event, 0);
		assert_int_equal(check(&why), 0);
	}
	for (unsigned r = 0; r < XSM_RELATION_COUNT; r++) {
		fixture_reset(&fixture);
		fixture_allow_when(&fixture, TENANT, HYPERVISOR, r, XSM_CLASS_security,
				   XSM_PERM_security_load_policy);
		assert_int_equal(check(&why), 0);
		fixture.context[TENANT].flags = XSM_CONTEXT_OWNED;
		assert_int_equal(check(&why), -1);
		assert_non_null(strstr(why, "load_policy"));
	}
}

static void test_initial_contexts_distinct(void **state)
{
	const char *why;

	(void)state;
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		for (unsigned j = 0; j < i; j++) {
			fixture_reset(&fixture);
			fixture.header.sid[i] = fixture.header.sid[j];
			assert_int_equal(check(&why), -1);
			assert_non_null(strstr(why, "the same"));
		}
	}
}

/* Calling somebody else's domain one's own self object does not help. */
static void test_stolen_self(void **state)
{
	const char *why;

	(void)state;
	fixture.context[TENANT].self = DOM0;
	assert_int_equal(check(&why), -1);
	assert_non_null(strstr(why, "self object"));
	fixture_reset(&fixture);
	fixture.context[DOM0].self = TENANT;
	fixture_allow(&fixture, BUILDER, TENANT, XSM_CLASS_domain, XSM_PERM_domain_create);
	assert_int_equal(check(&why), -1);
	assert_non_null(strstr(why, "self object"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_rows, setup),
		cmocka_unit_test_setup(test_owned, setup),
		cmocka_unit_test_setup(test_initial_contexts_distinct, setup),
		cmocka_unit_test_setup(test_stolen_self, setup),
	};

	return cmocka_run_group_tests_name("xsm_floor", tests, NULL, NULL);
}
