/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the ELF parser.  Whatever it accepts must lie in the file, below the limit, outside
 * the builder's own area, and apart; what it refuses has a reason.  A file that is no ELF file has
 * none yet: bzimage_parse() says what it is.
 */
#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder-domain/hypercall.h"
#include "builder-domain/image.h"
#include "builder-domain/lib.h"

#define LIMIT 0x8000000ul

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void console_write(const char *text, size_t len)
{
	(void)text;
	(void)len;
}

static int memory_read(const struct image *image, uint64_t offset, void *out, uint64_t len)
{
	memcpy(out, (const uint8_t *)(uintptr_t)image->where + offset, len);
	return 0;
}

static void demand(int condition)
{
	if (!condition) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image = {size, memory_read, (uintptr_t)data};
	struct elf_plan plan;
	int has_entry = 0;

	fail_reason[0] = 0;
	demand(elf_probe(&image) == (size >= SELFMAG && memcmp(data, ELFMAG, SELFMAG) == 0));
	demand(fail_reason[0] == '\0');
	if (elf_probe(&image) != 1) {
		return 0;
	}
	if (elf_parse(&image, LIMIT, &plan) != 0) {
		demand(fail_reason[0] != '\0');
		return 0;
	}
	for (uint32_t i = 0; i < plan.count; i++) {
		const struct elf_segment *s = &plan.segments[i];
		uint64_t end = s->gpa + s->memory_size;

		demand(s->file_size <= s->memory_size);
		demand(s->offset <= size && s->file_size <= size - s->offset);
		demand(end >= s->gpa && end <= LIMIT);
		demand(end <= BOOT_AREA || s->gpa >= BOOT_AREA_END);
		for (uint32_t j = 0; j < i; j++) {
			const struct elf_segment *o = &plan.segments[j];

			demand(end <= o->gpa || o->gpa + o->memory_size <= s->gpa);
		}
		has_entry = has_entry || (plan.entry >= s->gpa && plan.entry < end);
	}
	demand(has_entry);
	return 0;
}
