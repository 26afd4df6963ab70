/* SPDX-License-Identifier: MIT */
/*
 * The two kernel parsers against damaged images: each case changes one thing in a good image and
 * demands the reason that names it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#undef fail /* cmocka's, which is not used here */

#include "builder-domain/hypercall.h"
#include "builder-domain/image.h"
#include "builder-domain/lib.h"
#include "tests/unit/builder/builder_images.h"

#define LIMIT 0x1000000ul

static struct test_elf elf;
static uint8_t bz[TEST_BZ_SIZE];
static const uint8_t *file;
static struct elf_plan plan;
static struct bzimage_plan bz_plan;

void console_write(const char *text, size_t size)
{
	(void)text;
	(void)size;
}

static int memory_read(const struct image *image, uint64_t offset, void *out, uint64_t len)
{
	memcpy(out, (uint8_t *)(uintptr_t)image->where + offset, len);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	test_elf_make(&elf);
	test_bz_make(bz);
	fail_reason[0] = 0;
	return 0;
}

static int parse_elf(uint64_t size)
{
	struct image image = {size, memory_read, (uintptr_t)&elf};
	int rc = elf_probe(&image);

	return rc < 0 ? rc : elf_parse(&image, LIMIT, &plan);
}

static int parse_bz(uint64_t size, uint32_t cmdline_len)
{
	struct image image = {size, memory_read, (uintptr_t)bz};

	return bzimage_parse(&image, cmdline_len, &bz_plan);
}

static void elf_refused(const char *reason)
{
	assert_true(parse_elf(sizeof(elf)) < 0);
	assert_string_equal(fail_reason, reason);
	setup(NULL);
}

static void bz_refused(const char *reason)
{
	assert_true(parse_bz(sizeof(bz), 20) < 0);
	assert_string_equal(fail_reason, reason);
	setup(NULL);
}

static void test_elf_good(void **state)
{
	(void)state;
	assert_int_equal(parse_elf(sizeof(elf)), 0);
	assert_int_equal(plan.entry, TEST_ELF_ENTRY);
	assert_int_equal(plan.count, 2);
	assert_int_equal(plan.segments[1].memory_size, 0x5000);
	elf.note.header.n_descsz = 4; /* the 32-bit form of the note */
	assert_int_equal(parse_elf(sizeof(elf)), 0);
	assert_int_equal(plan.entry, TEST_ELF_ENTRY);
}

static void test_elf_header(void **state)
{
	(void)state;
	elf.header.e_ident[EI_CLASS] = ELFCLASS32;
	elf_refused("kernel: a 32-bit ELF file (machine 62); must be a 64-bit one for x86");
	elf.header.e_ident[EI_CLASS] = ELFCLASS32;
	elf.header.e_machine = EM_386;
	elf_refused("kernel: a 32-bit ELF file (machine 3); must be a 64-bit one for x86");
	elf.header.e_ident[EI_CLASS] = ELFCLASS32;
	elf.header.e_ident[EI_DATA] = ELFDATA2MSB;
	elf_refused("kernel: an ELF file for another processor (class 1, machine 62)");
	elf.header.e_ident[EI_CLASS] = ELFCLASSNONE;
	elf_refused("kernel: an ELF file for another processor (class 0, machine 62)");
	elf.header.e_machine = EM_AARCH64;
	elf_refused("kernel: an ELF file for another processor (class 2, machine 183)");
	elf.header.e_ident[EI_DATA] = ELFDATA2MSB;
	elf_refused("kernel: an ELF file for another processor (class 2, machine 62)");
	elf.header.e_type = ET_REL;
	elf_refused("kernel: ELF type 1 is not executable");
	elf.header.e_phentsize = 57;
	elf_refused("kernel: program headers of 57 bytes, not 56");
	elf.header.e_phnum = 65;
	elf_refused("kernel: 65 program headers, must be 1 to 64");
	elf.header.e_phnum = 0;
	elf_refused("kernel: 0 program headers, must be 1 to 64");
	elf.header.e_phoff = UINT64_MAX - 20;
	elf_refused("kernel: program headers lie beyond the file");
	elf.header.e_phoff = sizeof(elf) - 60;
	elf_refused("kernel: program header at 0x2ffc+0x38 lies beyond the file's 0x3000 bytes");
}

static void test_elf_segments(void **state)
{
	(void)state;
	elf.segment[0].p_filesz = 0x1001;
	elf_refused("kernel: PT_LOAD 0 has more bytes in the file than in memory");
	elf.segment[1].p_offset = 0x2801;
	elf_refused("kernel: PT_LOAD 1 lies beyond the end of the file");
	elf.segment[1].p_offset = UINT64_MAX;
	elf_refused("kernel: PT_LOAD 1 lies beyond the end of the file");
	elf.segment[1].p_paddr = UINT64_MAX - 0x100;
	elf_refused("kernel: PT_LOAD 1 wraps the address space");
	elf.segment[1].p_memsz = UINT64_MAX - 0x1000;
	elf_refused("kernel: PT_LOAD 1 wraps the address space");
	elf.segment[1].p_memsz = LIMIT;
	elf_refused("kernel: PT_LOAD 1 ends at 0x1201000, but only [0, 0x1000000) is free in this "
		    "domain");
	elf.segment[1].p_paddr = TEST_ELF_GPA + 0xfff;
	elf_refused("kernel: PT_LOAD 1 overlaps another");
	elf.segment[1].p_paddr = 0x9C000;
	elf_refused("kernel: PT_LOAD 1 at 0x9c000 lies in a reserved area");
	elf.segment[1].p_paddr = 0;
	elf_refused("kernel: PT_LOAD 1 at 0x0 lies in a reserved area");
}

/* In any order, on both sides of the builder's area; empty ones and other headers do not count. */
static void test_elf_segments_accepted(void **state)
{
	Elf64_Phdr swap = elf.segment[0];

	(void)state;
	elf.segment[0] = elf.segment[1];
	elf.segment[1] = swap;
	assert_int_equal(parse_elf(sizeof(elf)), 0);
	setup(NULL);
	elf.header.e_type = ET_DYN;
	assert_int_equal(parse_elf(sizeof(elf)), 0);
	setup(NULL);
	elf.segment[1].p_paddr = 0x10000;
	assert_int_equal(parse_elf(sizeof(elf)), 0);
	assert_int_equal(plan.count, 2);
	elf.segment[1].p_type = PT_GNU_STACK;
	elf.segment[1].p_offset = UINT64_MAX;
	assert_int_equal(parse_elf(sizeof(elf)), 0);
	assert_int_equal(plan.count, 1);
	setup(NULL);
	elf.segment[1] = (Elf64_Phdr){.p_type = PT_LOAD};
	assert_int_equal(parse_elf(sizeof(elf)), 0);
	assert_int_equal(plan.count, 1);
}

static void test_elf_too_many_segments(void **state)
{
	Elf64_Phdr many[20];

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		many[i] = elf.segment[0];
		many[i].p_paddr += i * 0x1000;
	}
	memcpy((uint8_t *)&elf + 0x2000, many, sizeof(many));
	elf.header.e_phoff = 0x2000;
	elf.header.e_phnum = 20;
	elf_refused("kernel: more than 16 PT_LOADs");
}

static void test_elf_notes(void **state)
{
	struct test_note two[2] = {test_note(TEST_ELF_ENTRY), test_note(TEST_ELF_ENTRY)};

	(void)state;
	elf.note.header.n_type = 17;
	elf_refused("kernel: 0 PVH entry notes (Xen, type 18), must be one");
	elf.note.name[0] = 'G';
	elf_refused("kernel: 0 PVH entry notes (Xen, type 18), must be one");
	elf.note.header.n_namesz = 8; /* a longer name that begins like ours */
	elf.segment[2].p_filesz += 4;
	elf_refused("kernel: 0 PVH entry notes (Xen, type 18), must be one");
	memcpy(&elf.note, two, sizeof(two));
	elf.segment[2].p_filesz = sizeof(two);
	elf_refused("kernel: 2 PVH entry notes (Xen, type 18), must be one");
	elf.note.header.n_descsz = UINT32_MAX;
	elf_refused("kernel: note at 0xe8 is larger than its segment");
	elf.note.header.n_namesz = UINT32_MAX;
	elf_refused("kernel: note at 0xe8 is larger than its segment");
	elf.note.header.n_descsz = 5;
	elf_refused("kernel: PVH note has 5 bytes, not 4 or 8");
	elf.segment[2].p_filesz = 0x2f19;
	elf_refused("kernel: PT_NOTE at 0xe8+0x2f19 is too large or beyond the file");
	elf.segment[2].p_filesz = 0x10001;
	assert_true(parse_elf(0x20000) < 0); /* inside a larger file */
	assert_string_equal(fail_reason,
			    "kernel: PT_NOTE at 0xe8+0x10001 is too large or beyond the file");
	setup(NULL);
	elf.segment[2].p_filesz = 0x20000;
	elf_refused("kernel: PT_NOTE at 0xe8+0x20000 is too large or beyond the file");
	elf.segment[2].p_offset = UINT64_MAX - 4;
	elf_refused("kernel: PT_NOTE at 0xfffffffffffffffb+0x18 is too large or beyond the file");
	elf.note.value = TEST_ELF_GPA + 0x1800; /* in bss */
	elf_refused("kernel: PVH entry 0x201800 lies in no loaded segment");
	elf.note.value = UINT64_MAX;
	elf_refused("kernel: PVH entry 0xffffffffffffffff lies in no loaded segment");
	elf.note.value = 0x100000000ul + TEST_ELF_GPA;
	elf_refused("kernel: PVH entry 0x100200000 lies in no loaded segment");
}

/* The last note of a segment may end without its padding. */
static void test_elf_note_without_padding(void **state)
{
	(void)state;
	elf.note.header.n_descsz = 4;
	elf.segment[2].p_filesz = 20;
	elf.segment[2].p_align = 8;
	assert_int_equal(parse_elf(sizeof(elf)), 0);
	assert_int_equal(plan.entry, TEST_ELF_ENTRY);
	elf.segment[2].p_filesz = 19;
	elf_refused("kernel: note at 0xe8 is larger than its segment");
}

static uint64_t load(const char *path)
{
	static uint8_t bytes[32 << 20];
	FILE *f = fopen(path, "rb");
	uint64_t size;

	if (f == NULL) {
		return 0;
	}
	size = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	file = bytes;
	return size;
}

/* Two notes as binutils lays them out for each alignment of the segment; the second is the
 * entry. */
static void test_elf_note_alignments(void **state)
{
	static const char *const names[] = {"align4", "align8"};
	const char *build = getenv("CORBEL_BUILD");

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		char path[256];
		struct image image = {0, memory_read, 0};

		snprintf(path, sizeof(path), "%s/tests/notes/%s.elf",
			 build != NULL ? build : "build", names[i]);
		image.size = load(path);
		image.where = (uintptr_t)file;
		assert_true(image.size > 0);
		assert_int_equal(elf_probe(&image), 1);
		assert_int_equal(elf_parse(&image, LIMIT, &plan), 0);
		assert_int_equal(plan.entry, 0x200000);
	}
}

static void test_elf_truncation(void **state)
{
	(void)state;
	for (uint64_t size = 0; size < 0x2800; size++) {
		assert_true(parse_elf(size) < 0);
	}
	assert_int_equal(parse_elf(0x2800), 0);
}

static void test_bz_good(void **state)
{
	struct boot_params zero_page;

	(void)state;
	assert_int_equal(parse_bz(sizeof(bz), 2047), 0);
	assert_int_equal(bz_plan.blob_offset, TEST_BZ_SETUP);
	assert_int_equal(bz_plan.blob_size, TEST_BZ_BLOB);
	assert_int_equal(bz_plan.window_end, 0x1400000);
	bzimage_zero_page(&bz_plan, 0xC1000, LIMIT, &zero_page);
	assert_int_equal(zero_page.hdr.cmd_line_ptr, 0xC1000);
	assert_int_equal(zero_page.hdr.setup_data, 0);
	assert_int_equal(zero_page.sentinel, 0);
	assert_int_equal(zero_page.e820_table[1].addr + zero_page.e820_table[1].size, LIMIT);
}

static void test_bz_header(void **state)
{
	struct setup_header *h = bz_header(bz);

	(void)state;
	h->header = 0;
	bz_refused("kernel: a file that begins with zeros, 67072 bytes; must be an ELF file with a "
		   "PVH note or a bzImage");
	h->boot_flag = 0;
	bz_refused("kernel: a file that begins with zeros, 67072 bytes; must be an ELF file with a "
		   "PVH note or a bzImage");
	h->version = 0x20b;
	bz_refused("kernel: boot protocol 2.11 is older than 2.12");
	h->loadflags = 0;
	bz_refused("kernel: bzImage is not a 64-bit kernel loaded high");
	h->xloadflags = 0;
	bz_refused("kernel: bzImage is not a 64-bit kernel loaded high");
	h->jump = 0x6a90; /* not a jump */
	bz_refused("kernel: bzImage header ends at 0x26c, too early for init_size");
	h->jump = 0x20eb;
	bz_refused("kernel: bzImage header ends at 0x222, too early for init_size");
	h->relocatable_kernel = 0;
	bz_refused(
		"kernel: bzImage wants address 0x1000000, must be relocatable and want 0x1000000");
	h->pref_address = UINT64_MAX;
	bz_refused(
		"kernel: bzImage wants address 0xffffffffffffffff, must be relocatable and want 0x1000000");
	h->kernel_alignment = 0;
	bz_refused("kernel: bzImage alignment 0x0 is not a power of two up to 2 MiB");
	h->kernel_alignment = 0x3000;
	bz_refused("kernel: bzImage alignment 0x3000 is not a power of two up to 2 MiB");
	h->kernel_alignment = 0x400000;
	bz_refused("kernel: bzImage alignment 0x400000 is not a power of two up to 2 MiB");
	h->kernel_alignment = 0x300000;
	bz_refused("kernel: bzImage alignment 0x300000 is not a power of two up to 2 MiB");
	h->init_size = UINT32_MAX;
	bz_refused("kernel: bzImage init_size 0xffffffff, must be 1 to 0x40000000");
	h->init_size = 0;
	bz_refused("kernel: bzImage init_size 0x0, must be 1 to 0x40000000");
	h->cmdline_size = 19;
	bz_refused("cmdline: 20 bytes, the kernel takes 19");
}

static void test_bz_sizes(void **state)
{
	struct setup_header *h = bz_header(bz);

	(void)state;
	h->setup_sects = 65;
	bz_refused("kernel: bzImage has 65 setup sectors, at most 64");
	h->setup_sects = 0; /* means 4 */
	bz_refused("kernel: bzImage says 2560+65536 bytes, the file has 67072");
	h->syssize++;
	bz_refused("kernel: bzImage says 1536+65552 bytes, the file has 67072");
	h->syssize = UINT32_MAX;
	bz_refused("kernel: bzImage says 1536+68719476720 bytes, the file has 67072");
	h->syssize = 0;
	bz_refused("kernel: bzImage says 1536+0 bytes, the file has 67072");
	h->payload_offset = UINT32_MAX;
	bz_refused("kernel: bzImage payload 0xffffffff+0x8000 is larger than its blob 0x10000");
	h->payload_length = UINT32_MAX;
	bz_refused("kernel: bzImage payload 0x100+0xffffffff is larger than its blob 0x10000");
	h->init_size = 0x1000;
	bz_refused("kernel: bzImage init_size 0x1000 is less than its blob 0x10000");
	for (uint64_t size = 0; size < sizeof(bz); size += size < 0x400 ? 1 : 0x100) {
		assert_true(parse_bz(size, 0) < 0);
	}
}

static void test_note_accepted(void **state)
{
	uint32_t decoys[8] = {4, 8, 0x11, 0x006e6558, 4, 4, 0x12, 0x006e6558};
	struct note_search search = {0, 0}, low = {1, 0xFFFFFF}, high = {1, 0x1400000};
	uint32_t entry;

	(void)state;
	note_scan((uint8_t *)decoys, sizeof(decoys), &search);
	assert_int_equal(search.matches, 0);
	assert_int_equal(note_accept(&low, 0x1400000, &entry), -XEN_ENOEXEC);
	assert_int_equal(note_accept(&high, 0x1400000, &entry), -XEN_ENOEXEC);
}

static void test_note_scan(void **state)
{
	uint8_t bytes[64] = {0};
	struct test_note note = test_note(0x1000850);
	uint32_t entry;

	(void)state;
	for (unsigned at = 0; at + sizeof(note) <= sizeof(bytes); at++) {
		struct note_search search = {0, 0};

		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes + at, &note, sizeof(note));
		note_scan(bytes, sizeof(bytes), &search);
		assert_int_equal(search.matches, at % 4 == 0);
		if (search.matches == 1) {
			assert_int_equal(note_accept(&search, 0x1400000, &entry), 0);
			assert_int_equal(entry, 0x1000850);
		}
	}
}

static void named(const void *bytes, uint64_t size, const char *reason)
{
	struct image image = {size, memory_read, (uintptr_t)bytes};

	fail_reason[0] = 0;
	assert_int_equal(elf_probe(&image), 0);
	assert_true(bzimage_parse(&image, 0, &bz_plan) < 0);
	assert_string_equal(fail_reason, reason);
}

#define NAMED(bytes, what)                                                                         \
	named(bytes, sizeof(bytes) - 1,                                                            \
	      "kernel: " what " bytes; must be an ELF file with a PVH note or a bzImage")

static void test_what_a_file_is(void **state)
{
	static const char zeros[4096];

	(void)state;
	NAMED("", "an empty file, 0");
	NAMED("\x7f"
	      "EL",
	      "a file of unknown kind, 3");
	NAMED("not a kernel\n", "a text file, 13");
	NAMED("a\tb\r\n", "a text file, 5");
	NAMED("]", "a text file, 1"); /* lzma's first byte */
	NAMED("#!/bin/sh\nexec true\n", "a script, 20");
	NAMED("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "a gzip file, 10");
	NAMED("\xfd"
	      "7zXZ\x00\x00\x04",
	      "an xz file, 8");
	NAMED("\x28\xb5\x2f\xfd\x04\x88", "a zstd file, 6");
	NAMED("\x02\x21\x4c\x18\x00", "an lz4 file, 5");
	NAMED("\x04\x22\x4d\x18\x00", "an lz4 file, 5");
	NAMED("BZh91AY", "a bzip2 file, 7");
	NAMED("\x5d\x00\x00\x80\x00", "a file of unknown kind, 5");
	NAMED("\x5d\x00\x00\x00\x04", "an lzma file, 5");
	NAMED("070701000002D1", "a cpio archive (an initrd?), 14");
	NAMED("MZ\x90", "an EFI program, 3");
	NAMED("text\x01", "a file of unknown kind, 5");
	NAMED(zeros, "a file that begins with zeros, 4095");
	/* The magic is there, the rest of the header is not. */
	named(bz, 0x210, "kernel: a bzImage cut short in its header, at 528 bytes");
	named(bz, 0x26b, "kernel: a bzImage cut short in its header, at 619 bytes");
}

/* Distribution kernels, if the build has fetched them. */
static void test_real_kernels(void **state)
{
	static const char *const paths[] = {
		"build/kernels/generic/vmlinuz", "build/kernels/cloud/vmlinuz",
		"build/kernels/generic-backports/vmlinuz", "build/kernels/cloud-backports/vmlinuz"};

	(void)state;
	for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct image image = {load(paths[i]), memory_read, 0};

		if (image.size == 0) {
			print_message("%s is absent, not looked at\n", paths[i]);
			continue;
		}
		image.where = (uintptr_t)file;
		assert_int_equal(elf_probe(&image), 0);
		assert_int_equal(bzimage_parse(&image, 100, &bz_plan), 0);
		print_message("%s: blob %lx+%lx, window ends at %lx\n", paths[i],
			      bz_plan.blob_offset, bz_plan.blob_size, bz_plan.window_end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_elf_good, setup),
		cmocka_unit_test_setup(test_elf_header, setup),
		cmocka_unit_test_setup(test_elf_segments, setup),
		cmocka_unit_test_setup(test_elf_segments_accepted, setup),
		cmocka_unit_test_setup(test_elf_too_many_segments, setup),
		cmocka_unit_test_setup(test_elf_notes, setup),
		cmocka_unit_test_setup(test_elf_note_alignments, setup),
		cmocka_unit_test_setup(test_elf_note_without_padding, setup),
		cmocka_unit_test_setup(test_elf_truncation, setup),
		cmocka_unit_test_setup(test_bz_good, setup),
		cmocka_unit_test_setup(test_bz_header, setup),
		cmocka_unit_test_setup(test_bz_sizes, setup),
		cmocka_unit_test_setup(test_note_scan, setup),
		cmocka_unit_test_setup(test_note_accepted, setup),
		cmocka_unit_test_setup(test_what_a_file_is, setup),
		cmocka_unit_test_setup(test_real_kernels, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
