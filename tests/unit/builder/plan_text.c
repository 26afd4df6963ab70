/* SPDX-License-Identifier: MIT */
/*
 * The launch plan's text form: good plans, and errors that name file and line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "builder-domain/abi.h"
#include "tools/plan/parse.h"

#define GOOD                                                                                       \
	"# Dom0\n\nname = Domain-0\n uuid = 01234567-89ab-cdef-0123-456789ABCDEF \n"               \
	"memory=512\nlabel = system_u:system_r:dom0.t\ncmdline = console=hvc0 a=b\n"               \
	"kernel = vmlinuz\n"

static struct plan plan;
static char error[256];

static int parse(const char *text)
{
	return plan_parse("dom0.plan", text, strlen(text), &plan, error, sizeof(error));
}

static void refused(const char *text, const char *reason)
{
	assert_int_equal(parse(text), -1);
	assert_string_equal(error, reason);
}

static void test_good(void **state)
{
	static const uint8_t uuid[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
					 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

	(void)state;
	assert_int_equal(parse(GOOD "flags = dom0, paused"), 0);
	assert_string_equal(plan.request.name, "Domain-0");
	assert_memory_equal(plan.request.uuid, uuid, sizeof(uuid));
	assert_int_equal(plan.request.memory_mib, 512);
	assert_int_equal(plan.request.vcpus, 1);
	assert_int_equal(plan.request.weight, 256);
	assert_string_equal(plan.request.cmdline, "console=hvc0 a=b");
	assert_int_equal(plan.request.flags, CORBEL_RQF_DOM0 | CORBEL_RQF_PAUSED);
	assert_string_equal(plan.kernel, "vmlinuz");
	assert_string_equal(plan.initrd, "");
}

/* In whatever order they are written, one list. */
static void test_devices(void **state)
{
	(void)state;
	assert_int_equal(parse(GOOD), 0);
	assert_int_equal(plan.request.devices.count, 0);
	assert_int_equal(parse(GOOD "pci ="), 0);
	assert_int_equal(plan.request.devices.count, 0);
	assert_int_equal(parse(GOOD "pci = 3A:1f.7, 0000:00:04.0\t0:5.1"), 0);
	assert_int_equal(plan.request.devices.count, 3);
	assert_int_equal(plan.request.devices.function[0], 0x20);
	assert_int_equal(plan.request.devices.function[1], 0x29);
	assert_int_equal(plan.request.devices.function[2], 0x3aff);
#define FORM "expected a PCI device as [0000:]BB:DD.F in hex digits"
	refused(GOOD "pci = 00:04.0, nvme", "dom0.plan:9: pci: 'nvme': " FORM);
	refused(GOOD "pci = 4.0", "dom0.plan:9: pci: '4.0': " FORM);
	refused(GOOD "pci = 00:04", "dom0.plan:9: pci: '00:04': " FORM);
	refused(GOOD "pci = 00:04.", "dom0.plan:9: pci: '00:04.': " FORM);
	refused(GOOD "pci = 00:04.00", "dom0.plan:9: pci: '00:04.00': " FORM);
	refused(GOOD "pci = 000:04.0", "dom0.plan:9: pci: '000:04.0': " FORM);
	refused(GOOD "pci = 00:004.0", "dom0.plan:9: pci: '00:004.0': " FORM);
	refused(GOOD "pci = :00:04.0", "dom0.plan:9: pci: ':00:04.0': " FORM);
	refused(GOOD "pci = 00000:00:04.0", "dom0.plan:9: pci: '00000:00:04.0': " FORM);
	refused(GOOD "pci = 0:00:00:04.0", "dom0.plan:9: pci: '0:00:00:04.0': " FORM);
	refused(GOOD "pci = 00:04.0x", "dom0.plan:9: pci: '00:04.0x': " FORM);
	refused(GOOD "pci = 00:20.0",
		"dom0.plan:9: pci: '00:20.0': there is no such PCI device: DD "
		"is at most 1f, F at most 7");
	refused(GOOD "pci = 00:04.8",
		"dom0.plan:9: pci: '00:04.8': there is no such PCI device: DD "
		"is at most 1f, F at most 7");
	refused(GOOD "pci = 00:04.*", "dom0.plan:9: pci: '00:04.*': `*' for all functions is not "
				      "supported: name each");
	refused(GOOD "pci = 0001:00:04.0",
		"dom0.plan:9: pci: '0001:00:04.0': only PCI domain 0000 is known");
	refused(GOOD "pci = 00:04.0 0:4.0", "dom0.plan:9: pci: '0:4.0': is named twice");
	refused(GOOD "pci = 00:04.0\npci = 00:05.0", "dom0.plan:10: pci is given twice");
}

static void test_most_devices(void **state)
{
	char text[1024] = GOOD "pci =";

	(void)state;
	for (unsigned i = 0; i < CORBEL_RQ_DEVICES_MAX; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %x:0.0", 0x40 - i);
	}
	assert_int_equal(parse(text), 0);
	assert_int_equal(plan.request.devices.count, CORBEL_RQ_DEVICES_MAX);
	for (unsigned i = 0; i < CORBEL_RQ_DEVICES_MAX; i++) {
		assert_int_equal(plan.request.devices.function[i], (0x21 + i) << 8);
	}
	strcat(text, " ff:0.0");
	refused(text, "dom0.plan:9: pci: 'ff:0.0': is one more than the 32 that a domain can have");
}

static void test_errors(void **state)
{
	char text[8192];

	(void)state;
	refused(GOOD "colour = red\n", "dom0.plan:9: unknown key 'colour'");
	refused(GOOD "name = again\n", "dom0.plan:9: name is given twice");
	refused(GOOD "just words\n", "dom0.plan:9: expected 'key = value'");
	refused(GOOD "vcpus = two\n", "dom0.plan:9: vcpus must be a number, not 'two'");
	refused(GOOD "vcpus = -1\n", "dom0.plan:9: vcpus must be a number, not '-1'");
	refused(GOOD "weight = 4294967296\n",
		"dom0.plan:9: weight must be a number, not '4294967296'");
	refused(GOOD "flags = dom0,secret\n",
		"dom0.plan:9: flags knows dom0, paused and crash, not 'secret'");
	refused("uuid = 0123\n", "dom0.plan:1: uuid must look like "
				 "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, not '0123'");
	refused("name = x\n", "dom0.plan:1: uuid is missing");
	snprintf(text, sizeof(text), "name = %064d\n", 0);
	refused(text, "dom0.plan:1: name is longer than 63 bytes");
	snprintf(text, sizeof(text), "cmdline = %04096d\n", 0);
	refused(text, "dom0.plan:1: line is longer than 4095 bytes");
	assert_int_equal(plan_parse("p", "name\0= x", 8, &plan, error, sizeof(error)), -1);
	assert_string_equal(error, "p:1: line has a NUL byte");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_most_devices),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
