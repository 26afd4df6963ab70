/* SPDX-License-Identifier: MIT */
/*
 * The frame table and its three lists: free blocks (2 MiB), free single frames, and dirty frames
 * that wait for a flush epoch and a scrub.  A frame that no guest ever had is FREE but not `clean`
 * and is zeroed when handed out.  Contents of guest frames are reached through a map slot only.
 */
#include "mm/frames.h"
#include "boot/boot.h"
#include "core/lib.h"
#include "core/locks.h"
#include "cpu/percpu.h"
#include "mm/gcopy.h"
#include "mm/slots.h"
#include "mm/tlb.h"
#include <xen/errno.h>

enum frame_state { FRAME_ABSENT, FRAME_FREE, FRAME_OWNED, FRAME_DIRTY };

struct frame_info {
	uint32_t refs;  /* FRAME_OWNED: > 0; else 0 */
	uint32_t next;  /* list link: frame number, 0 = end (frame 0 is never ours) */
	uint32_t prev;  /* list link; FRAME_DIRTY: low 32 bits of the epoch that must pass */
	uint16_t owner; /* domid */
	uint8_t state;
	uint8_t clean; /* contents are zero */
};
_Static_assert(sizeof(struct frame_info) == 16, "16 bytes per frame, as boot/ reckons");

#define BLOCK_FRAMES   (1u << BLOCK_ORDER)
#define REFS_SATURATED 0x7FFFFFFFu

static struct frame_info *table;
static uint16_t *block_free; /* free frames in each 2 MiB block */
static uint64_t table_frames;
static uint32_t single_head, block_head, dirty_head, dirty_tail;
static struct frame_counts counts;
static struct spinlock lock = SPINLOCK(RANK_FRAMES);

static void list_push(uint32_t *head, uint32_t n)
{
	table[n].next = *head;
	table[n].prev = 0;
	if (*head) {
		table[*head].prev = n;
	}
	*head = n;
}

static void list_remove(uint32_t *head, uint32_t n)
{
	if (table[n].prev) {
		table[table[n].prev].next = table[n].next;
	} else {
		*head = table[n].next;
	}
	if (table[n].next) {
		table[table[n].next].prev = table[n].prev;
	}
}

static void make_free(uint32_t n, bool clean)
{
	uint32_t first = n & ~(BLOCK_FRAMES - 1);

	table[n].state = FRAME_FREE;
	table[n].owner = OWNER_NONE;
	table[n].clean = clean;
	list_push(&single_head, n);
	counts.free++;
	if (++block_free[n >> BLOCK_ORDER] == BLOCK_FRAMES) {
		for (uint32_t i = first; i < first + BLOCK_FRAMES; i++) {
			list_remove(&single_head, i);
		}
		list_push(&block_head, first);
		counts.blocks++;
	}
}

static void make_dirty(uint32_t n)
{
	table[n].state = FRAME_DIRTY;
	table[n].next = 0;
	table[n].prev = (uint32_t)tlb_request();
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

static uint32_t take_block(void)
{
	uint32_t n = block_head;

	if (n) {
		list_remove(&block_head, n);
		block_free[n >> BLOCK_ORDER] = 0;
		counts.free -= BLOCK_FRAMES;
		counts.blocks--;
	}
	return n;
}

static uint32_t take_single(void)
{
	uint32_t block = single_head ? 0 : take_block(), n;

	if (block) {
		block_free[block >> BLOCK_ORDER] = BLOCK_FRAMES;
		counts.free += BLOCK_FRAMES;
		for (uint32_t i = BLOCK_FRAMES; i > 0; i--) {
			list_push(&single_head, block + i - 1);
		}
	}
	n = single_head;
	if (n) {
		list_remove(&single_head, n);
		block_free[n >> BLOCK_ORDER]--;
		counts.free--;
	}
	return n;
}

int frames_alloc(uint16_t owner, unsigned order, frame_t *out)
{
	uint32_t count = 1u << order;
	uint32_t n;

	CHECK(order == 0 || order == BLOCK_ORDER);
	spin_lock(&lock);
	n = order ? take_block() : take_single();
	for (uint32_t i = n; n && i < n + count; i++) {
		table[i].state = FRAME_OWNED;
		table[i].owner = owner;
		table[i].refs = 1;
	}
	spin_unlock(&lock);
	if (!n) {
		return -XEN_ENOMEM;
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
	if (n && !tlb_passed32(table[n].prev)) {
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
