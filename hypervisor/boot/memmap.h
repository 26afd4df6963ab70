/* SPDX-License-Identifier: MIT */
/*
 * A sorted list of disjoint, page-aligned ranges of usable RAM.  Adding rounds inwards, removing
 * rounds outwards, so a byte that is not usable can never get in.  When the list is full memory is
 * given up, never added.
 */
#ifndef BOOT_MEMMAP_H
#define BOOT_MEMMAP_H
#include "base/must_check.h"
#include "boot/boot.h"

struct memory_map {
	uint32_t count;
	struct boot_region region[BOOT_MAX_REGIONS];
	uint64_t dropped; /* bytes given up because the list was full */
};

void memmap_add(struct memory_map *map, uint64_t base, uint64_t size);
void memmap_remove(struct memory_map *map, uint64_t base, uint64_t size);
/* What an EFI memory map calls usable, and nothing that any of its descriptors calls anything else.
 * False: descriptors of less than UEFI's size. */
MUST_CHECK bool memmap_read_efi(struct memory_map *map, const uint8_t *descriptors, uint64_t size,
				uint64_t descriptor_size);
uint64_t memmap_total(const struct memory_map *map);
uint64_t memmap_top(const struct memory_map *map);
/* Takes the highest `size` bytes, aligned, out of the largest range that has them inside
 * [low, high); returns the base, 0 = none. */
uint64_t memmap_take(struct memory_map *map, uint64_t size, uint64_t align, uint64_t low,
		     uint64_t high);
#endif
