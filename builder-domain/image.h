/* SPDX-License-Identifier: MIT */
/*
 * A kernel file of known size, read through one bounded gate, and the plans that the two parsers
 * make of it.  Parsers only read: nothing is placed before a whole plan has been accepted.
 */
#ifndef BUILDER_IMAGE_H
#define BUILDER_IMAGE_H
#include "base/must_check.h"
#include <stdint.h>
#include <asm/bootparam.h>

struct image {
	uint64_t size;
	/* Reads [offset, offset + len), which image_read() has checked to lie in the file. */
	int (*read)(const struct image *image, uint64_t offset, void *out, uint64_t len);
	uint64_t where; /* for read(): address of the first byte */
};

#define bad_kernel(...) fail(XEN_ENOEXEC, "kernel: " __VA_ARGS__)

MUST_CHECK int image_read(const struct image *image, uint64_t offset, void *out, uint64_t len,
			  const char *what);

/* kind.c: always a failure, with the reason that says what the file is. */
MUST_CHECK int not_a_kernel(const struct image *image);

/* [BOOT_AREA, BOOT_AREA_END) belongs to the builder in every domain; nothing is loaded there. */
#define BOOT_AREA     0xA0000ul
#define BOOT_AREA_END 0x100000ul

/* ---- ELF64 with a PVH note ---- */
#define ELF_SEGMENTS_MAX 16u
struct elf_segment {
	uint64_t offset;
	uint64_t file_size;
	uint64_t gpa;
	uint64_t memory_size;
};
struct elf_plan {
	uint32_t entry; /* of the PHYS32_ENTRY note */
	uint32_t count;
	struct elf_segment segments[ELF_SEGMENTS_MAX];
};
/* 1: it is an ELF file, 0: it is not, negative: unreadable. */
MUST_CHECK int elf_probe(const struct image *image);
/* Everything must be placed below `limit`. */
MUST_CHECK int elf_parse(const struct image *image, uint64_t limit, struct elf_plan *plan);

/* ---- bzImage, unpacked by its own stub ---- */
#define BZIMAGE_LOAD   0x100000ul  /* the protected-mode blob */
#define BZIMAGE_KERNEL 0x1000000ul /* where the stub puts the kernel; also the execute trap ... */
#define BZIMAGE_TRAP   0x200000ul  /* ... which covers so much */
struct bzimage_plan {
	uint64_t blob_offset;
	uint64_t blob_size;
	uint64_t window_end; /* BZIMAGE_KERNEL + init_size */
	struct setup_header header;
};
MUST_CHECK int bzimage_parse(const struct image *image, uint32_t cmdline_len,
			     struct bzimage_plan *plan);
/* RAM known to the stub: [0, BOOT_AREA) and [1 MiB, ram_end). */
void bzimage_zero_page(const struct bzimage_plan *plan, uint32_t cmdline_gpa, uint64_t ram_end,
		       struct boot_params *out);

/* Search for the one PHYS32_ENTRY note in unpacked memory. */
#define NOTE_BYTES 24u /* header, name, 8 bytes of value */
struct note_search {
	uint32_t matches;
	uint64_t entry;
};
/* Looks at every 4-byte aligned place of bytes from which NOTE_BYTES can be read. */
void note_scan(const uint8_t *bytes, uint64_t len, struct note_search *search);
MUST_CHECK int note_accept(const struct note_search *search, uint64_t window_end, uint32_t *entry);
#endif
