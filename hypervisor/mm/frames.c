/* SPDX-License-Identifier: MIT */
/*
 * The frame table, how many frames of each 2 MiB block are free, and the list of dirty frames that
 * wait for a flush epoch and a scrub.  A frame that no guest ever had is FREE but not `clean` and
 * is zeroed when handed out.  Contents of guest frames are reached through a map slot only.
 */
#include "mm/frames.h"
#include "base/boot_info.h"
#include "base/lib.h"
#include "cpu/locks.h"
#include "cpu/percpu.h"
#include "diag/upcalls.h"
#include "mm/iommu.h"
#include "mm/slots.h"
#include "mm/tlb.h"
#include <xen/errno.h>

enum frame_state { FRAME_ABSENT, FRAME_FREE, FRAME_OWNED, FRAME_DIRTY };

struct frame_info {
	uint32_t refs;  /* FRAME_OWNED: > 0; else 0 */
	uint32_t next;  /* FRAME_DIRTY: the next in line, 0 = none (frame 0 is never ours) */
	uint32_t epoch; /* FRAME_DIRTY: low 32 bits of the epoch that must pass */
	uint16_t owner; /* domid */
	uint8_t state;
	uint8_t clean; /* contents are zero */
};
_Static_assert(sizeof(struct frame_info) == 16, "16 bytes per frame, as boot/ reckons");

#define BLOCK_FRAMES   (1u << BLOCK_ORDER)
#define REFS_SATURATED 0x7FFFFFFFu

static struct frame_info *table;
static uint16_t *block_free; /* free frames in each 2 MiB block */
static uint64_t table_frames, table_blocks;
static uint64_t first_block; /* no block below it has a free frame */
static uint32_t dirty_head, dirty_tail;
static struct frame_counts counts;
static struct spinlock lock = SPINLOCK(RANK_FRAMES);

static void make_free(uint32_t n, bool clean)
{
	table[n].state = FRAME_FREE;
	table[n].owner = OWNER_NONE;
	table[n].clean = clean;
	counts.free++;
	block_free[n >> BLOCK_ORDER]++;
	if (block_free[n >> BLOCK_ORDER] == BLOCK_FRAMES) {
		counts.blocks++;
	}
	first_block = MIN(first_block, n >> BLOCK_ORDER);
}

static void make_dirty(uint32_t n)
{
	table[n].state = FRAME_DIRTY;
	table[n].next = 0;
	table[n].epoch = tlb_request();
	if (dirty_tail) {
		table[dirty_tail].next = n;
	} else {
		dirty_head = n;
	}
	dirty_tail = n;
	counts.dirty++;
}

uint64_t frames_table_bytes(uint64_t ram_top)
{
	uint64_t frames = ROUND_UP(ram_top, BLOCK_SIZE) >> PAGE_SHIFT;

	return frames * sizeof(struct frame_info) + (frames >> BLOCK_ORDER) * sizeof(uint16_t);
}

void frames_init(const struct boot_info *boot, void *memory)
{
	table_frames = ROUND_UP(boot->ram_top, BLOCK_SIZE) >> PAGE_SHIFT;
	table_blocks = table_frames >> BLOCK_ORDER;
	CHECK(table_frames <= UINT32_MAX);
	memset(memory, 0, frames_table_bytes(boot->ram_top));
	table = memory;
	block_free = (uint16_t *)(table + table_frames);
	for (uint32_t r = 0; r < boot->region_count; r++) {
		frames_add_region(boot->region[r].base, boot->region[r].size);
	}
}

void frames_add_region(uint64_t base, uint64_t size)
{
	spin_lock(&lock);
	for (uint64_t n = base >> PAGE_SHIFT; n < (base + size) >> PAGE_SHIFT; n++) {
		CHECK(n && n < table_frames && table[n].state == FRAME_ABSENT);
		counts.total++;
		make_free((uint32_t)n, false);
	}
	spin_unlock(&lock);
}

/* The first block with at least `low`, at most `high` free frames; beyond the table: none. */
static uint64_t find_block(uint16_t low, uint16_t high)
{
	uint64_t block = first_block;

	while (block < table_blocks && (block_free[block] < low || block_free[block] > high)) {
		if (block == first_block && block_free[block] == 0) {
			first_block++;
		}
		block++;
	}
	return block;
}

/* One frame, of a block that is not whole any more if there is one; or a whole block.  0: none. */
static uint32_t take(uint32_t count)
{
	uint64_t block = count == 1 ? find_block(1, BLOCK_FRAMES - 1) : table_blocks;
	uint32_t n;

	if (block == table_blocks) {
		block = find_block(BLOCK_FRAMES, BLOCK_FRAMES);
	}
	if (block == table_blocks) {
		return 0;
	}
	if (block_free[block] == BLOCK_FRAMES) {
		counts.blocks--;
	}
	counts.free -= count;
	block_free[block] -= (uint16_t)count;
	n = (uint32_t)(block << BLOCK_ORDER);
	while (table[n].state != FRAME_FREE) {
		n++;
	}
	return n;
}

int frames_alloc(uint16_t owner, unsigned order, frame_t *out)
{
	uint32_t count = 1u << order;
	bool more;
	uint32_t n;

	CHECK(order == 0 || order == BLOCK_ORDER);
	spin_lock(&lock);
	n = take(count);
	more = counts.dirty != 0;
	for (uint32_t i = n; n && i < n + count; i++) {
		table[i].state = FRAME_OWNED;
		table[i].owner = owner;
		table[i].refs = 1;
	}
	spin_unlock(&lock);
	if (!n) {
		return more ? -XEN_EAGAIN : -XEN_ENOMEM;
	}
	for (uint32_t i = n; i < n + count; i++) {
		if (!table[i].clean) {
			frame_zero((frame_t){i});
		}
		table[i].clean = 0;
	}
	out->n = n;
	return 0;
}

bool frame_get(frame_t f, uint16_t owner)
{
	struct frame_info *info;
	uint32_t refs;

	if (f.n >= table_frames) {
		return false;
	}
	info = &table[f.n];
	refs = __atomic_load_n(&info->refs, __ATOMIC_RELAXED);
	do {
		if (refs == 0 || refs >= REFS_SATURATED) {
			return false;
		}
	} while (!__atomic_compare_exchange_n(&info->refs, &refs, refs + 1, false, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	/* The owner can change only while nobody holds a reference: checked after taking one. */
	if (info->state != FRAME_OWNED || info->owner != owner) {
		frame_put(f);
		return false;
	}
	return true;
}

void frame_put(frame_t f)
{
	struct frame_info *info = &table[f.n];
	uint32_t refs;

	CHECK(f.n < table_frames && info->state == FRAME_OWNED);
	refs = __atomic_fetch_sub(&info->refs, 1, __ATOMIC_RELEASE);
	CHECK(refs > 0);
	if (refs == 1) {
		spin_lock(&lock);
		make_dirty((uint32_t)f.n);
		counts.freed++;
		spin_unlock(&lock);
	}
}

void frames_put_range(frame_t first, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		frame_put((frame_t){first.n + i});
	}
}

uint16_t frame_owner(frame_t f)
{
	return f.n < table_frames && table[f.n].state == FRAME_OWNED ? table[f.n].owner
								     : OWNER_NONE;
}

uint32_t frame_refs(frame_t f)
{
	return f.n < table_frames ? table[f.n].refs : 0;
}

static uint32_t take_dirty(void)
{
	uint32_t n;

	spin_lock(&lock);
	n = dirty_head;
	if (n && !tlb_passed(table[n].epoch)) {
		n = 0;
	}
	if (n) {
		dirty_head = table[n].next;
		if (!dirty_head) {
			dirty_tail = 0;
		}
	}
	spin_unlock(&lock);
	return n;
}

uint64_t frames_scrub(uint64_t max)
{
	while (max-- && counts.dirty) {
		uint32_t n = take_dirty();

		if (!n) {
			break;
		}
		frame_zero((frame_t){n});
		spin_lock(&lock);
		counts.dirty--;
		counts.scrubbed++;
		make_free(n, true);
		spin_unlock(&lock);
	}
	return counts.dirty;
}

void frames_wipe(void)
{
	this_cpu()->slots_used = 0; /* whoever was using them does not come back */
	iommu_refuse_all();         /* nothing is written again behind the wiping */
	for (uint64_t n = 0; n < table_frames; n++) {
		if (table[n].state == FRAME_OWNED || table[n].state == FRAME_DIRTY) {
			frame_zero((frame_t){n});
		}
	}
}

struct frame_counts frames_count(void)
{
	return counts;
}
