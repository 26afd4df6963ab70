/* SPDX-License-Identifier: MIT */
/*
 * A free list of identity-mapped pages (mm/heap.h).  A page is cleared when it comes back: it may
 * have held a guest's registers.
 */
#include "mm/heap.h"
#include "diag/upcalls.h"
#include "base/lib.h"
#include "cpu/locks.h"
#include "base/addr.h"

struct free_page {
	struct free_page *next;
};

static struct free_page *free_list;
static uint64_t free_count, region_base, region_end;
static struct spinlock lock = SPINLOCK(RANK_HEAP);

void heap_wipe(void)
{
	memset((void *)region_base, 0, region_end - region_base);
}

uint64_t heap_total_pages(void)
{
	return (region_end - region_base) >> PAGE_SHIFT;
}

void heap_init(uint64_t base, uint64_t size)
{
	region_base = ROUND_UP(base, PAGE_SIZE);
	region_end = (base + size) & ~PAGE_MASK;
	for (uint64_t a = region_end; a > region_base; a -= PAGE_SIZE) {
		heap_page_free((void *)(uintptr_t)(a - PAGE_SIZE), NULL);
	}
}

void *heap_page(uint32_t *charge)
{
	struct free_page *page;

	spin_lock(&lock);
	page = free_list;
	if (page) {
		free_list = page->next;
		free_count--;
	}
	spin_unlock(&lock);
	if (page) {
		page->next = NULL;
		if (charge) {
			++*charge;
		}
	}
	return page;
}

void heap_page_free(void *page, uint32_t *charge)
{
	struct free_page *p = page;
	uintptr_t a = (uintptr_t)page;

	if (!page) {
		return;
	}
	CHECK(a >= region_base && a < region_end && (a & PAGE_MASK) == 0);
	if (charge) {
		CHECK(*charge > 0);
		--*charge;
	}
	memset(page, 0, PAGE_SIZE);
	spin_lock(&lock);
	p->next = free_list;
	free_list = p;
	free_count++;
	spin_unlock(&lock);
}

uint64_t heap_free_pages(void)
{
	return free_count;
}
