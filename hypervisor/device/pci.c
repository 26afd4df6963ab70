/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration access (pci.h) and the first thing done with it: no device may write memory
 * while the modules are hashed and used.
 */
#include "device/pci.h"
#include "cpu/asm.h"

/* Mechanism 1; addresses are bus << 8 | device << 3 | function, registers multiples of 4. */
#define PORT_ADDRESS   0xCF8
#define PORT_DATA      0xCFC
#define ADDRESS_ENABLE 0x80000000u

#define REG_ID          0x00
#define REG_COMMAND     0x04
#define REG_HEADER      0x0C
#define COMMAND_MASTER  0x0004u
#define COMMAND_MASK    0xFFFFu /* the upper half is status: writing 1 there would clear bits */
#define HEADER_MULTIPLE 0x00800000u
#define ID_NONE         0xFFFFFFFFu

static uint32_t pci_read(uint16_t function, uint32_t reg)
{
	outl(PORT_ADDRESS, ADDRESS_ENABLE | (uint32_t)function << 8 | reg);
	return inl(PORT_DATA);
}

static void pci_write(uint16_t function, uint32_t reg, uint32_t value)
{
	outl(PORT_ADDRESS, ADDRESS_ENABLE | (uint32_t)function << 8 | reg);
	outl(PORT_DATA, value);
}

unsigned pci_stop_bus_masters(void)
{
	unsigned stopped = 0;

	for (uint32_t function = 0; function < 0x10000; function++) {
		if (pci_read((uint16_t)function, REG_ID) == ID_NONE) {
			if ((function & 7) == 0) {
				function |= 7; /* no function 0, no device */
			}
			continue;
		}
		uint32_t command = pci_read((uint16_t)function, REG_COMMAND);

		if (command & COMMAND_MASTER) {
			pci_write((uint16_t)function, REG_COMMAND,
				  command & COMMAND_MASK & ~COMMAND_MASTER);
			stopped++;
		}
		if ((function & 7) == 0 &&
		    !(pci_read((uint16_t)function, REG_HEADER) & HEADER_MULTIPLE)) {
			function |= 7;
		}
	}
	return stopped;
}
