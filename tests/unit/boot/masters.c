/* SPDX-License-Identifier: MIT */
/*
 * T14, from the configuration space to what the host says of itself: a bus master that cannot be
 * stopped is a warning, and no CORBEL_HOST_NO_DEVICES; an IOMMU that works is CORBEL_HOST_IOMMU,
 * and nothing else is.  The verifier asks for one of the two (unit/verify_judge).  The lines of the
 * boot between which that goes are private to main.c and host.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "sim/fake_boot.h"
#include "cpu/asm.h"

static void fake_outl(uint16_t port, uint32_t value);
static uint32_t fake_inl(uint16_t port);
#define outl fake_outl
#define inl  fake_inl
#include "device/pci.c"
#undef outl
#undef inl
/* Both have one of these; neither is called here. */
#define boot_physical    main_physical
#define boot_refuse(...) main_refuse(__VA_ARGS__)
#include "boot/main.c"
#undef boot_refuse
#include "boot/host.c"

#define MASTER 0x4u

/* Three functions of device 0. */
static struct {
	uint32_t command;
	bool stuck;
} function[3];
static uint32_t address;

/* How many of the functions are IOMMUs, where firmware put them, and what becomes of the start. */
static unsigned iommus;
static uint32_t iommu_base, iommu_high;
static const char *iommu_fault;
static unsigned iommu_starts;
static bool iommu_enabled;

static void fake_outl(uint16_t port, uint32_t value)
{
	uint32_t at = address >> 8 & 0xFFFF;

	if (port == 0xCF8) {
		address = value;
	} else if ((address & 0xFF) == 0x44) {
		assert_int_equal(value, iommu_base | 1);
		iommu_enabled = true;
	} else if (at < ARRAY_SIZE(function)) {
		function[at].command = value | (function[at].stuck ? MASTER : 0);
	}
}

static uint32_t fake_inl(uint16_t port)
{
	uint32_t at = address >> 8 & 0xFFFF;

	assert_int_equal(port, 0xCFC);
	if (at >= ARRAY_SIZE(function)) {
		return ~0u;
	}
	switch (address & 0xFF) {
	case 0x04:
		return function[at].command | 1u << 20;
	case 0x08:
		return at < iommus ? 0x08060000 : 0x01080200;
	case 0x34:
		return 0x40;
	case 0x40:
		return 0x1f03000f;
	case 0x44:
		return iommu_base;
	case 0x48:
		return iommu_high;
	default:
		return 0x12348086;
	}
}

const char *iommu_start(uint64_t registers)
{
	assert_int_equal(registers, (uint64_t)iommu_high << 32 | iommu_base);
	iommu_starts++;
	return iommu_fault;
}

/* What the two call beside that. */
bool cpu_has_ibpb(void)
{
	return true;
}

void measure_init(volatile uint8_t *tis, uint64_t (*clock)(void))
{
	assert_null(tis);
	assert_ptr_equal(clock, now_ns);
}

bool measure_firmware_log(const void *log, size_t length)
{
	return log && length;
}

void measure_start(void)
{
}

void measure_config(const char *cmdline)
{
	assert_ptr_equal(cmdline, boot.cmdline);
}

static void boot_with(uint32_t stuck)
{
	fake_boot_reset();
	host.flags = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(function); i++) {
		function[i].command = i == 1 ? 3 : 7;
		function[i].stuck = stuck & 1u << i;
	}
	stop_bus_masters();
	measure_begin(&boot);
	find_host_flags(&boot);
}

static void all_stopped(void **state)
{
	(void)state;
	boot_with(0);
	assert_string_equal(fake_output, "bus masters stopped: 2\n");
	assert_true(host.flags & CORBEL_HOST_NO_DEVICES);
}

static void one_stays(void **state)
{
	(void)state;
	boot_with(1u << 2);
	assert_string_equal(fake_output, "bus masters stopped: 1\n"
					 "warning: 1 bus masters stay on: this host has devices\n");
	assert_false(host.flags & CORBEL_HOST_NO_DEVICES);
	boot_with(1u << 2 | 1u);
	assert_string_equal(fake_output, "bus masters stopped: 0\n"
					 "warning: 2 bus masters stay on: this host has devices\n");
	assert_false(host.flags & CORBEL_HOST_NO_DEVICES);
}

static void boot_with_iommus(unsigned count, uint32_t base, const char *fault)
{
	fake_boot_reset();
	host.flags = 0;
	boot.iommu = 0;
	iommus = count;
	iommu_base = base;
	iommu_fault = fault;
	iommu_starts = 0;
	iommu_enabled = false;
	find_iommu();
	start_iommu(&boot);
	/* What is not used is left as it is. */
	assert_int_equal(iommu_enabled, iommu_starts);
}

static void one_works(void **state)
{
	(void)state;
	boot_with_iommus(1, 0xFED80000, NULL);
	assert_string_equal(fake_output, "IOMMU on, every device refused\n");
	assert_int_equal(host.flags, CORBEL_HOST_IOMMU);
	assert_int_equal(iommu_starts, 1);
}

static void none_works(void **state)
{
	(void)state;
	boot_with_iommus(0, 0xFED80000, NULL);
	assert_string_equal(fake_output, "no IOMMU: no domain gets a device\n");
	assert_int_equal(host.flags | iommu_starts, 0);
	boot_with_iommus(2, 0xFED80000, NULL);
	assert_string_equal(fake_output, "warning: 2 IOMMUs, and one is supported: none is used\n");
	assert_int_equal(host.flags | iommu_starts, 0);
	boot_with_iommus(1, 0, NULL);
	assert_string_equal(fake_output, "warning: the IOMMU's registers at 0 cannot be used\n");
	assert_int_equal(host.flags | iommu_starts, 0);
	iommu_high = 0x7F; /* the last below what is mapped one to one, and the first above */
	boot_with_iommus(1, 0xFFFFC000, "it is asked");
	assert_int_equal(iommu_starts, 1);
	iommu_high = 0x80;
	boot_with_iommus(1, 0, NULL);
	assert_string_equal(fake_output,
			    "warning: the IOMMU's registers at 8000000000 cannot be used\n");
	assert_int_equal(host.flags | iommu_starts, 0);
	iommu_high = 0xFFFFFFFF;
	boot_with_iommus(1, 0xFFFFC000, NULL);
	assert_string_equal(fake_output,
			    "warning: the IOMMU's registers at ffffffffffffc000 cannot be used\n");
	assert_int_equal(host.flags | iommu_starts, 0);
	iommu_high = 0;
	boot_with_iommus(1, 0xFED80000, "it does not answer");
	assert_string_equal(fake_output, "warning: the IOMMU is not used: it does not answer\n");
	assert_int_equal(host.flags, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_stays),
		cmocka_unit_test(all_stopped),
		cmocka_unit_test(one_works),
		cmocka_unit_test(none_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
