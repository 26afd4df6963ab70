/* SPDX-License-Identifier: MIT */
/*
 * Message signalled interrupts of given functions.  A guest does not choose vectors: Linux writes a
 * marker with the number of a PIRQ where the message belongs (drivers/xen: xen_msi_compose_msg),
 * and binds the PIRQ to a port; then the message is made the index of an entry in the function's
 * own interrupt table, and that entry the vector.
 *
 * INV-MSI-1  What a guest writes into a message or an MSI-X table decides nothing but where a
 * marker of its own is: a message that names an entry which is not set is dropped by the IOMMU.
 */
#ifndef DEVICE_MSI_H
#define DEVICE_MSI_H
#include "device/space.h"

#define MSI_ENTRY (IOMMU_VECTORS - 1) /* of the one message of the MSI capability */

struct msi_place {
	struct pci_function *function; /* NULL: none */
	uint32_t entry;                /* of its MSI-X table, or MSI_ENTRY */
};

/* Looks for the marker of this PIRQ.  At most 31 functions of 64 entries. */
MUST_CHECK struct msi_place msi_find(struct pci_space *space, uint32_t pirq);
/* From here on its message raises this vector on the boot CPU, */
void msi_aim(const struct msi_place *place, uint8_t vector);
/* and from here on nothing. */
void msi_silence(const struct msi_place *place);
#endif
