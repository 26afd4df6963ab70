/* SPDX-License-Identifier: MIT */
/* PCI configuration space through CF8/CFC. */
#ifndef CPU_PCI_H
#define CPU_PCI_H

/* Clears Bus Master Enable of every function, bridges included; returns how many had it set. */
unsigned pci_stop_bus_masters(void);
#endif
