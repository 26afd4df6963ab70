/* SPDX-License-Identifier: MIT */
/* PCI configuration space through CF8/CFC. */
#ifndef DEVICE_PCI_H
#define DEVICE_PCI_H
#include <stdint.h>

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
