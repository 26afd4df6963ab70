/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own page tables.  Mapped: the image (text RX, rodata R, data and bss RW+NX, each
 * stack with an unmapped guard page below), the hypervisor region (RW+NX, identity), LAPIC and TPM
 * pages (uncached), and the per-CPU map slots.  Nothing else: no guest frame has a lasting address.
 */
#ifndef MM_HPT_H
#define MM_HPT_H
#include "mm/addr.h"

struct boot_info;

/* Builds from pages at hv_free (which it moves), loads CR3, sets WP, NXE, SMEP, SMAP, UMIP. */
void hpt_init(struct boot_info *boot);
void hpt_audit(void); /* walks the tables, panics on a writable+executable entry; prints one line */

/* Map slots: addresses whose entry the owning CPU rewrites (mm/slots.h); see struct percpu. */
#define HPT_SLOT_STRIDE (2 * PAGE_SIZE) /* an unmapped page between two slots */

#define HPT_PRESENT  (1ull << 0)
#define HPT_WRITE    (1ull << 1)
#define HPT_USER     (1ull << 2)
#define HPT_PWT      (1ull << 3)
#define HPT_PCD      (1ull << 4)
#define HPT_ACCESSED (1ull << 5)
#define HPT_DIRTY    (1ull << 6)
#define HPT_LARGE    (1ull << 7)
#define HPT_NX       (1ull << 63)

#define TIS_BASE   0xFED40000ul /* 5 locality pages, mapped uncached at the same address */
#define TIS_PAGES  5
#define LAPIC_BASE 0xFEE00000ul
#endif
