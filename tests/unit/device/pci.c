/* SPDX-License-Identifier: MIT */
/*
 * T14: bus masters are stopped, on a simulated configuration space: every function that answers,
 * whatever the headers say; status bits stay; a bit that cannot be cleared is told.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "cpu/asm.h"

static void fake_outl(uint16_t port, uint32_t value);
static uint32_t fake_inl(uint16_t port);
#define outl fake_outl
#define inl  fake_inl
#include "device/pci.c"

#define MASTER 0x4u

static struct {
	bool there, multiple, stuck;
	uint32_t command; /* and status, where writing 1 clears */
} function[0x10000];

/* The rest of the configuration space of one function. */
static struct {
	uint32_t at;
	uint32_t reg[64];
} iommu;
static uint32_t address;
static unsigned reads;

static void fake_outl(uint16_t port, uint32_t value)
{
	uint32_t at = address >> 8 & 0xFFFF;

	if (port == 0xCF8) {
		address = value;
		return;
	}
	assert_int_equal(port, 0xCFC);
	assert_true(address >> 31);
	if (at == iommu.at && (address & 0xFF) == 0x44) {
		iommu.reg[0x44 / 4] |= value & 1; /* the rest is firmware's */
		return;
	}
	assert_int_equal(address & 0xFF, 4); /* nothing but the command is written */
	function[at].command = (function[at].command & ~value & 0xFFFF0000u) | (value & 0xFFFF) |
			       (function[at].stuck ? MASTER : 0);
}

static uint32_t fake_inl(uint16_t port)
{
	uint32_t at = address >> 8 & 0xFFFF;

	assert_int_equal(port, 0xCFC);
	reads++;
	if (!function[at].there) {
		return ~0u;
	}
	switch (address & 0xFF) {
	case 0:
		return 0x12348086;
	case 4:
		return function[at].command;
	case 0xC:
		return function[at].multiple ? 0x00800000 : 0;
	default:
		return at == iommu.at ? iommu.reg[(address & 0xFF) / 4] : 0;
	}
	return 0;
}

static void add(uint32_t at, uint32_t command)
{
	function[at].there = true;
	function[at].command = command;
}

static int setup(void **state)
{
	(void)state;
	memset(function, 0, sizeof(function));
	reads = 0;
	return 0;
}

static void all_functions(void **state)
{
	struct pci_stopped s;

	(void)state;
	add(0x0000, 0x7);        /* host bridge */
	add(0x0008, 0xFFFF0007); /* every status bit set */
	add(0x000B, 0x0406);     /* function 3 of a device that does not say it has several */
	add(0x0010, 0x3);        /* no master */
	add(0x0300, 0x6);        /* on bus 3 */
	add(0x0345, 0x6);        /* there, by alternative routing: no function 0 beside it */
	add(0xFFF8, 0x4);        /* the last device of the last bus */
	add(0xFFFF, 0x4);
	s = pci_stop_bus_masters();
	assert_int_equal(s.masters, 7);
	assert_int_equal(s.stuck, 0);
	for (uint32_t at = 0; at < 0x10000; at++) {
		assert_false(function[at].command & MASTER);
	}
	assert_int_equal(function[0x0008].command, 0xFFFF0003);
	assert_int_equal(function[0x000B].command, 0x0402);
	assert_int_equal(function[0x0010].command, 0x3);
}

static void stuck_bit(void **state)
{
	struct pci_stopped s;

	(void)state;
	add(0x0000, 0x6);
	add(0x0018, 0x6);
	function[0x0018].stuck = true;
	s = pci_stop_bus_masters();
	assert_int_equal(s.masters, 2);
	assert_int_equal(s.stuck, 1);
	assert_false(function[0].command & MASTER);
}

static void empty(void **state)
{
	(void)state;
	assert_int_equal(pci_stop_bus_masters().masters, 0);
	assert_true(reads < 20000); /* a read of an absent function costs about 1 us on silicon */
}

/* As QEMU's: a capability before it, the registers placed and not enabled. */
static void add_iommu(uint32_t at)
{
	add(at, 1u << 20);
	memset(&iommu, 0, sizeof(iommu));
	iommu.at = at;
	iommu.reg[0x08 / 4] = 0x08060001;
	iommu.reg[0x34 / 4] = 0x60;
	iommu.reg[0x60 / 4] = 0x4005;
	iommu.reg[0x40 / 4] = 0x1f03000f;
	iommu.reg[0x44 / 4] = 0xfed80000;
}

static void iommus(void **state)
{
	struct pci_iommus found;

	(void)state;
	add(0, 0);
	assert_int_equal(pci_find_iommus().count, 0);
	add_iommu(0x08);
	found = pci_find_iommus();
	assert_int_equal(found.count, 1);
	assert_int_equal(found.registers, 0xfed80000);
	assert_int_equal(iommu.reg[0x44 / 4], 0xfed80000); /* to look changes nothing */
	pci_enable_iommu(&found);
	assert_int_equal(iommu.reg[0x44 / 4], 0xfed80001);
	iommu.reg[0x48 / 4] = 2;
	iommu.reg[0x44 / 4] = 0xabcdffff;
	assert_int_equal(pci_find_iommus().registers, 0x2abcdc000);
}

/* What only looks like one. */
static void no_iommus(void **state)
{
	(void)state;
	add_iommu(0x08);
	iommu.reg[0x08 / 4] = 0x08800001; /* another class, or another interface */
	assert_int_equal(pci_find_iommus().count, 0);
	iommu.reg[0x08 / 4] = 0x08060101;
	assert_int_equal(pci_find_iommus().count, 0);
	add_iommu(0x08);
	iommu.reg[0x40 / 4] = 0x1f02000f; /* another type of block */
	assert_int_equal(pci_find_iommus().count, 0);
	add_iommu(0x08);
	iommu.reg[0x40 / 4] = 0x1f036005; /* a list in a circle, without it */
	assert_int_equal(pci_find_iommus().count, 0);
	assert_true(reads < 100000);
	add_iommu(0x08);
	function[0x08].command = 0; /* no list at all */
	assert_int_equal(pci_find_iommus().count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_functions, setup),
		cmocka_unit_test_setup(stuck_bit, setup),
		cmocka_unit_test_setup(empty, setup),
		cmocka_unit_test_setup(iommus, setup),
		cmocka_unit_test_setup(no_iommus, setup),
	};

	return cmocka_run_group_tests_name("pci", tests, 0, 0);
}
