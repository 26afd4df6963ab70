/* SPDX-License-Identifier: MIT */
/*
 * AMD-Vi: what memory a device may reach and what interrupts it may raise (AMD I/O Virtualization
 * Technology Specification, 48882).  Refused is both, for all but the devices that a domain was
 * given.  Lies in mm/, and not with the devices, for a frame is free only when this unit too has
 * forgotten it (mm/tlb.h).
 *
 * INV-IOMMU-1  Once iommu_start() is through, each of the 65,536 device ids has an entry that
 *              allows no access to memory and no interrupt, ids of devices that nobody has seen
 * too, but for those between iommu_allow() and iommu_refuse(). INV-IOMMU-2  No entry is ever
 * invalid, not while it is changed either: the unit lets pass what an invalid one stands for.
 */
#ifndef MM_IOMMU_H
#define MM_IOMMU_H
#include "base/must_check.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * Switches the unit with its registers at this address on, with all devices refused.  On the boot
 * CPU, when frames and heap are there, before anything that a device must not change is used.
 * NULL: it works.  Else why not, for the boot log; it is off then, and stops nothing.
 */
MUST_CHECK const char *iommu_start(uint64_t registers);
MUST_CHECK bool iommu_is_on(void);

/* Device ids are PCI functions, bus << 8 | device << 3 | function. */
struct iommu_rights {
	uint16_t id;             /* DomainID: what the unit keeps of the table goes by it */
	const uint64_t *memory;  /* root of its domain's nested tables (mm/npt.h) */
	const uint32_t *vectors; /* IOMMU_VECTORS interrupt entries, 2 KiB aligned, heap */
};
#define IOMMU_VECTORS 512u
/* An interrupt entry (5.2.2.1.3, 32 bits) for a fixed one with this vector on the boot CPU. */
#define IOMMU_VECTOR(v) (1u | (uint32_t)(v) << 16)

/* From here on the device has these rights.  Done when it returns, like all below. */
void iommu_allow(uint16_t function, const struct iommu_rights *rights);
/* From here on the device has none. */
void iommu_refuse(uint16_t function, uint16_t id);
/* An interrupt entry of the device has changed. */
void iommu_vector_changed(uint16_t function);
/* On the way down: from here on no device has any right, if the unit still answers. */
void iommu_refuse_all(void);

/* An entry in the tables of this DomainID has changed; 0: nobody's.  The unit hears of it with the
 * next iommu_flush(), which tlb_sync() does (mm/tlb.h), and whoever has added something. */
void iommu_changed(uint16_t id);
void iommu_flush(void);
#endif
