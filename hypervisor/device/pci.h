/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space through CF8/CFC: segment 0, the first 256 bytes of each function.
 * Functions are numbered bus << 8 | device << 3 | function; registers are multiples of 4.
 */
#ifndef DEVICE_PCI_H
#define DEVICE_PCI_H
#include "base/must_check.h"
#include <stdbool.h>
#include <stdint.h>

#define PCI_ID      0x00 /* all ones: nothing is there */
#define PCI_COMMAND 0x04 /* lower half; the upper is status, where writing 1 clears */
#define PCI_CLASS   0x08 /* class in the upper three bytes */
#define PCI_HEADER  0x0C /* type in bits 22:16, 23: several functions */
#define PCI_BAR     0x10 /* six of them */
#define PCI_ROM     0x30
#define PCI_LIST    0x34
#define PCI_LINE    0x3C /* interrupt line, then pin */

#define PCI_COMMAND_MEMORY 0x0002u
#define PCI_COMMAND_MASTER 0x0004u
#define PCI_COMMAND_MASK   0xFFFFu

uint32_t pci_read(uint16_t function, uint32_t reg);
void pci_write(uint16_t function, uint32_t reg, uint32_t value);
MUST_CHECK bool pci_is_there(uint16_t function);
/* Where the function's capability of this id is; 0: it has none. */
MUST_CHECK uint8_t pci_find_capability(uint16_t function, uint32_t id);

struct pci_stopped {
	unsigned masters; /* functions that had Bus Master Enable set, bridges included */
	unsigned stuck;   /* of those, where it stayed set */
};

/* Clears Bus Master Enable of every function of segment 0, which is as far as CF8/CFC reach; those
 * behind a bridge that do not answer here, virtual functions, are stopped by the bridge's own bit.
 */
struct pci_stopped pci_stop_bus_masters(void);

/* The AMD-Vi units of segment 0; what is said of one is of the last. */
struct pci_iommus {
	unsigned count;
	uint16_t function;
	uint32_t capability; /* where in its configuration space the unit's block is */
	uint64_t registers;  /* host-physical; 0: firmware placed none */
};

/* Looks for functions of class IOMMU with an AMD-Vi capability (48882, 3.1 and 3.2). */
struct pci_iommus pci_find_iommus(void);
/* Makes the one that was found answer at its registers, for good: nobody moves them after this. */
void pci_enable_iommu(const struct pci_iommus *found);
#endif
