/* SPDX-License-Identifier: MIT */
/* PCI configuration space through CF8/CFC (mechanism 1); addresses as bus << 8 | device << 3 |
 * function. */
#ifndef CPU_PCI_H
#define CPU_PCI_H
#include <stdint.h>

uint32_t pci_read(uint16_t function, uint8_t reg); /* reg is rounded down to 4 bytes */
void pci_write(uint16_t function, uint8_t reg, uint32_t value);
/* Clears Bus Master Enable of every function, bridges included; returns how many had it set. */
unsigned pci_stop_bus_masters(void);
#endif
