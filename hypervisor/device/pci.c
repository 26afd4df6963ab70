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

#define REG_ID         0x00
#define REG_COMMAND    0x04
#define COMMAND_MASTER 0x0004u
#define COMMAND_MASK   0xFFFFu /* the upper half is status: writing 1 there would clear bits */
#define ID_NONE        0xFFFFFFFFu

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

static bool is_there(uint16_t function)
{
	return pci_read(function, REG_ID) != ID_NONE;
}

static void stop(uint16_t function, struct pci_stopped *count)
{
	uint32_t command = pci_read(function, REG_COMMAND);

	if (!(command & COMMAND_MASTER)) {
		return;
	}
	count->masters++;
	pci_write(function, REG_COMMAND, command & COMMAND_MASK & ~COMMAND_MASTER);
	if (pci_read(function, REG_COMMAND) & COMMAND_MASTER) {
		count->stuck++;
	}
}

/*
 * A device without function 0 is none, and costs one read.  Where there is one all eight are looked
 * at, whatever its header says of them; and on a bus that begins with a device all 256, since with
 * alternative routing they belong to that one.
 */
struct pci_stopped pci_stop_bus_masters(void)
{
	struct pci_stopped count = {0, 0};

	for (uint32_t first = 0; first < 0x10000; first += 8) {
		uint16_t bus = (uint16_t)(first & 0xFF00);

		if (!is_there((uint16_t)first) && (bus == 0 || !is_there(bus))) {
			continue;
		}
		for (uint32_t function = first; function < first + 8; function++) {
			if (is_there((uint16_t)function)) {
				stop((uint16_t)function, &count);
			}
		}
	}
	return count;
}
