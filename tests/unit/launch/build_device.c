/* SPDX-License-Identifier: MIT */
/*
 * Who may have a domain built with a device (launch/build.c): who asked for the domain, or, for
 * what the launch plan names, the builder; of the kind of domain that it is.  And which number a
 * domain is given that asks for one, as a driver domain does.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "launch/build.h"
#include "launch/builder.h"
#include "sim/world.h"
#include <xen/errno.h>

static struct domain *dom0;

static long give(const struct domain *d, uint16_t function, uint32_t pad)
{
	struct corbel_build_device device = {.domid = d->id, .function = function, .pad = pad};

	return world_arg(world_builder(), CORBEL_HYPERCALL, CORBEL_OP_build_device, &device,
			 sizeof(device));
}

static struct corbel_policy_counter count_of(const struct domain *subject)
{
	return *policy_count(subject->label, XSM_RIGHT(resource, add));
}

/* The first domain of the boot, which nobody asked for. */
static void plan_gives(void **state)
{
	(void)state;
	dom0 = world_create(true);
	assert_int_equal(give(dom0, 4 << 3, 1), -XEN_EINVAL);
	assert_int_equal(count_of(world_builder()).allowed, 0);
	assert_int_equal(give(dom0, 4 << 3, 0), -XEN_EOPNOTSUPP); /* let through: no IOMMU */
	assert_int_equal(count_of(world_builder()).allowed, 1);
	assert_int_equal(count_of(dom0).denied, 0);
	world_commit(dom0);
	assert_int_equal(give(dom0, 4 << 3, 0), -XEN_EEXIST);
	assert_int_equal(count_of(world_builder()).allowed, 1); /* nobody was asked */
	world_start_vcpu(dom0);
	world_seal(dom0, true);
}

/* Later ones are asked for by Dom0, to which this policy gives no tenant with a device. */
static void request_does_not(void **state)
{
	struct domain *d = world_create(false);

	(void)state;
	assert_int_equal(give(d, 4 << 3, 1), -XEN_EINVAL);
	assert_int_equal(count_of(dom0).denied, 0);
	assert_int_equal(give(d, 4 << 3, 0), -XEN_EPERM);
	assert_int_equal(count_of(dom0).denied, 1);
	assert_int_equal(count_of(dom0).allowed, 0);
	assert_int_equal(count_of(world_builder()).allowed, 1);
	assert_int_equal(count_of(world_builder()).denied, 0);
	world_commit(d);
	world_start_vcpu(d);
	world_seal(d, false);
	world_destroy(d);
}

static int setup(void **state)
{
	(void)state;
	world_init("cloud");
	return 0;
}

/* Who asks for a number gets that number, once it is free, and the count goes on as it was. */
static void number_asked_for(void **state)
{
	struct corbel_build_create create = {
		.max_pages = 100, .vcpus = 1, .weight = 1, .label = TENANT_LABEL};
	static const uint16_t never[] = {CORBEL_DOMID_BUILDER, MAX_DOMAINS, 5 * MAX_DOMAINS + 1,
					 DOMID_FIRST_RESERVED, DOMID_SELF};
	struct domain *first = world_create(false), *asked, *next;

	(void)state;
	world_commit(first);
	world_start_vcpu(first);
	world_seal(first, false);
	world_session();
	/* None of the host's, none that is reserved, nobody's who lives. */
	for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
		create.domid = never[i];
		assert_int_equal(world_arg(world_builder(), CORBEL_HYPERCALL,
					   CORBEL_OP_build_create, &create, sizeof(create)),
				 -XEN_EINVAL);
	}
	create.domid = first->id;
	assert_int_equal(world_arg(world_builder(), CORBEL_HYPERCALL, CORBEL_OP_build_create,
				   &create, sizeof(create)),
			 -XEN_ENOMEM);
	create.domid = 1777;
	assert_int_equal(world_arg(world_builder(), CORBEL_HYPERCALL, CORBEL_OP_build_create,
				   &create, sizeof(create)),
			 0);
	asked = builder_target();
	assert_int_equal(asked->id, 1777);
	world_commit(asked);
	world_start_vcpu(asked);
	world_seal(asked, false);
	next = world_create(false);
	assert_int_equal(next->id, first->id + 1);
	world_destroy(next);
	world_destroy(asked);
	world_destroy(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_gives),
		cmocka_unit_test(request_does_not),
		cmocka_unit_test(number_asked_for),
	};

	return cmocka_run_group_tests_name("build_device", tests, setup, NULL);
}
