/* SPDX-License-Identifier: MIT */
/*
 * What a domain with devices sees of PCI: bus 0 of a machine of its own, through ports CF8 to CFF
 * alone.  A host bridge that is none in slot 0, its first function as 00:01.0, the next as 00:02.0;
 * everything else answers ones.  Default deny: reads come from the device, but for what names host
 * addresses and interrupts; of writes only those in a list reach it.  Base addresses are virtual,
 * in the window CORBEL_PCI_WINDOW of guest-physical memory.
 */
#ifndef DEVICE_SPACE_H
#define DEVICE_SPACE_H
#include "device/function.h"

#define PCI_SLOTS 31u /* devices that fit on bus 0, beside the bridge */

struct pci_space {        /* one heap page, charged to its domain */
	uint32_t address; /* what was last written to CF8 */
	uint32_t count;
	struct pci_function *function[PCI_SLOTS];
	uint64_t window; /* guest-physical: the next base address is at or above */
	bool is_open;    /* its devices have their rights */
	void *nothing;   /* a page of ones, where its domain touches the window between BARs */
};

/* Takes the function in, at the next slot and at places in the window.  -ENOSPC. */
MUST_CHECK int space_add(struct pci_space *space, struct pci_function *function);

/* Ports CF8 to CFF, size 1, 2 or 4, aligned or not; the answer is in the low bytes. */
uint32_t space_in(struct pci_space *space, uint16_t port, unsigned size);
void space_out(struct pci_space *space, uint16_t port, unsigned size, uint32_t value);
#define PCI_PORTS     0xCF8u
#define PCI_PORTS_END 0xD00u
#endif
