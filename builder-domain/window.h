/* SPDX-License-Identifier: MIT */
/*
 * The memory of the domain being built, seen through two windows of 64 pages each.  No other file
 * touches that memory.  Addresses are guest-physical addresses of the target; a range that is not
 * all RAM is refused.
 */
#ifndef BUILDER_WINDOW_H
#define BUILDER_WINDOW_H
#include <stdint.h>

#include "base/must_check.h"

#define WINDOW_PAGES 64u
#define WINDOW_BYTES (WINDOW_PAGES * 4096ul)

/* RAM of a domain: [0, low_end) and, if high_end is not 0, [4 GiB, high_end). */
struct ram {
	uint64_t low_end;
	uint64_t high_end;
};
#define RAM_LOW_LIMIT 0xC0000000ul
#define RAM_HIGH_BASE 0x100000000ul

struct ram ram_of(uint32_t memory_mib);

/* Guest-physical addresses in the builder itself, above both windows. */
#define WINDOW_RING_GPA (CORBEL_BUILDER_WINDOW + 0x200000u)
#define WINDOW_DATA_GPA (CORBEL_BUILDER_WINDOW + 0x400000u)

MUST_CHECK int window_open(uint16_t domid, const struct ram *ram); /* populates all of it, zeroed */
MUST_CHECK int window_close(void);                                 /* drops every mapping */

MUST_CHECK int target_read(uint64_t gpa, void *out, uint64_t len);
MUST_CHECK int target_write(uint64_t gpa, const void *in, uint64_t len);
MUST_CHECK int target_zero(uint64_t gpa, uint64_t len);
MUST_CHECK int target_copy(uint64_t to, uint64_t from, uint64_t len); /* ranges must not overlap */
/* Read-only view of that part of [gpa, gpa + len) that one window holds; good until the next
 * call. */
MUST_CHECK int target_view(uint64_t gpa, uint64_t len, const uint8_t **at, uint64_t *size);
#endif
