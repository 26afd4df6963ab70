/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables: found from the root as a kernel finds them, every checksum right, and the few bits
 * that a PVH kernel lives by.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#undef fail /* cmocka's, which is not used here */

#include "builder-domain/tables.h"

static uint8_t page[4096] __attribute__((aligned(8)));

static uint64_t load(const uint8_t *at, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

static uint8_t sum(const uint8_t *at, uint32_t len)
{
	uint8_t total = 0;

	for (uint32_t i = 0; i < len; i++) {
		total = (uint8_t)(total + at[i]);
	}
	return total;
}

static const uint8_t *table(uint64_t gpa, const char *signature)
{
	const uint8_t *at = page + (gpa - ACPI_GPA);

	assert_in_range(gpa, ACPI_GPA, ACPI_GPA + 4095);
	assert_memory_equal(at, signature, 4);
	assert_int_equal(sum(at, (uint32_t)load(at + 4, 4)), 0);
	return at;
}

static void check(uint32_t vcpus, int has_devices)
{
	const uint8_t *xsdt, *fadt, *madt, *dsdt;

	acpi_fill(page, ACPI_GPA, vcpus, has_devices);
	assert_memory_equal(page, "RSD PTR ", 8);
	assert_int_equal(page[15], 2);
	assert_int_equal(sum(page, 20), 0);
	assert_int_equal(sum(page, 36), 0);

	xsdt = table(load(page + 24, 8), "XSDT");
	assert_int_equal(load(xsdt + 4, 4), 36 + 2 * 8);
	fadt = table(load(xsdt + 36, 8), "FACP");
	assert_int_equal(fadt[8], 5);
	assert_int_equal(load(fadt + 4, 4), 268);
	assert_int_equal(load(fadt + 109, 2), 1 << 2 | 1 << 5); /* NO_VGA, NO_CMOS_RTC */
	assert_int_equal(load(fadt + 112, 4), 1 << 20);         /* HW_REDUCED */
	assert_int_equal(load(fadt + 40, 4), load(fadt + 140, 8));
	dsdt = table(load(fadt + 140, 8), "DSDT");
	assert_int_equal(load(dsdt + 4, 4), 36 + (has_devices ? dsdt_body_size : 0));

	madt = table(load(xsdt + 44, 8), "APIC");
	assert_int_equal(load(madt + 36, 4), 0xFEE00000);
	assert_int_equal(load(madt + 40, 4), 0);
	assert_int_equal(load(madt + 4, 4), 44 + vcpus * 16);
	for (uint32_t i = 0; i < vcpus; i++) {
		const uint8_t *entry = madt + 44 + i * 16;

		assert_int_equal(entry[0], 9);
		assert_int_equal(entry[1], 16);
		assert_int_equal(load(entry + 4, 4), i);
		assert_int_equal(load(entry + 8, 4), 1);
		assert_int_equal(load(entry + 12, 4), i);
	}
}

static void test_tables(void **state)
{
	(void)state;
	for (uint32_t vcpus = 1; vcpus <= CORBEL_MAX_VCPUS; vcpus++) {
		check(vcpus, 0);
		check(vcpus, 1);
	}
}

static const uint8_t *find(const uint8_t *bytes, size_t len, const void *what, size_t size)
{
	for (size_t at = 0; at + size <= len; at++) {
		if (memcmp(bytes + at, what, size) == 0) {
			return bytes + at;
		}
	}
	return NULL;
}

/* The root bridge, with bus 0 and the window of abi/corbel.h (ACPI 6.5, 6.4.3.5.2 and .3). */
static void test_root_bridge(void **state)
{
	static const uint8_t id[] = {0x0c, 0x41, 0xd0, 0x0a, 0x03}; /* EISAID("PNP0A03") */
	static const uint8_t word[] = {0x88, 13, 0, 2}, dword[] = {0x87, 23, 0, 0};
	const uint8_t *bus, *window;

	(void)state;
	assert_non_null(find(dsdt_body, dsdt_body_size, "_SB_", 4));
	assert_non_null(find(dsdt_body, dsdt_body_size, "PCI0\x08_HID", 9));
	assert_non_null(find(dsdt_body, dsdt_body_size, id, sizeof(id)));
	bus = find(dsdt_body, dsdt_body_size, word, sizeof(word));
	assert_non_null(bus);
	assert_int_equal(load(bus + 8, 2), 0);  /* first */
	assert_int_equal(load(bus + 10, 2), 0); /* last */
	assert_int_equal(load(bus + 14, 2), 1); /* how many */
	window = find(dsdt_body, dsdt_body_size, dword, sizeof(dword));
	assert_non_null(window);
	assert_int_equal(load(window + 10, 4), CORBEL_PCI_WINDOW);
	assert_int_equal(load(window + 14, 4), CORBEL_PCI_WINDOW_END - 1);
	assert_int_equal(load(window + 18, 4), 0);
	assert_int_equal(load(window + 22, 4), CORBEL_PCI_WINDOW_END - CORBEL_PCI_WINDOW);
	assert_true(CORBEL_PCI_WINDOW > RAM_LOW_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables),
					   cmocka_unit_test(test_root_bridge)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
