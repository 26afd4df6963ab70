/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of the monitor: what the parser takes and refuses, what the look-ups answer.  Blobs
 * are copied to the end of an exact allocation, so that a read past them is a sanitizer's report.
 */
#include <setjmp.h>
#include <stdarg.h>
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

/* Parses a copy of exactly this length; the copy leaks on success, into *keep. */
static int parse(struct xsm_policy *p, size_t len, const char **why, void **keep)
{
	void *copy = malloc(len == 0 ? 1 : len);
	int result;

	assert_non_null(copy);
	memcpy(copy, &fixture, len);
	*why = NULL;
	result = xsm_policy_parse(p, copy, len, why);
	if (result == 0) {
		*keep = copy;
	} else {
		free(copy);
	}
	return result;
}

static void assert_refused(const char *reason)
{
	struct xsm_policy p;
	const char *why;
	void *keep;

	assert_int_equal(parse(&p, sizeof(fixture), &why, &keep), -1);
	assert_non_null(strstr(why, reason));
	assert_int_equal(p.contexts, 0);
	fixture_reset(&fixture);
}

static struct xsm_label label(unsigned ctx, uint32_t tenant)
{
	return (struct xsm_label){.tenant = tenant, .ctx = (uint16_t)ctx};
}

static void test_look_up(void **state)
{
	struct xsm_policy p;
	struct xsm_label found;
	const char *why;
	void *keep;

	(void)state;
	fixture_allow(&fixture, DOM0, TENANT, XSM_CLASS_domain, XSM_PERM_domain_pause);
	fixture.vector[1 + DOM0 * CONTEXTS + TENANT][XSM_RELATION_COUNT][XSM_CLASS_domain] =
		1u << XSM_PERM_domain_pause;
	assert_int_equal(parse(&p, sizeof(fixture), &why, &keep), 0);
	for (unsigned s = 0; s < CONTEXTS + 2; s++) {
		for (unsigned t = 0; t < CONTEXTS + 2; t++) {
			for (unsigned c = 0; c < XSM_CLASS_COUNT + 2; c++) {
				for (unsigned b = 0; b < 34; b++) {
					bool expected = s == DOM0 && t == TENANT &&
							c == XSM_CLASS_domain &&
							b == XSM_PERM_domain_pause;

					assert_int_equal(xsm_allowed(&p, label(s, 0), label(t, 0),
								     c * 32 + b),
							 expected);
					assert_int_equal(xsm_audited(&p, label(s, 0), label(t, 0),
								     c * 32 + b),
							 expected);
				}
			}
		}
	}
	assert_int_equal(xsm_label_by_name(&p, "e:tenant", &found), 0);
	assert_int_equal(found.ctx, TENANT);
	assert_int_equal(found.tenant, 0);
	assert_int_equal(xsm_label_by_name(&p, "e:tenan", &found), -1);
	assert_int_equal(xsm_label_by_name(&p, "e:tenant2", &found), -1);
	assert_int_equal(xsm_label_by_name(&p, "", &found), -1);
	assert_string_equal(xsm_label_name(&p, label(OWN, 7)), "d:own");
	assert_string_equal(xsm_label_name(&p, label(CONTEXTS, 0)), "(invalid)");
	assert_int_equal(xsm_sid_label(&p, XSM_SID_hypervisor).ctx, HYPERVISOR);
	assert_int_equal(xsm_sid_label(&p, XSM_SID_builder).ctx, BUILDER);
	assert_int_equal(xsm_self_label(&p, label(TENANT, 9)).ctx, OWN);
	assert_int_equal(xsm_self_label(&p, label(TENANT, 9)).tenant, 9);
	assert_int_equal(xsm_self_label(&p, label(DOM0, 0)).ctx, DOM0);
	free(keep);
}

static void test_no_policy_denies(void **state)
{
	struct xsm_policy p = {0};
	struct xsm_label found, none = xsm_sid_label(&p, XSM_SID_dom0);
	const char *why;

	(void)state;
	assert_false(xsm_allowed(&p, none, none, 0));
	assert_false(xsm_allowed(&p, label(0, 0), label(0, 0), 0));
	assert_false(xsm_audited(&p, label(0, 0), label(0, 0), 0));
	assert_int_equal(xsm_label_by_name(&p, "b:dom0", &found), -1);
	assert_string_equal(xsm_label_name(&p, none), "(invalid)");
	assert_int_equal(xsm_self_label(&p, none).ctx, none.ctx);
	assert_false(xsm_is_owned(&p, label(0, 0)) || xsm_needs_owner(&p, label(0, 0)));
	assert_int_equal(xsm_floor_check(&p, &why), -1);
	assert_string_equal(why, "floor: no policy");
}

/* Owned is what the flag says; an owner must be proved where owned contexts have a right in the
 * relation of one owner, on either side, but not for a domain's right on itself. */
static void test_owners(void **state)
{
	static const struct {
		unsigned s, t, relation;
		bool needs;
	} rights[] = {
		{TENANT, TENANT, XSM_RELATION_SAME, true},
		{UNLABELED, TENANT, XSM_RELATION_SAME, true},
		{TENANT, UNLABELED, XSM_RELATION_SAME, true},
		{UNLABELED, UNLABELED, XSM_RELATION_SAME, false},
		{TENANT, TENANT, XSM_RELATION_APART, false},
		{DOM0, TENANT, XSM_RELATION_UNDER, false},
		{TENANT, DOM0, XSM_RELATION_SAME, false},
		{TENANT, OWN, XSM_RELATION_SAME, false},
	};
	struct xsm_policy p;
	const char *why;
	void *keep;

	(void)state;
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		fixture_reset(&fixture);
		fixture.context[TENANT].flags = XSM_CONTEXT_OWNED;
		fixture.context[UNLABELED].flags = XSM_CONTEXT_OWNED;
		fixture_allow_when(&fixture, rights[i].s, rights[i].t, rights[i].relation,
				   XSM_CLASS_grant, XSM_PERM_grant_copy_read);
		assert_int_equal(parse(&p, sizeof(fixture), &why, &keep), 0);
		assert_true(xsm_is_owned(&p, label(TENANT, 0)));
		assert_false(xsm_is_owned(&p, label(DOM0, 3)));
		assert_false(xsm_is_owned(&p, label(CONTEXTS, 3)));
		assert_int_equal(xsm_needs_owner(&p, label(TENANT, 5)), rights[i].needs);
		assert_false(xsm_needs_owner(&p, label(DOM0, 0)));
		assert_false(xsm_needs_owner(&p, label(CONTEXTS, 0)));
		free(keep);
	}
}

/* What a context is besides its name: owned, which initial one, somebody's self object. */
static void test_kinds(void **state)
{
	static const unsigned initial[] = {HYPERVISOR, BUILDER, DOM0, UNLABELED};
	unsigned kind[4], owned, self;
	struct xsm_policy p, none = {0};
	const char *why;
	void *keep;

	(void)state;
	fixture.context[TENANT].flags = XSM_CONTEXT_OWNED;
	fixture.context[DOM0].flags = XSM_CONTEXT_OWNED;
	assert_int_equal(parse(&p, sizeof(fixture), &why, &keep), 0);
	owned = xsm_kind(&p, label(TENANT, 3));
	self = xsm_kind(&p, label(OWN, 3));
	assert_int_equal(__builtin_popcount(owned), 1);
	assert_int_equal(__builtin_popcount(self), 1);
	assert_int_not_equal(owned, self);
	for (unsigned i = 0; i < 4; i++) {
		kind[i] = xsm_kind(&p, label(initial[i], 0));
		if (initial[i] == DOM0) { /* in the table of owners, too */
			assert_true(kind[i] & owned);
			kind[i] &= ~owned;
		}
		assert_int_equal(__builtin_popcount(kind[i]), 1); /* each its own self object */
		assert_false(kind[i] & (owned | self));
		for (unsigned j = 0; j < i; j++) {
			assert_int_not_equal(kind[i], kind[j]);
		}
	}
	assert_int_equal(xsm_kind(&p, label(CONTEXTS, 0)), 0);
	free(keep);
	assert_int_equal(xsm_kind(&none, label(0, 0)), 0);
}

static void test_relations(void **state)
{
	static const uint32_t tenant[] = {XSM_TENANT_NONE, 1, 2, UINT32_MAX};
	enum {
		S = XSM_RELATION_SAME,
		O = XSM_RELATION_OVER,
		U = XSM_RELATION_UNDER,
		A = XSM_RELATION_APART
	};
	/* [subject][object] */
	static const uint8_t expected[4][4] = {
		{S, U, U, U}, {O, S, A, A}, {O, A, S, A}, {O, A, A, S}};
	struct xsm_policy p;
	const char *why;
	void *keep;

	(void)state;
	for (unsigned r = 0; r < XSM_RELATION_COUNT; r++) {
		fixture_allow_when(&fixture, TENANT, TENANT, r, XSM_CLASS_event, r);
	}
	assert_int_equal(parse(&p, sizeof(fixture), &why, &keep), 0);
	for (unsigned s = 0; s < 4; s++) {
		for (unsigned t = 0; t < 4; t++) {
			for (unsigned r = 0; r < XSM_RELATION_COUNT; r++) {
				assert_int_equal(xsm_allowed(&p, label(TENANT, tenant[s]),
							     label(TENANT, tenant[t]),
							     XSM_CLASS_event * 32 + r),
						 expected[s][t] == r);
			}
		}
	}
	free(keep);
}

static void test_truncations(void **state)
{
	struct xsm_policy p;
	const char *why;
	void *keep;

	(void)state;
	for (size_t len = 0; len < sizeof(fixture); len++) {
		fixture.header.size = sizeof(fixture);
		assert_int_equal(parse(&p, len, &why, &keep), -1);
		assert_non_null(why);
		/* The same with a header that admits it. */
		fixture.header.size = (uint32_t)len;
		assert_int_equal(parse(&p, len, &why, &keep), -1);
	}
}

static void test_longer_or_misaligned(void **state)
{
	static _Alignas(8) char buffer[sizeof(fixture) + 16];
	struct xsm_policy p;
	const char *why;

	(void)state;
	memcpy(buffer, &fixture, sizeof(fixture));
	assert_int_equal(xsm_policy_parse(&p, buffer, sizeof(fixture), &why), 0);
	assert_int_equal(xsm_policy_parse(&p, buffer, sizeof(fixture) + 1, &why), -1);
	for (size_t shift = 1; shift < 8; shift++) {
		memcpy(buffer + shift, &fixture, sizeof(fixture));
		assert_int_equal(xsm_policy_parse(&p, buffer + shift, sizeof(fixture), &why), -1);
	}
}

static void test_header_refused(void **state)
{
	(void)state;
	fixture.header.magic ^= 1;
	assert_refused("magic");
	fixture.header.abi ^= 1;
	assert_refused("abi");
	fixture.header.classes--;
	assert_refused("abi");
	fixture.header.reserved = 1;
	assert_refused("out of range");
	fixture.header.contexts = 0;
	assert_refused("out of range");
	fixture.header.contexts = XSM_MAX_CONTEXTS + 1;
	assert_refused("out of range");
	fixture.header.contexts = 0xffff;
	assert_refused("out of range");
	fixture.header.vectors = 0;
	assert_refused("out of range");
	fixture.header.vectors = 0xffff;
	assert_refused("add up");
	fixture.header.size++; /* alone: the counts add up to the file's size */
	assert_refused("add up");
	fixture.header.names++;
	assert_refused("add up");
	fixture.header.names = 0xffffffff;
	assert_refused("add up");
	fixture.header.sid[XSM_SID_dom0] = CONTEXTS;
	assert_refused("initial");
}

static void test_body_refused(void **state)
{
	(void)state;
	fixture.context[2].name++;
	assert_refused("malformed context");
	fixture.context[2].name = 0xffffffff;
	assert_refused("malformed context");
	fixture.context[3].self = CONTEXTS;
	assert_refused("malformed context");
	fixture.context[3].flags = XSM_CONTEXT_OWNED << 1;
	assert_refused("malformed context");
	fixture.names[0] = 'z';
	assert_refused("not in order");
	memcpy(fixture.names, "b:builder", 9);
	memcpy(fixture.names + 10, "a", 1);
	assert_refused("not in order");
	fixture.names[1] = 1;
	assert_refused("malformed context name");
	fixture.names[1] = (char)0x80;
	assert_refused("malformed context name");
	fixture.names[1] = 127;
	assert_refused("malformed context name");
	fixture.names[0] = 0;
	assert_refused("malformed context name");
	fixture.names[sizeof(fixture.names) - 1] = 'x';
	assert_refused("malformed context name");
	fixture.cell[0] = 2;
	assert_refused("out of order");
	fixture.cell[CELLS - 1] = CELLS + 1;
	assert_refused("out of order");
	fixture.cell[CELLS - 1] = 0;
	assert_refused("unused vector");
	fixture.vector[0][0][0] = 1;
	assert_refused("vector 0");
	fixture.vector[3][1][XSM_CLASS_hvm] = 1u << XSM_PERM_COUNT_hvm;
	assert_refused("does not exist");
	fixture.vector[3][XSM_RELATION_COUNT][XSM_CLASS_hvm] = 1u << 31;
	assert_refused("does not exist");
}

/* A name of 63 bytes fits a label's text, one of 64 does not. */
static void test_name_length(void **state)
{
	static _Alignas(8) struct {
		struct xsm_blob_header header;
		struct xsm_blob_context context[1];
		uint16_t cell[2];
		uint32_t vector[1][XSM_RELATION_COUNT + 1][XSM_CLASS_COUNT];
		char names[65];
	} __attribute__((packed)) one;
	struct xsm_policy p;
	const char *why;

	(void)state;
	one.header = fixture.header;
	one.header.contexts = one.header.vectors = 1;
	memset(one.header.sid, 0, sizeof(one.header.sid));
	memset(one.names, 'n', 64);
	one.header.size = sizeof(one);
	one.header.names = 65;
	assert_int_equal(xsm_policy_parse(&p, &one, sizeof(one), &why), -1);
	one.names[63] = 0;
	one.header.size = sizeof(one) - 1;
	one.header.names = 64;
	assert_int_equal(xsm_policy_parse(&p, &one, sizeof(one) - 1, &why), 0);
	assert_int_equal(xsm_floor_check(&p, &why), -1);
	one.names[62] = 0; /* then a byte behind the last name */
	assert_int_equal(xsm_policy_parse(&p, &one, sizeof(one) - 1, &why), -1);
	assert_non_null(strstr(why, "behind the last name"));
	one.names[62] = 'n';
	one.cell[1] = 1;
	assert_int_equal(xsm_policy_parse(&p, &one, sizeof(one) - 1, &why), -1);
}

/* Every single flipped bit is refused or gives a policy that can be asked about everything. */
static void test_bit_flips(void **state)
{
	struct xsm_policy p;
	const char *why;
	void *keep;

	(void)state;
	for (size_t bit = 0; bit < sizeof(fixture) * 8; bit++) {
		((uint8_t *)&fixture)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (parse(&p, sizeof(fixture), &why, &keep) == 0) {
			IGNORED(xsm_floor_check(&p, &why)); /* it does not crash */
			for (unsigned s = 0; s < CONTEXTS; s++) {
				xsm_label_name(&p, xsm_self_label(&p, label(s, 0)));
				for (unsigned t = 0; t < CONTEXTS; t++) {
					IGNORED(xsm_allowed(&p, label(s, 1), label(t, 2),
							    bit % 16 * 32));
				}
			}
			free(keep);
		} else {
			assert_non_null(why);
		}
		((uint8_t *)&fixture)[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_look_up, setup),
		cmocka_unit_test_setup(test_no_policy_denies, setup),
		cmocka_unit_test_setup(test_relations, setup),
		cmocka_unit_test_setup(test_owners, setup),
		cmocka_unit_test_setup(test_kinds, setup),
		cmocka_unit_test_setup(test_truncations, setup),
		cmocka_unit_test_setup(test_longer_or_misaligned, setup),
		cmocka_unit_test_setup(test_header_refused, setup),
		cmocka_unit_test_setup(test_body_refused, setup),
		cmocka_unit_test_setup(test_name_length, setup),
		cmocka_unit_test_setup(test_bit_flips, setup),
	};

	return cmocka_run_group_tests_name("xsm_monitor", tests, NULL, NULL);
}
