/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU temporary mappings, used as a stack: map, touch, unmap, in that order, with no sleep in
 * between.  The caller holds a reference on the frame for as long as it is mapped.
 */
#ifndef MM_SLOTS_H
#define MM_SLOTS_H
#include "mm/addr.h"

/* One aligned 64-bit word of a frame, loaded once: the page walks' own short form. */
uint64_t slot_load(frame_t f, uint32_t offset);
void *slot_map(frame_t f);
void slot_unmap(void *address); /* must be the most recent mapping */
#endif
