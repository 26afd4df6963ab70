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
		return bad_kernel("%s at 0x%lx+0x%lx lies beyond the file's 0x%lx bytes", what,
				  offset, len, image->size);
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

static MUST_CHECK int check_machine(const Elf64_Ehdr *header)
{
	uint8_t elf_class = header->e_ident[EI_CLASS];
	int is_little_endian = header->e_ident[EI_DATA] == ELFDATA2LSB;

	/* The machine lies at the same place in both classes. */
	if (elf_class == ELFCLASS32 && is_little_endian) {
		return bad_kernel("a 32-bit ELF file (machine %u); must be a 64-bit one for x86",
				  header->e_machine);
	}
	if (elf_class != ELFCLASS64 || !is_little_endian || header->e_machine != EM_X86_64) {
		return bad_kernel("an ELF file for another processor (class %u, machine %u)",
				  elf_class, header->e_machine);
	}
	return 0;
}

static MUST_CHECK int check_header(const Elf64_Ehdr *header)
{
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN) {
		return bad_kernel("ELF type %u is not executable", header->e_type);
	}
	if (header->e_phentsize != sizeof(Elf64_Phdr)) {
		return bad_kernel("program headers of %u bytes, not %u", header->e_phentsize,
				  (unsigned)sizeof(Elf64_Phdr));
	}
	if (header->e_phnum == 0 || header->e_phnum > PROGRAM_HEADERS_MAX) {
		return bad_kernel("%u program headers, must be 1 to %u", header->e_phnum,
				  PROGRAM_HEADERS_MAX);
	}
	return 0;
}

static int overlaps(uint64_t start, uint64_t end, uint64_t other_start, uint64_t other_end)
{
	return start < other_end && other_start < end;
}

/* What the header says of file and memory, by itself. */
static MUST_CHECK int check_segment(const struct image *image, const Elf64_Phdr *header,
				    unsigned index)
{
	if (header->p_filesz > header->p_memsz) {
		return bad_kernel("PT_LOAD %u has more bytes in the file than in memory", index);
	}
	if (header->p_offset > image->size || header->p_filesz > image->size - header->p_offset) {
		return bad_kernel("PT_LOAD %u lies beyond the end of the file", index);
	}
	if (header->p_paddr + header->p_memsz < header->p_paddr) {
		return bad_kernel("PT_LOAD %u wraps the address space", index);
	}
	return 0;
}

/* Where it goes: into free memory, and over no segment before it. */
static MUST_CHECK int check_place(const Elf64_Phdr *header, unsigned index, uint64_t limit,
				  const struct elf_plan *plan)
{
	uint64_t start = header->p_paddr;
	uint64_t end = start + header->p_memsz;

	if (end > limit) {
		return fail(
			XEN_EINVAL,
			"kernel: PT_LOAD %u ends at 0x%lx, but only [0, 0x%lx) is free in this domain",
			index, end, limit);
	}
	if (start < PAGE_ZERO_END || overlaps(start, end, BOOT_AREA, BOOT_AREA_END)) {
		return bad_kernel("PT_LOAD %u at 0x%lx lies in a reserved area", index, start);
	}
	for (unsigned i = 0; i < plan->count; i++) {
		const struct elf_segment *other = &plan->segments[i];

		if (overlaps(start, end, other->gpa, other->gpa + other->memory_size)) {
			return bad_kernel("PT_LOAD %u overlaps another", index);
		}
	}
	return 0;
}

static MUST_CHECK int add_segment(const struct image *image, const Elf64_Phdr *header,
				  unsigned index, uint64_t limit, struct elf_plan *plan)
{
	int rc = check_segment(image, header, index);

	if (rc == 0) {
		rc = check_place(header, index, limit, plan);
	}
	if (rc != 0) {
		return rc;
	}
	if (plan->count == ELF_SEGMENTS_MAX) {
		return bad_kernel("more than %u PT_LOADs", ELF_SEGMENTS_MAX);
	}
	plan->segments[plan->count] = (struct elf_segment){
		.offset = header->p_offset,
		.file_size = header->p_filesz,
		.gpa = header->p_paddr,
		.memory_size = header->p_memsz,
	};
	plan->count++;
	return 0;
}

struct note_cursor {
	const struct image *image;
	uint64_t offset; /* of the next note in the file */
	uint64_t left;   /* bytes of the segment from there */
	uint64_t align;
};

#define NOTE_OWNER "Xen" /* with its NUL, as in the file */

/* Reads the value of a note, `at` bytes behind the note's start, if it is the one we look for. */
static MUST_CHECK int take_entry(const struct note_cursor *cursor, const Elf64_Nhdr *note,
				 uint64_t at, struct note_search *found)
{
	char name[sizeof(NOTE_OWNER)];
	uint64_t value = 0;
	int rc;

	if (note->n_type != XEN_ELFNOTE_PHYS32_ENTRY || note->n_namesz != sizeof(name)) {
		return 0;
	}
	rc = image_read(cursor->image, cursor->offset + sizeof(*note), name, sizeof(name),
			"note name");
	if (rc != 0) {
		return rc;
	}
	if (memcmp(name, NOTE_OWNER, sizeof(name)) != 0) {
		return 0;
	}
	if (note->n_descsz != sizeof(uint32_t) && note->n_descsz != sizeof(uint64_t)) {
		return bad_kernel("PVH note has %u bytes, not 4 or 8", note->n_descsz);
	}
	rc = image_read(cursor->image, cursor->offset + at, &value, note->n_descsz, "note value");
	found->matches++;
	found->entry = value;
	return rc;
}

static MUST_CHECK int take_note(struct note_cursor *cursor, struct note_search *found)
{
	Elf64_Nhdr note;
	uint64_t value_at;
	uint64_t end;
	int rc = image_read(cursor->image, cursor->offset, &note, sizeof(note), "note header");

	if (rc != 0) {
		return rc;
	}
	/* 32-bit fields: the sum cannot wrap in 64 bits. */
	value_at = ROUND_UP(sizeof(note) + note.n_namesz, cursor->align);
	end = value_at + note.n_descsz;
	if (end > cursor->left) {
		return bad_kernel("note at 0x%lx is larger than its segment", cursor->offset);
	}
	rc = take_entry(cursor, &note, value_at, found);
	end = MIN(ROUND_UP(end, cursor->align), cursor->left); /* the last one needs no padding */
	cursor->offset += end;
	cursor->left -= end;
	return rc;
}

static MUST_CHECK int scan_notes(const struct image *image, const Elf64_Phdr *header,
				 struct note_search *found)
{
	struct note_cursor cursor = {
		.image = image,
		.offset = header->p_offset,
		.left = header->p_filesz,
		.align = 4,
	};
	int rc = 0;

	/* As binutils lays notes out and reads them: padded to 8 bytes if the segment says 8. */
	if (header->p_align == 8) {
		cursor.align = 8;
	}
	if (header->p_filesz > NOTES_MAX || header->p_offset > image->size ||
	    header->p_filesz > image->size - header->p_offset) {
		return bad_kernel("PT_NOTE at 0x%lx+0x%lx is too large or beyond the file",
				  (uint64_t)header->p_offset, (uint64_t)header->p_filesz);
	}
	while (rc == 0 && cursor.left >= sizeof(Elf64_Nhdr)) {
		rc = take_note(&cursor, found);
	}
	return rc;
}

static MUST_CHECK int accept_entry(const struct note_search *found, struct elf_plan *plan)
{
	if (found->matches != 1) {
		return bad_kernel("%u PVH entry notes (Xen, type 18), must be one", found->matches);
	}
	for (unsigned i = 0; i < plan->count; i++) {
		const struct elf_segment *segment = &plan->segments[i];

		if (found->entry >= segment->gpa &&
		    found->entry - segment->gpa < segment->file_size &&
		    found->entry <= UINT32_MAX) {
			plan->entry = (uint32_t)found->entry;
			return 0;
		}
	}
	return bad_kernel("PVH entry 0x%lx lies in no loaded segment", found->entry);
}

/* Reads one program header and does with it what its type asks for. */
static MUST_CHECK int take_program_header(const struct image *image, const Elf64_Ehdr *elf,
					  unsigned index, uint64_t limit, struct elf_plan *plan,
					  struct note_search *found)
{
	Elf64_Phdr header = {0};
	/* The table is at most 3584 bytes, but e_phoff may be anything. */
	uint64_t offset = elf->e_phoff + index * sizeof(header);
	int rc;

	if (elf->e_phoff > image->size) {
		return bad_kernel("program headers lie beyond the file");
	}
	rc = image_read(image, offset, &header, sizeof(header), "program header");
	if (rc == 0 && header.p_type == PT_LOAD && header.p_memsz != 0) {
		rc = add_segment(image, &header, index, limit, plan);
	} else if (rc == 0 && header.p_type == PT_NOTE) {
		rc = scan_notes(image, &header, found);
	}
	return rc;
}

int elf_parse(const struct image *image, uint64_t limit, struct elf_plan *plan)
{
	struct note_search found = {0};
	Elf64_Ehdr header;
	int rc = image_read(image, 0, &header, sizeof(header), "ELF header");

	memset(plan, 0, sizeof(*plan));
	if (rc == 0) {
		rc = check_machine(&header);
	}
	if (rc == 0) {
		rc = check_header(&header);
	}
	for (unsigned i = 0; rc == 0 && i < header.e_phnum; i++) {
		rc = take_program_header(image, &header, i, limit, plan, &found);
	}
	if (rc == 0) {
		rc = accept_entry(&found, plan);
	}
	return rc;
}
