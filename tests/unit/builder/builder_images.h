/* SPDX-License-Identifier: MIT */
/*
 * Small well-formed kernels for the builder's tests; each test then damages one thing.
 */
#ifndef BUILDER_BUILDER_IMAGES_H
#define BUILDER_BUILDER_IMAGES_H
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <asm/bootparam.h>

#define TEST_ELF_SIZE  0x3000u
#define TEST_ELF_TEXT  0x1000u /* offset of the first segment */
#define TEST_ELF_GPA   0x200000u
#define TEST_ELF_ENTRY (TEST_ELF_GPA + 0x40)

struct test_note {
	Elf64_Nhdr header;
	char name[4];
	uint64_t value;
};

struct test_elf {
	Elf64_Ehdr header;
	Elf64_Phdr segment[3]; /* load, load, note */
	struct test_note note;
	uint8_t rest[TEST_ELF_SIZE - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Phdr) -
		     sizeof(struct test_note)];
};

static inline struct test_note test_note(uint64_t value)
{
	return (struct test_note){{4, 8, 18}, "Xen", value};
}

static inline void test_elf_make(struct test_elf *e)
{
	memset(e, 0, sizeof(*e));
	memcpy(e->header.e_ident, ELFMAG, SELFMAG);
	e->header.e_ident[EI_CLASS] = ELFCLASS64;
	e->header.e_ident[EI_DATA] = ELFDATA2LSB;
	e->header.e_type = ET_EXEC;
	e->header.e_machine = EM_X86_64;
	e->header.e_phoff = offsetof(struct test_elf, segment);
	e->header.e_phentsize = sizeof(Elf64_Phdr);
	e->header.e_phnum = 3;
	e->segment[0] = (Elf64_Phdr){.p_type = PT_LOAD,
				     .p_offset = TEST_ELF_TEXT,
				     .p_paddr = TEST_ELF_GPA,
				     .p_filesz = 0x1000,
				     .p_memsz = 0x1000};
	e->segment[1] = (Elf64_Phdr){.p_type = PT_LOAD,
				     .p_offset = TEST_ELF_TEXT + 0x1000,
				     .p_paddr = TEST_ELF_GPA + 0x1000,
				     .p_filesz = 0x800,
				     .p_memsz = 0x5000};
	e->segment[2] = (Elf64_Phdr){.p_type = PT_NOTE,
				     .p_offset = offsetof(struct test_elf, note),
				     .p_filesz = sizeof(struct test_note),
				     .p_memsz = sizeof(struct test_note)};
	e->note = test_note(TEST_ELF_ENTRY);
	memset((uint8_t *)e + TEST_ELF_TEXT, 0x5A, 0x1000);
	memset((uint8_t *)e + TEST_ELF_TEXT + 0x1000, 0xA5, 0x800);
}

/* A bzImage of 2 setup sectors and 64 KiB of blob, unpacked to 4 MiB. */
#define TEST_BZ_SETUP 0x600u
#define TEST_BZ_BLOB  0x10000u
#define TEST_BZ_SIZE  (TEST_BZ_SETUP + TEST_BZ_BLOB)
#define TEST_BZ_INIT  0x400000u

static inline struct setup_header *bz_header(uint8_t *bz)
{
	return (struct setup_header *)(bz + 0x1f1);
}

static inline void test_bz_make(uint8_t *bz)
{
	struct setup_header *h = bz_header(bz);

	memset(bz, 0x77, TEST_BZ_SIZE);
	memset(bz, 0, TEST_BZ_SETUP);
	h->setup_sects = 2;
	h->syssize = TEST_BZ_BLOB / 16;
	h->boot_flag = 0xAA55;
	h->jump = 0x6aeb;
	memcpy(&h->header, "HdrS", 4);
	h->version = 0x20f;
	h->loadflags = LOADED_HIGH;
	h->kernel_alignment = 0x200000;
	h->relocatable_kernel = 1;
	h->xloadflags = XLF_KERNEL_64;
	h->cmdline_size = 2047;
	h->payload_offset = 0x100;
	h->payload_length = 0x8000;
	h->pref_address = 0x1000000;
	h->init_size = TEST_BZ_INIT;
	h->setup_data = 0xdeadbeef;
}
#endif
