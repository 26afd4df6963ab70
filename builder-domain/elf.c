/* SPDX-License-Identifier: MIT */
/*
 * ELF64 executables with Xen's PHYS32_ENTRY note.  Every byte is hostile.  Headers are copied
 * before they are looked at; the plan holds only ranges already proven to lie in the file, below
 * the limit, and apart from one another.
 */
#include <elf.h>
#include <xen/elfnote.h>

#include "builder-domain/image.h"
#include "builder-domain/lib.h"

#define PROGRAM_HEADERS_MAX 64u
#define NOTES_MAX           65536u /* bytes */
#define PAGE_ZERO_END       0x1000u

int image_read(const struct image *image, uint64_t offset, void *out, uint64_t len,
	       const char *what)
{
	if (offset > image->size || len > image->size - offset) {
		return bad_kernel("%s at %lx+%lx lies beyond the file's %lx bytes", what, offset,
				  len, image->size);
	}
	return image->read(image, offset, out, len);
}

int elf_probe(const struct image *image)
{
	uint8_t magic[SELFMAG];
	int rc;

	if (image->size < sizeof(magic)) {
		return 0;
	}
	rc = image_read(image, 0, magic, sizeof(magic), "file magic");
	if (rc != 0) {
		return rc;
	}
	return memcmp(magic, ELFMAG, SELFMAG) == 0;
}

static MUST_CHECK int check_header(const Elf64_Ehdr *h)
{
	/* The machine lies at the same place in both classes. */
	if (h->e_ident[EI_CLASS] == ELFCLASS32 && h->e_ident[EI_DATA] == ELFDATA2LSB) {
		return bad_kernel("a 32-bit ELF file (machine %u); must be a 64-bit one for x86",
				  h->e_machine);
	}
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
	    h->e_machine != EM_X86_64) {
		return bad_kernel("an ELF file for another processor (class %u, machine %u)",
				  h->e_ident[EI_CLASS], h->e_machine);
	}
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN) {
		return bad_kernel("ELF type %u is not executable", h->e_type);
	}
	if (h->e_phentsize != sizeof(Elf64_Phdr)) {
		return bad_kernel("program headers of %u bytes, not %u", h->e_phentsize,
				  (unsigned)sizeof(Elf64_Phdr));
	}
	if (h->e_phnum == 0 || h->e_phnum > PROGRAM_HEADERS_MAX) {
		return bad_kernel("%u program headers, must be 1 to %u", h->e_phnum,
				  PROGRAM_HEADERS_MAX);
	}
	return 0;
}

static int overlaps(uint64_t start, uint64_t end, uint64_t other_start, uint64_t other_end)
{
	return start < other_end && other_start < end;
}

static MUST_CHECK int add_segment(const struct image *image, const Elf64_Phdr *p, unsigned index,
				  uint64_t limit, struct elf_plan *plan)
{
	uint64_t end = p->p_paddr + p->p_memsz;

	if (p->p_filesz > p->p_memsz) {
		return bad_kernel("PT_LOAD %u has more bytes in the file than in memory", index);
	}
	if (p->p_offset > image->size || p->p_filesz > image->size - p->p_offset) {
		return bad_kernel("PT_LOAD %u lies beyond the end of the file", index);
	}
	if (end < p->p_paddr) {
		return bad_kernel("PT_LOAD %u wraps the address space", index);
	}
	if (end > limit) {
		return fail(
			XEN_ENOMEM,
			"kernel: PT_LOAD %u ends at %lx, but only [0, %lx) is free in this domain",
			index, end, limit);
	}
	if (p->p_paddr < PAGE_ZERO_END || overlaps(p->p_paddr, end, BOOT_AREA, BOOT_AREA_END)) {
		return bad_kernel("PT_LOAD %u at %lx lies in a reserved area", index, p->p_paddr);
	}
	for (unsigned i = 0; i < plan->count; i++) {
		const struct elf_segment *s = &plan->segments[i];

		if (overlaps(p->p_paddr, end, s->gpa, s->gpa + s->memory_size)) {
			return bad_kernel("PT_LOAD %u overlaps another", index);
		}
	}
	if (plan->count == ELF_SEGMENTS_MAX) {
		return bad_kernel("more than %u PT_LOADs", ELF_SEGMENTS_MAX);
	}
	plan->segments[plan->count++] =
		(struct elf_segment){p->p_offset, p->p_filesz, p->p_paddr, p->p_memsz};
	return 0;
}

struct note_cursor {
	const struct image *image;
	uint64_t offset, left, align;
};

static MUST_CHECK int take_note(struct note_cursor *c, struct note_search *found)
{
	Elf64_Nhdr n;
	char name[4];
	uint64_t at, end, value = 0;
	int rc = image_read(c->image, c->offset, &n, sizeof(n), "note header");

	if (rc != 0) {
		return rc;
	}
	/* 32-bit fields: the sum cannot wrap in 64 bits. */
	at = ROUND_UP(sizeof(n) + n.n_namesz, c->align);
	end = at + n.n_descsz;
	if (end > c->left) {
		return bad_kernel("note at %lx is larger than its segment", c->offset);
	}
	if (n.n_type == XEN_ELFNOTE_PHYS32_ENTRY && n.n_namesz == sizeof(name)) {
		rc = image_read(c->image, c->offset + sizeof(n), name, sizeof(name), "note name");
		if (rc != 0) {
			return rc;
		}
		if (memcmp(name, "Xen", sizeof(name)) == 0) {
			if (n.n_descsz != 4 && n.n_descsz != 8) {
				return bad_kernel("PVH note has %u bytes, not 4 or 8", n.n_descsz);
			}
			rc = image_read(c->image, c->offset + at, &value, n.n_descsz, "note value");
			found->matches++;
			found->entry = value;
		}
	}
	end = MIN(ROUND_UP(end, c->align), c->left); /* the last one needs no padding */
	c->offset += end;
	c->left -= end;
	return rc;
}

static MUST_CHECK int scan_notes(const struct image *image, const Elf64_Phdr *p,
				 struct note_search *found)
{
	/* As binutils lays notes out and reads them: padded to 8 bytes if the segment says 8. */
	struct note_cursor c = {image, p->p_offset, p->p_filesz, p->p_align == 8 ? 8 : 4};

	if (p->p_filesz > NOTES_MAX || p->p_offset > image->size ||
	    p->p_filesz > image->size - p->p_offset) {
		return bad_kernel("PT_NOTE at %lx+%lx is too large or beyond the file",
				  (uint64_t)p->p_offset, (uint64_t)p->p_filesz);
	}
	while (c.left >= sizeof(Elf64_Nhdr)) {
		int rc = take_note(&c, found);

		if (rc != 0) {
			return rc;
		}
	}
	return 0;
}

static MUST_CHECK int accept_entry(const struct note_search *found, struct elf_plan *plan)
{
	if (found->matches != 1) {
		return bad_kernel("%u PVH entry notes (Xen, type 18), must be one", found->matches);
	}
	for (unsigned i = 0; i < plan->count; i++) {
		const struct elf_segment *s = &plan->segments[i];

		if (found->entry >= s->gpa && found->entry - s->gpa < s->file_size &&
		    found->entry <= UINT32_MAX) {
			plan->entry = (uint32_t)found->entry;
			return 0;
		}
	}
	return bad_kernel("PVH entry %lx lies in no loaded segment", found->entry);
}

int elf_parse(const struct image *image, uint64_t limit, struct elf_plan *plan)
{
	struct note_search found = {0, 0};
	Elf64_Ehdr header;
	int rc = image_read(image, 0, &header, sizeof(header), "ELF header");

	memset(plan, 0, sizeof(*plan));
	if (rc == 0) {
		rc = check_header(&header);
	}
	for (unsigned i = 0; rc == 0 && i < header.e_phnum; i++) {
		Elf64_Phdr p;
		/* The table is at most 3584 bytes, but e_phoff may be anything. */
		uint64_t offset = header.e_phoff + i * sizeof(p);

		if (header.e_phoff > image->size) {
			return bad_kernel("program headers lie beyond the file");
		}
		rc = image_read(image, offset, &p, sizeof(p), "program header");
		if (rc == 0 && p.p_type == PT_LOAD && p.p_memsz != 0) {
			rc = add_segment(image, &p, i, limit, plan);
		} else if (rc == 0 && p.p_type == PT_NOTE) {
			rc = scan_notes(image, &p, &found);
		}
	}
	return rc ?: accept_entry(&found, plan);
}
