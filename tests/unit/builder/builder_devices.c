/* SPDX-License-Identifier: MIT */
/*
 * Whole builds of domains that have PCI devices: what is given, in which order, what the domain is
 * told, and each reason that ends a build.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#undef fail /* cmocka's, which is not used here */

#include <xen/errno.h>

#include "builder-domain/lib.h"
#include "builder-domain/tables.h"
#include "tests/unit/builder/builder_fixture.h"

#define NVME 0x20u   /* 00:04.0 */
#define NIC  0x3a2du /* 3a:05.5 */

static void name_devices(void)
{
	request.devices = (struct device_list){.count = 2, .function = {NVME, NIC}};
	use_elf();
}

/* Whether the domain's DSDT, found as a kernel finds it, has the root bridge. */
static int has_root_bridge(void)
{
	uint64_t xsdt, fadt, dsdt;
	uint32_t length;

	sim_target_read(ACPI_GPA + 24, &xsdt, 8);
	sim_target_read(xsdt + 36, &fadt, 8);
	sim_target_read(fadt + 140, &dsdt, 8);
	sim_target_read(dsdt + 4, &length, 4);
	return length > 36;
}

static void test_tenant(void **state)
{
	(void)state;
	name_devices();
	assert_int_equal(run_ring(), 0);
	assert_int_equal(sim.devices, 2);
	assert_int_equal(sim.device[0], NVME);
	assert_int_equal(sim.device[1], NIC);
	assert_true(has_root_bridge());
	check_digests();
	check_elf_loaded();
	check_start_info(0);

	builder_teardown(NULL);
	builder_setup(NULL);
	use_elf();
	assert_int_equal(run_ring(), 0);
	assert_int_equal(sim.devices, 0);
	assert_false(has_root_bridge());
}

static void plan_without(uint16_t device)
{
	sim.bad_device = device;
	sim.bad_device_error = XEN_EOPNOTSUPP;
	assert_int_equal(run_modules(), 0);
	assert_int_equal(sim.sealed, 1);
	check_digests();
}

/* From the same plan Dom0 starts without devices on a host that has no IOMMU, and that is said. */
static void test_plan(void **state)
{
	(void)state;
	request.flags = CORBEL_RQF_DOM0;
	name_devices();
	assert_int_equal(run_modules(), 0);
	assert_int_equal(sim.devices, 2);
	assert_true(has_root_bridge());
	assert_null(strstr(sim.log, "left out"));

	builder_setup(NULL);
	request.flags = CORBEL_RQF_DOM0;
	name_devices();
	plan_without(NIC);
	assert_int_equal(sim.devices, 1);
	assert_non_null(strstr(sim.log,
			       "builder: device 3a:05.5: left out: the host uses no IOMMU, "
			       "so no domain is given a device\n"));
	assert_null(strstr(sim.log, "00:04.0"));

	builder_setup(NULL);
	request.flags = CORBEL_RQF_DOM0;
	request.devices = (struct device_list){.count = 1, .function = {NVME}};
	use_elf();
	plan_without(NVME);
	assert_int_equal(sim.devices, 0);
	assert_non_null(strstr(sim.log, "builder: device 00:04.0: left out: "));
	assert_false(has_root_bridge());
}

struct refusal {
	uint16_t device;
	long error;
	const char *reason;
};

static const struct refusal refusals[] = {
	{NVME, XEN_ENODEV, "device 00:04.0: there is none (error 19)"},
	{NIC, XEN_ENODEV, "device 3a:05.5: there is none (error 19)"},
	{NIC, XEN_EXDEV,
	 "device 3a:05.5: it is behind a bridge, and those of bus 0 alone can be told apart (error "
	 "18)"},
	{NVME, XEN_EINVAL,
	 "device 00:04.0: a bridge, the host bridge or an IOMMU is no domain's (error 22)"},
	{NVME, XEN_EBUSY,
	 "device 00:04.0: another domain has it, or it could not be reset (error 16)"},
	{NVME, XEN_ENOSPC,
	 "device 00:04.0: more devices or larger BARs than fit into a domain (error 28)"},
	{NVME, XEN_ENXIO, "device 00:04.0: it has neither MSI nor MSI-X (error 6)"},
	{NVME, XEN_EPERM,
	 "device 00:04.0: not permitted: the policy gives this label no devices (error 1)"},
	{NVME, XEN_ENOMEM, "device 00:04.0: out of memory (error 12)"},
	{NVME, XEN_EIO, "device 00:04.0: refused (error 5)"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];

		for (int is_plan = 0; is_plan <= 1; is_plan++) {
			builder_setup(NULL);
			request.flags = is_plan ? CORBEL_RQF_DOM0 : 0;
			name_devices();
			sim.bad_device = r->device;
			sim.bad_device_error = r->error;
			check_failed(is_plan ? run_modules() : run_ring(), (int)r->error,
				     r->reason);
			assert_int_equal(sim.populated, 0); /* before any work */
		}
	}
	builder_setup(NULL);
	name_devices();
	sim.bad_device = NVME;
	sim.bad_device_error = XEN_EOPNOTSUPP;
	check_ring_failed(run_ring(), XEN_EOPNOTSUPP,
			  "device 00:04.0: the host uses no IOMMU, so no domain is given a device "
			  "(error 95)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, builder_setup, builder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tenant),
		TEST(test_plan),
		TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
