/* SPDX-License-Identifier: MIT */
/* Hostile kernels: each is a changed copy of a good one. */
#include "tests/attack/requests/requests.h"
#include <elf.h>

#define MAX_IMAGE 0x40000
static uint8_t copy[MAX_IMAGE] __attribute__((aligned(4096)));
static const uint8_t *good;
static size_t good_size;

static Elf64_Ehdr *fresh(void)
{
	memset(copy, 0, sizeof(copy));
	memcpy(copy, good, good_size);
	request.kernel = copy;
	request.kernel_size = good_size;
	return (Elf64_Ehdr *)copy;
}

static Elf64_Phdr *segment(unsigned index)
{
	return (Elf64_Phdr *)(copy + ((Elf64_Ehdr *)copy)->e_phoff) + index;
}

/* The PVH note's header in the copy; lib/guest.lds puts it first in the text segment. */
static uint32_t *note(void)
{
	for (size_t i = 0; i + 24 <= good_size; i += 4) {
		static const uint8_t head[] = {4,  0, 0, 0, 8,   0,   0,   0,
					       18, 0, 0, 0, 'X', 'e', 'n', 0};

		if (memcmp(copy + i, head, sizeof(head)) == 0) {
			return (uint32_t *)(copy + i);
		}
	}
	broken("no note in the good image");
}

#define ELF(text, change)                                                                          \
	fresh();                                                                                   \
	change;                                                                                    \
	expect_request_refused(text)

static void elf_images(void)
{
	Elf64_Ehdr *e = fresh();

	ELF("ELF cut in its header", request.kernel_size = 40);
	ELF("ELF cut in its program headers", request.kernel_size = 80);
	ELF("ELF cut in its segments", request.kernel_size = segment(1)->p_offset + 1);
	ELF("32-bit ELF", e->e_ident[EI_CLASS] = ELFCLASS32);
	ELF("big-endian ELF", e->e_ident[EI_DATA] = ELFDATA2MSB);
	ELF("ELF of another machine", e->e_machine = EM_AARCH64);
	ELF("ELF object file", e->e_type = ET_REL);
	ELF("no program headers", e->e_phnum = 0);
	ELF("65535 program headers", e->e_phnum = 0xffff);
	ELF("program headers of 1 byte", e->e_phentsize = 1);
	ELF("program headers beyond the file", e->e_phoff = 1ull << 40);
	ELF("program header offset that wraps", e->e_phoff = ~0ull - 10);
	ELF("segment beyond the file", segment(0)->p_offset = 1ull << 50);
	ELF("segment offset that wraps", segment(0)->p_offset = ~0ull - 100);
	ELF("segment size that wraps", segment(0)->p_filesz = ~0ull);
	ELF("more in the file than in memory", segment(0)->p_memsz = 16);
	ELF("segment address that wraps", segment(1)->p_paddr = ~0ull - 4096);
	ELF("segment beyond the domain's memory", segment(1)->p_memsz = 1ull << 40);
	ELF("segment at the end of the address space", segment(1)->p_paddr = 1ull << 51);
	ELF("overlapping segments", segment(1)->p_paddr = segment(0)->p_paddr);
	ELF("segment over the boot area", segment(1)->p_paddr = 0xA0000);
	ELF("segment over page zero", segment(1)->p_paddr = 0);
	ELF("no PVH note", note()[2] = 19);
	ELF("PVH note of 5 bytes", note()[1] = 5);
	ELF("PVH note of 2^32-1 bytes", note()[1] = 0xffffffff);
	ELF("note name of 2^32-1 bytes", note()[0] = 0xffffffff);
	ELF("entry outside every segment", note()[4] = 0x700000);
	ELF("entry above 4 GiB", note()[5] = 1);
	ELF("notes beyond the file", segment(2)->p_offset = good_size);
	ELF("notes of 2^60 bytes", segment(2)->p_filesz = 1ull << 60);
}

static void noise(void)
{
	uint32_t seed = 99;

	fresh();
	for (size_t i = 0; i < good_size; i++) {
		seed = seed * 1664525 + 1013904223;
		copy[i] = (uint8_t)(seed >> 24);
	}
	expect_request_refused("kernel of noise");
	memset(copy, 0, sizeof(copy));
	expect_request_refused("kernel of zeros");
	request.kernel_size = 1;
	expect_request_refused("kernel of 1 byte");
}

void images(void)
{
	good = request.kernel;
	good_size = request.kernel_size;
	if (good_size > MAX_IMAGE) {
		broken("worker.elf is too large");
	}
	elf_images();
	bzimages();
	noise();
	request.kernel = good;
	request.kernel_size = good_size;
}
