/* SPDX-License-Identifier: MIT */
/*
 * AMD-Vi: what memory a device may reach and what interrupts it may raise (AMD I/O Virtualization
 * Technology Specification, 48882).  No domain has a device yet, so every device is refused both.
 *
 * INV-IOMMU-1  Once iommu_start() is through, each of the 65,536 device ids has an entry that
 * allows no access to memory and no interrupt, ids of devices that nobody has seen too.
 */
#ifndef DEVICE_IOMMU_H
#define DEVICE_IOMMU_H
#include "base/must_check.h"
#include <stdint.h>

/*
 * Switches the unit with its registers at this address on, with all devices refused.  On the boot
 * CPU, when frames and heap are there, before anything that a device must not change is used.
 * NULL: it works.  Else why not, for the boot log; it is off then, and stops nothing.
 */
MUST_CHECK const char *iommu_start(uint64_t registers);
#endif
