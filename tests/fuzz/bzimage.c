/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the bzImage header, the zero page made of it, and the note search over raw memory.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "builder-domain/hypercall.h"
#include "builder-domain/image.h"
#include "builder-domain/lib.h"

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
	struct note_search search = {0, 0};
	struct boot_params zero_page;
	struct bzimage_plan plan;
	uint32_t entry;

	fail_reason[0] = 0;
	if (bzimage_parse(&image, 100, &plan) == 0) {
		demand(plan.blob_offset <= size && plan.blob_size <= size - plan.blob_offset);
		demand(plan.window_end > BZIMAGE_KERNEL && plan.window_end <= 0x41000000);
		bzimage_zero_page(&plan, 0xC1000, 0x8000000, &zero_page);
		demand(zero_page.hdr.setup_data == 0 && zero_page.sentinel == 0);
	} else {
		demand(fail_reason[0] != '\0');
	}
	note_scan(data, size, &search);
	if (note_accept(&search, 0x4000000, &entry) == 0) {
		demand(entry >= BZIMAGE_KERNEL && entry < 0x4000000);
	}
	return 0;
}
