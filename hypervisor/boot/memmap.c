/* SPDX-License-Identifier: MIT */
/*
 * The list of usable RAM while the boot code carves it up (memmap.h).  Pure: no hardware access, so
 * the unit tests run it as it is.  Believes no size: ranges that wrap are cut at the top.
 */
#include "boot/memmap.h"
#include "base/lib.h"
#include "base/addr.h"

#define ADDRESS_LIMIT (1ull << 46) /* nothing above is believed to be RAM */

/* UEFI 2.10 section 7.2 */
#define EFI_LOADER_CODE      1u
#define EFI_BOOT_DATA        4u
#define EFI_CONVENTIONAL     7u
#define EFI_SPECIFIC_PURPOSE (1ull << 18)

struct efi_memory_descriptor {
	uint32_t type;
	uint32_t pad;
	uint64_t physical;
	uint64_t virtual;
	uint64_t pages; /* of 4 KiB */
	uint64_t attributes;
};
#define EFI_PAGES_MAX (1ull << 40) /* more is not believed: in bytes it still fits 64 bits */

static uint64_t range_end(uint64_t base, uint64_t size)
{
	if (base >= ADDRESS_LIMIT || size > ADDRESS_LIMIT - base) {
		return ADDRESS_LIMIT;
	}
	return base + size;
}

static uint64_t region_end(const struct boot_region *region)
{
	return region->base + region->size;
}

static void delete_at(struct memory_map *map, uint32_t at)
{
	map->count--;
	memmove(&map->region[at], &map->region[at + 1], (map->count - at) * sizeof(map->region[0]));
}

static void insert_at(struct memory_map *map, uint32_t at, uint64_t base, uint64_t end)
{
	if (map->count == BOOT_MAX_REGIONS) {
		map->dropped += end - base;
		return;
	}
	memmove(&map->region[at + 1], &map->region[at], (map->count - at) * sizeof(map->region[0]));
	map->region[at] = (struct boot_region){.base = base, .size = end - base};
	map->count++;
}

void memmap_add(struct memory_map *map, uint64_t base, uint64_t size)
{
	uint64_t end = range_end(base, size) & ~PAGE_MASK;
	uint32_t at = 0;

	if (base >= ADDRESS_LIMIT) {
		return;
	}
	base = ROUND_UP(base, PAGE_SIZE);
	if (base >= end) {
		return;
	}
	while (at < map->count && region_end(&map->region[at]) < base) {
		at++;
	}
	/* Swallow every range that touches the new one. */
	while (at < map->count && map->region[at].base <= end) {
		base = MIN(base, map->region[at].base);
		end = MAX(end, region_end(&map->region[at]));
		delete_at(map, at);
	}
	insert_at(map, at, base, end);
}

void memmap_remove(struct memory_map *map, uint64_t base, uint64_t size)
{
	uint64_t end = ROUND_UP(range_end(base, size), PAGE_SIZE);
	uint32_t at = 0;

	base &= ~PAGE_MASK;
	if (size == 0) {
		return;
	}
	while (at < map->count) {
		uint64_t low = map->region[at].base;
		uint64_t high = region_end(&map->region[at]);

		if (high <= base || low >= end) {
			at++;
			continue;
		}
		delete_at(map, at);
		if (low < base) {
			insert_at(map, at, low, base);
			at++;
		}
		if (high > end) {
			insert_at(map, at, end, high);
			at++;
		}
	}
}

static bool is_usable(const struct efi_memory_descriptor *d)
{
	if (d->attributes & EFI_SPECIFIC_PURPOSE) {
		return false;
	}
	return d->type == EFI_CONVENTIONAL ||
	       (d->type >= EFI_LOADER_CODE && d->type <= EFI_BOOT_DATA);
}

/* What is usable is added first, then all that is not is taken out: where descriptors overlap, no
 * RAM is. */
static void apply_descriptor(struct memory_map *map, const struct efi_memory_descriptor *d,
			     bool adding)
{
	uint64_t bytes = MIN(d->pages, EFI_PAGES_MAX) << PAGE_SHIFT;
	bool usable = is_usable(d);

	if (adding && usable) {
		memmap_add(map, d->physical, bytes);
	} else if (!adding && !usable) {
		memmap_remove(map, d->physical, bytes);
	}
}

bool memmap_read_efi(struct memory_map *map, const uint8_t *descriptors, uint64_t size,
		     uint64_t descriptor_size)
{
	*map = (struct memory_map){.count = 0};
	if (descriptor_size < sizeof(struct efi_memory_descriptor)) {
		return false;
	}
	for (int pass = 0; pass < 2; pass++) {
		for (uint64_t at = 0; at + descriptor_size <= size; at += descriptor_size) {
			struct efi_memory_descriptor descriptor;

			memcpy(&descriptor, descriptors + at, sizeof(descriptor));
			apply_descriptor(map, &descriptor, pass == 0);
		}
	}
	return true;
}

uint64_t memmap_total(const struct memory_map *map)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		total += map->region[i].size;
	}
	return total;
}

uint64_t memmap_top(const struct memory_map *map)
{
	if (map->count == 0) {
		return 0;
	}
	return region_end(&map->region[map->count - 1]);
}

uint64_t memmap_take(struct memory_map *map, uint64_t size, uint64_t align, uint64_t low,
		     uint64_t high)
{
	uint64_t best = 0;
	uint64_t best_size = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		uint64_t from = MAX(map->region[i].base, low);
		uint64_t to = MIN(region_end(&map->region[i]), high);
		uint64_t base;

		if (from >= to || to - from < size) {
			continue;
		}
		base = (to - size) & ~(align - 1);
		if (base >= from && to - from > best_size) {
			best = base;
			best_size = to - from;
		}
	}
	if (best != 0) {
		memmap_remove(map, best, size);
	}
	return best;
}
