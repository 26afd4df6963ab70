/* SPDX-License-Identifier: MIT */
/*
 * An AMD-Vi unit below the real driver (mm/iommu.c): registers, the commands of its ring, and what
 * a device gets through its tables.  Like hardware it remembers every translation that succeeded
 * until it is told to forget, so that a missing flush shows.
 */
#ifndef SIM_FAKE_IOMMU_H
#define SIM_FAKE_IOMMU_H
#include "base/addr.h"
#include <stdbool.h>
#include <stdint.h>

/* Switches the real driver on, on this unit, with the machine's frames and heap. */
void fake_iommu_start(void);
/* A device's access to guest-physical memory: true and the frame, or it is refused. */
bool fake_iommu_dma(uint16_t function, uint64_t gpa, bool write, frame_t *frame);
/* A device's message with this data: the vector that arrives, 0: none. */
unsigned fake_iommu_message(uint16_t function, uint32_t data);

extern unsigned fake_iommu_waits; /* COMPLETION_WAITs so far */
extern bool fake_iommu_hangs;     /* it does no command any more */
#endif
