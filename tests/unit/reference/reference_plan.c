/* SPDX-License-Identifier: MIT */
/*
 * Launch plans as corbel-reference reads them: memory in pages as the builder asks for it, and
 * every cut, or a plan of another domain, refused by name.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "reference/reference_said.h"
#include "measured-boot/reference/plan.h"
#include "tools/plan/encode.h"

static char path[] = "/tmp/reference-plan-XXXXXX";
static uint8_t bytes[CORBEL_REQUEST_MAX];
static size_t size;
static struct request request = {.name = "Domain-0",
				 .memory_mib = 768,
				 .vcpus = 2,
				 .weight = 256,
				 .label = "system_u:system_r:dom0.t",
				 .cmdline = "console=hvc0 x",
				 .kernel_size = 4711,
				 .initrd_size = 12,
				 .flags = CORBEL_RQF_DOM0};

static void write_plan(size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static int setup(void **state)
{
	const char *why;
	int fd = mkstemp(path);

	(void)state;
	size = request_encode(&request, bytes, sizeof(bytes), &why);
	return fd >= 0 && close(fd) == 0 && size > 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static void facts(void **state)
{
	struct plan_facts plan;

	(void)state;
	write_plan(size);
	assert_true(plan_read(path, "PLAN", &plan));
	assert_int_equal(plan.memory_pages, 768 * 256);
	assert_int_equal(plan.vcpus, 2);
	assert_int_equal(plan.kernel_size, 4711);
	assert_int_equal(plan.initrd_size, 12);
	assert_string_equal(plan.cmdline, "console=hvc0 x");
}

/* Whoever computes reads the plan's devices as the builder does, also when they are wrong. */
static void devices(void **state)
{
	static struct request with;
	static uint8_t longer[CORBEL_REQUEST_MAX];
	struct plan_facts plan;
	const char *why, *said;
	FILE *f;
	size_t len;

	(void)state;
	with = request;
	with.devices = (struct device_list){.count = 2, .function = {0x20, 0x28}};
	len = request_encode(&with, longer, sizeof(longer), &why);
	assert_int_equal(len, size + 8);
	for (int is_bad = 0; is_bad <= 1; is_bad++) {
		longer[len - 2] = is_bad ? 0x20 : 0x28;
		f = fopen(path, "wb");
		assert_non_null(f);
		assert_int_equal(fwrite(longer, 1, len, f), len);
		fclose(f);
		said_start();
		assert_int_equal(plan_read(path, "PLAN", &plan), !is_bad);
		said = said_end();
		assert_int_equal(is_bad, strstr(said, "PLAN: request: devices has 0x20") != NULL);
	}
}

static void refused(const char *why)
{
	struct plan_facts plan;
	const char *said;

	said_start();
	assert_false(plan_read(path, "PLAN", &plan));
	said = said_end();
	if (!strstr(said, "PLAN: ") || !strstr(said, why)) {
		fail_msg("'%s' does not say '%s'", said, why);
	}
}

static void hostile(void **state)
{
	const char *why;

	(void)state;
	for (size_t len = 0; len < size; len++) {
		write_plan(len);
		refused(len == 0 ? "empty" : "request: ");
	}
	bytes[size] = 0;
	write_plan(size + 1);
	refused("request: header says");
	request.flags = 0;
	size = request_encode(&request, bytes, sizeof(bytes), &why);
	write_plan(size);
	refused("flags: expected dom0");
	request.flags = CORBEL_RQF_DOM0 | CORBEL_RQF_PAUSED;
	size = request_encode(&request, bytes, sizeof(bytes), &why);
	write_plan(size);
	refused("flags ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts),
		cmocka_unit_test(devices),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests_name("reference_plan", tests, setup, teardown);
}
