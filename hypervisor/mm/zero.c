/* SPDX-License-Identifier: MIT */
/* Clearing a frame before somebody else gets it (mm/frames.h): the one place where it is done. */
#include "cpu/asm.h"
#include "mm/frames.h"
#include "mm/slots.h"

void frame_zero(frame_t f)
{
	uint64_t *page = slot_map(f);

	/* Past the caches: a guest may have had the frame uncached (its PAT decides), and whoever
	 * has it next must not see memory that a line written back later would have cleared. */
#pragma GCC unroll 8
	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*page); i += 8) {
		store_zeros_nontemporal(page + i);
	}
	store_fence();
	slot_unmap(page);
}
