/* SPDX-License-Identifier: MIT */
/* PCI configuration space through CF8/CFC. */
#ifndef DEVICE_PCI_H
#define DEVICE_PCI_H

/* Clears Bus Master Enable of every function, bridges included; returns how many had it set. */
unsigned pci_stop_bus_masters(void);
#endif
