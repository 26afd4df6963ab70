/* SPDX-License-Identifier: MIT */
/* PCI configuration space through CF8/CFC. */
#ifndef DEVICE_PCI_H
#define DEVICE_PCI_H

struct pci_stopped {
	unsigned masters; /* functions that had Bus Master Enable set, bridges included */
	unsigned stuck;   /* of those, where it stayed set */
};

/* Clears Bus Master Enable of every function of segment 0, which is as far as CF8/CFC reach.
 * Virtual functions do not answer here: those behind a bridge are stopped by the bridge's own bit.
 */
struct pci_stopped pci_stop_bus_masters(void);
#endif
