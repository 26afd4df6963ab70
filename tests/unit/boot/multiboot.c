/* SPDX-License-Identifier: MIT */
/* The loader's information, good and broken: what is wrong is named, nothing else is read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "sim/fake_boot.h"
#include "boot/multiboot.h"
#include "base/lib.h"
#include "tools/direct/direct.h"

#define MODULE_AT(i) (0x10000000u + (uint32_t)(i)*0x1000000u)
#define MODULE_SIZE  0x100001u

static const char *const five[] = {"policy", "builder x", "plan", "kernel quiet  a=b", "initrd"};

static struct boot_info boot;
static struct boot_loader loader;
static uint8_t memory[8192];
static uint32_t used;

static uint32_t put(const void *bytes, size_t length)
{
	uint32_t at = used;

	memcpy(memory + used, bytes, length);
	used += (uint32_t)length;
	return at + FAKE_MEMORY_BASE;
}

static uint32_t put_string(const char *text)
{
	return put(text, strlen(text) + 1);
}

static void put_u32(uint32_t value)
{
	put(&value, sizeof(value));
}

static void align8(void)
{
	used = (used + 7) & ~7u;
}

static int setup(void **state)
{
	(void)state;
	fake_boot_reset();
	memset(memory, 0, sizeof(memory));
	memset(&boot, 0, sizeof(boot));
	memset(&loader, 0, sizeof(loader));
	used = 0;
	return 0;
}

/* Runs on a copy of exactly `length` bytes, so that one byte too many is seen. */
static bool parse(uint32_t magic, size_t length)
{
	uint8_t *exact = malloc(length);

	memcpy(exact, memory, length);
	fake_memory = exact;
	fake_memory_size = length;
	memset(&boot, 0, sizeof(boot));
	memset(&loader, 0, sizeof(loader));
	fake_panic_text[0] = 0;
	bool good = !PANICS(multiboot_parse(magic, FAKE_MEMORY_BASE, &boot, &loader));

	free(exact);
	return good;
}

/* ---- multiboot2 ------------------------------------------------------------------------------ */
static void tag(uint32_t type, const void *payload, uint32_t size)
{
	put_u32(type);
	put_u32(size + 8);
	put(payload, size);
	align8();
}

static void module_tag(uint32_t start, uint32_t end, const char *string)
{
	uint8_t payload[128];

	memcpy(payload, &start, 4);
	memcpy(payload + 4, &end, 4);
	memcpy(payload + 8, string, strlen(string) + 1);
	tag(3, payload, (uint32_t)strlen(string) + 9);
}

static void begin2(void)
{
	setup(0);
	put_u32(0);
	put_u32(0);
}

static void finish2(void)
{
	put_u32(0);
	put_u32(8);
	memcpy(memory, &used, 4);
}

static void modules2(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		module_tag(MODULE_AT(i), MODULE_AT(i) + MODULE_SIZE, five[i]);
	}
}

static void good2(void)
{
	uint64_t table = 0x7f000000, handle = 0x7e000000;

	begin2();
	tag(1, "trace notpm", 12);
	tag(12, &table, 8);
	tag(99, "?", 1);
	modules2(5);
	tag(18, "", 0);
	tag(20, &handle, 8);
	finish2();
}

static void test_mb2_good(void **state)
{
	(void)state;
	good2();
	assert_true(parse(MULTIBOOT2_LOADED, used));
	assert_string_equal(boot.cmdline, "trace notpm");
	assert_true(loader.boot_services);
	assert_int_equal(loader.efi_system_table, 0x7f000000);
	assert_int_equal(loader.efi_image_handle, 0x7e000000);
	assert_int_equal(boot.module[MODULE_kernel].base, MODULE_AT(3));
	assert_int_equal(boot.module[MODULE_kernel].size, MODULE_SIZE);
}

static void test_mb2_truncated(void **state)
{
	(void)state;
	good2();
	for (uint32_t length = 8; length < used; length++) {
		memcpy(memory, &length, 4);
		assert_false(parse(MULTIBOOT2_LOADED, length));
		assert_true(fake_panic_text[0] != 0);
	}
	/* The header says more than there is. */
	memcpy(memory, &used, 4);
	assert_false(parse(MULTIBOOT2_LOADED, used - 1));
}

static void expect2(const char *error)
{
	finish2();
	assert_false(parse(MULTIBOOT2_LOADED, used));
	assert_string_equal(fake_panic_text, error);
}

static void test_mb2_modules(void **state)
{
	(void)state;
	begin2();
	modules2(4);
	expect2("missing module 'initrd'");
	begin2();
	expect2("missing module 'policy'");
	begin2();
	modules2(5);
	module_tag(0x40000000, 0x40100001, "extra stuff");
	expect2("surplus module 'extra'");
	begin2();
	modules2(5);
	module_tag(0x40000000, 0x40100001, "plan");
	expect2("surplus module 'plan'");
	begin2();
	module_tag(0x40000000, 0x40100001, "");
	expect2("surplus module ''");
	begin2();
	module_tag(0x40000000, 0x40100001, "planx");
	expect2("surplus module 'planx'");
	begin2();
	module_tag(0x40000000, 0x40100001, "\033[2Jx");
	expect2("surplus module '?[2Jx'");
	begin2();
	module_tag(0x40000000, 0x40000000, "plan");
	expect2("empty module 'plan'");
	begin2();
	module_tag(0x40000000, 0x3fffffff, "plan");
	expect2("empty module 'plan'");
	begin2();
	module_tag(0x40000010, 0x40100001, "plan");
	expect2("not on a page boundary: module 'plan'");
	begin2();
	modules2(2);
	module_tag(MODULE_AT(1) + 0x1000, MODULE_AT(1) + 0x200000, "plan");
	expect2("overlaps another: module 'plan'");
}

static void test_mb2_tags(void **state)
{
	char text[300];

	(void)state;
	memset(text, 'a', sizeof(text));
	begin2();
	tag(1, text, sizeof(text));
	expect2("the command line is not terminated");
	text[sizeof(text) - 1] = 0;
	begin2();
	tag(1, text, sizeof(text));
	expect2("the command line is longer than 255 bytes");
	begin2();
	tag(1, "", 0);
	expect2("a multiboot tag is too short");
	begin2();
	tag(3, "12345678plan", 12);
	expect2("a module's string is not terminated");
	begin2();
	tag(12, "1234", 4);
	expect2("a multiboot tag is too short");
	begin2();
	tag(3, "12345678", 8);
	expect2("a multiboot tag is too short");
	begin2();
	tag(17, text, 7);
	expect2("a multiboot tag is too short");
	begin2();
	tag(17, "\047\0\0\0\1\0\0", 8);
	expect2("the memory map is malformed");
	begin2();
	put_u32(1);
	put_u32(7);
	expect2("a multiboot tag has a wrong size");
	begin2();
	put_u32(1);
	put_u32(0xfffffff9);
	expect2("a multiboot tag has a wrong size");
	setup(0);
	assert_false(parse(0x12345678, 64));
	assert_string_equal(fake_panic_text, "not started by a multiboot2 loader");
}

/* ---- multiboot1, through the direct loader --------------------------------------------------- */
struct entry {
	uint32_t size;
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

static uint8_t translated[DIRECT_LIMIT];

const void *direct_physical(uint32_t address)
{
	return memory + (address - FAKE_MEMORY_BASE);
}

static void good1(const char *last)
{
	const struct entry map[] = {
		{20, 0, 0x9FC00, 1}, {20, 0x100800, 0x7feff800, 1}, {20, 0x200800, 0x400, 2}};
	uint32_t info[13] = {0x4c};
	uint32_t modules[5][4];

	setup(0);
	put(info, sizeof(info));
	info[4] = put_string("corbel.elf trace  x=1");
	for (unsigned i = 0; i < 5; i++) {
		char string[64];

		format(string, sizeof(string), "/boot/file%u %s", i, i == 4 ? last : five[i]);
		modules[i][0] = MODULE_AT(i);
		modules[i][1] = MODULE_AT(i) + MODULE_SIZE;
		modules[i][2] = put_string(string);
		modules[i][3] = 0;
	}
	align8();
	info[5] = 5;
	info[6] = put(modules, sizeof(modules));
	info[11] = sizeof(map);
	info[12] = put(map, sizeof(map));
	memcpy(memory, info, sizeof(info));
}

static void set_info(unsigned index, uint32_t value)
{
	memcpy(memory + index * 4, &value, 4);
}

/* From multiboot 1 to struct boot_info, as the two images do it one after the other. */
static bool through_loader(void)
{
	assert_null(direct_translate(translated, MULTIBOOT1_LOADED, FAKE_MEMORY_BASE));
	memcpy(&used, translated, sizeof(used));
	assert_in_range(used, 16, sizeof(memory));
	memcpy(memory, translated, used);
	return parse(MULTIBOOT2_LOADED, used);
}

static void test_direct_good(void **state)
{
	(void)state;
	good1("initrd");
	assert_true(through_loader());
	assert_string_equal(boot.cmdline, "trace  x=1");
	assert_int_equal(boot.module[MODULE_kernel].base, MODULE_AT(3));
	assert_int_equal(boot.module[MODULE_initrd].base, MODULE_AT(4));
	assert_int_equal(boot.module[MODULE_initrd].size, MODULE_SIZE);
	assert_false(loader.boot_services);
	/* RAM in whole pages, and around the reserved bytes none. */
	assert_int_equal(loader.memory.count, 3);
	assert_int_equal(loader.memory.region[0].size, 0x9F000);
	assert_int_equal(loader.memory.region[1].base, 0x101000);
	assert_int_equal(loader.memory.region[1].size, 0xFF000);
	assert_int_equal(loader.memory.region[2].base, 0x201000);
	assert_int_equal(memmap_top(&loader.memory), 0x80000000);
}

static void test_direct_broken(void **state)
{
	(void)state;
	assert_string_equal(direct_translate(translated, MULTIBOOT2_LOADED, FAKE_MEMORY_BASE),
			    "not started by multiboot 1");
	good1("initrd");
	set_info(0, 0x0c);
	assert_string_equal(direct_translate(translated, MULTIBOOT1_LOADED, FAKE_MEMORY_BASE),
			    "no memory map from multiboot 1");
	good1("initrd");
	set_info(0, 0x44);
	assert_false(through_loader());
	assert_string_equal(fake_panic_text, "missing module 'policy'");
	good1("plan");
	assert_false(through_loader());
	assert_string_equal(fake_panic_text, "surplus module 'plan'");
	/* Entries of 4 bytes, each of which becomes a descriptor of 40: more than there is room
	 * for. */
	good1("initrd");
	memset(memory + 1024, 0, sizeof(memory) - 1024);
	set_info(11, sizeof(memory) - 1024 - sizeof(struct entry));
	set_info(12, FAKE_MEMORY_BASE + 1024);
	assert_string_equal(direct_translate(translated, MULTIBOOT1_LOADED, FAKE_MEMORY_BASE),
			    "multiboot 1 information does not fit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_mb2_good, setup),
		cmocka_unit_test_setup(test_mb2_truncated, setup),
		cmocka_unit_test_setup(test_mb2_modules, setup),
		cmocka_unit_test_setup(test_mb2_tags, setup),
		cmocka_unit_test_setup(test_direct_good, setup),
		cmocka_unit_test_setup(test_direct_broken, setup),
	};

	return cmocka_run_group_tests_name("multiboot", tests, 0, 0);
}
