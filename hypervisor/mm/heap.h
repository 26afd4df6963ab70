/* SPDX-License-Identifier: MIT */
/*
 * Pages of the hypervisor region (identity-mapped, RW, NX): page tables, VMCBs, domain structures,
 * shared_info, grant frames.  Each page is charged to a domain, so that a pool that runs dry names
 * its user.  Lock: RANK_HEAP inside.
 */
#ifndef MM_HEAP_H
#define MM_HEAP_H
#include <stdint.h>

void heap_init(uint64_t base, uint64_t size);
void *heap_page(uint32_t *charge); /* zeroed page, ++*charge (may be NULL); NULL when empty */
void heap_page_free(void *page, uint32_t *charge); /* of NULL: nothing */
uint64_t heap_free_pages(void);
uint64_t heap_total_pages(void);
#endif
