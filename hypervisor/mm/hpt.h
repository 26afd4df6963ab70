/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own page tables.  Mapped: the image (text RX, rodata R, data and bss RW+NX, each
 * stack with an unmapped guard page below), the hypervisor region (RW+NX, identity), LAPIC, TPM
 * and IOMMU pages (uncached), and the per-CPU map slots.  Nothing else: no guest frame has a
 * lasting address.
 */
#ifndef MM_HPT_H
#define MM_HPT_H
#include "base/addr.h"

struct boot_info;

/* Builds from pages at hv_free (which it moves), loads CR3, sets WP, NXE, SMEP, SMAP, UMIP. */
void hpt_init(struct boot_info *boot);
void hpt_audit(void); /* walks the tables, panics on a writable+executable entry; prints one line */

/* Map slots: addresses whose entry the owning CPU rewrites (mm/slots.h); see struct percpu. */
#define HPT_SLOT_STRIDE (2 * PAGE_SIZE) /* an unmapped page between two slots */

/* What is mapped at its own address lies below this. */
#define HPT_IDENTITY_END 0x8000000000ul

#define IOMMU_REGISTERS 0x4000ul /* bytes, at boot_info.iommu */

#define TIS_BASE  0xFED40000ul /* 5 locality pages, mapped uncached at the same address */
#define TIS_PAGES 5
#endif
