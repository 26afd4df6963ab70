/* SPDX-License-Identifier: MIT */
/*
 * T14: a bus master that cannot be stopped, from the configuration space to what the host says of
 * itself: a warning, and no CORBEL_HOST_NO_DEVICES, which the verifier asks for
 * (unit/verify_judge). The two lines of the boot between which that goes are private to main.c and
 * host.c.
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

static void fake_outl(uint16_t port, uint32_t value)
{
	uint32_t at = address >> 8 & 0xFFFF;

	if (port == 0xCF8) {
		address = value;
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
	return (address & 0xFF) == 4 ? function[at].command : 0x12348086;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_stays),
		cmocka_unit_test(all_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
