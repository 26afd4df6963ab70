/* SPDX-License-Identifier: MIT */
/*
 * Multiboot 1 (0.6.96 section 3.3) into multiboot 2 (2.0 section 3.4) information (direct.h).  What
 * QEMU writes is believed; only the room for the result is checked.  The hypervisor judges the
 * rest, as it does with GRUB.
 */
#include <stdbool.h>
#include "direct.h"

#define MB1_HAS_CMDLINE (1u << 2)
#define MB1_HAS_MODULES (1u << 3)
#define MB1_HAS_MMAP    (1u << 6)
#define MB1_RAM         1u

#define MB2_TAG_END     0u
#define MB2_TAG_CMDLINE 1u
#define MB2_TAG_MODULE  3u
#define MB2_TAG_EFI_MAP 17u

#define EFI_RESERVED     0u
#define EFI_CONVENTIONAL 7u

struct mb1_info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t symbols[4];
	uint32_t mmap_length, mmap_addr;
};

struct mb1_module {
	uint32_t start, end, string, reserved;
};

struct mb1_mmap {
	uint32_t size; /* of the rest of the entry */
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

struct efi_descriptor {
	uint32_t type, pad;
	uint64_t physical, virtual, pages, attributes;
};

struct writer {
	uint8_t *info;
	uint32_t used, tag; /* where the open tag starts */
	bool full;
};

static void put(struct writer *w, const void *bytes, uint32_t length)
{
	if (length > DIRECT_LIMIT - w->used) {
		w->full = true;
		return;
	}
	for (uint32_t i = 0; i < length; i++) {
		w->info[w->used + i] = ((const uint8_t *)bytes)[i];
	}
	w->used += length;
}

static void put_u32(struct writer *w, uint32_t value)
{
	put(w, &value, sizeof(value));
}

static void begin(struct writer *w, uint32_t type)
{
	while (w->used % 8 != 0) {
		put(w, "", 1);
	}
	w->tag = w->used;
	put_u32(w, type);
	put_u32(w, 0);
}

static void end(struct writer *w)
{
	struct writer size = {.info = w->info, .used = w->tag + 4};

	if (!w->full) {
		put_u32(&size, w->used - w->tag);
	}
}

/* Without its first word: QEMU puts the file's path there. */
static void put_arguments(struct writer *w, uint32_t address)
{
	const char *text = direct_physical(address);
	uint32_t length = 0;

	while (*text != 0 && *text != ' ') {
		text++;
	}
	while (*text == ' ') {
		text++;
	}
	while (text[length] != 0) {
		length++;
	}
	put(w, text, length + 1);
}

static void put_modules(struct writer *w, const struct mb1_info *mb1)
{
	const struct mb1_module *module = direct_physical(mb1->mods_addr);

	for (uint32_t i = 0; i < mb1->mods_count; i++) {
		begin(w, MB2_TAG_MODULE);
		put_u32(w, module[i].start);
		put_u32(w, module[i].end);
		put_arguments(w, module[i].string);
		end(w);
	}
}

/* RAM is rounded inwards, anything else outwards: EFI counts pages. */
static void put_map(struct writer *w, const struct mb1_info *mb1)
{
	begin(w, MB2_TAG_EFI_MAP);
	put_u32(w, sizeof(struct efi_descriptor));
	put_u32(w, 1);
	for (uint32_t at = 0; at < mb1->mmap_length;) {
		const struct mb1_mmap *entry = direct_physical(mb1->mmap_addr + at);
		uint64_t from = entry->base, to = entry->base + entry->length;
		bool ram = entry->type == MB1_RAM;
		struct efi_descriptor d = {.type = ram ? EFI_CONVENTIONAL : EFI_RESERVED};

		from = (ram ? from + 4095 : from) & ~4095ull;
		to = (ram ? to : to + 4095) & ~4095ull;
		d.physical = from;
		d.pages = to > from ? (to - from) >> 12 : 0;
		put(w, &d, sizeof(d));
		at += entry->size + 4;
	}
	end(w);
}

const char *direct_translate(uint8_t info[DIRECT_LIMIT], uint32_t magic, uint32_t address)
{
	struct writer w = {.info = info};
	const struct mb1_info *mb1 = direct_physical(address);

	if (magic != MULTIBOOT1_LOADED) {
		return "not started by multiboot 1";
	}
	if (!(mb1->flags & MB1_HAS_MMAP)) {
		return "no memory map from multiboot 1";
	}
	put_u32(&w, 0);
	put_u32(&w, 0);
	if (mb1->flags & MB1_HAS_CMDLINE) {
		begin(&w, MB2_TAG_CMDLINE);
		put_arguments(&w, mb1->cmdline);
		end(&w);
	}
	if (mb1->flags & MB1_HAS_MODULES) {
		put_modules(&w, mb1);
	}
	put_map(&w, mb1);
	begin(&w, MB2_TAG_END);
	end(&w);
	if (w.full) {
		return "multiboot 1 information does not fit";
	}
	w.tag = 0;
	put_u32(&(struct writer){.info = info}, w.used);
	return 0;
}
