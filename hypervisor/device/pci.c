/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration access (pci.h) and the first things done with it: no device may write memory
 * while the modules are hashed and used; and the unit is found that keeps them from it for good.
 */
#include "device/pci.h"
#include "cpu/asm.h"

/* Mechanism 1. */
#define PORT_ADDRESS   0xCF8
#define PORT_DATA      0xCFC
#define ADDRESS_ENABLE 0x80000000u

#define ID_NONE   0xFFFFFFFFu
#define FUNCTIONS 0x10000u /* of segment 0 */

#define CLASS_IOMMU     0x080600u /* base class, subclass, interface */
#define STATUS_LIST     0x00100000u
#define CAPABILITY_NEXT 0xFCu
#define CAPABILITIES    48u /* as many as fit: a list that does not end is none */

/* The capability block of AMD-Vi, 3.2. */
#define IOMMU_CAPABILITY    0x0Fu
#define IOMMU_TYPE          3u
#define IOMMU_BASE_LOW      0x04
#define IOMMU_BASE_HIGH     0x08
#define IOMMU_BASE_ENABLE   1u
#define IOMMU_BASE_LOW_MASK 0xFFFFC000u

uint32_t pci_read(uint16_t function, uint32_t reg)
{
	outl(PORT_ADDRESS, ADDRESS_ENABLE | (uint32_t)function << 8 | reg);
	return inl(PORT_DATA);
}

void pci_write(uint16_t function, uint32_t reg, uint32_t value)
{
	outl(PORT_ADDRESS, ADDRESS_ENABLE | (uint32_t)function << 8 | reg);
	outl(PORT_DATA, value);
}

bool pci_is_there(uint16_t function)
{
	return pci_read(function, PCI_ID) != ID_NONE;
}

static void stop(uint16_t function, struct pci_stopped *count)
{
	uint32_t command = pci_read(function, PCI_COMMAND);

	if (!(command & PCI_COMMAND_MASTER)) {
		return;
	}
	count->masters++;
	pci_write(function, PCI_COMMAND, command & PCI_COMMAND_MASK & ~PCI_COMMAND_MASTER);
	if (pci_read(function, PCI_COMMAND) & PCI_COMMAND_MASTER) {
		count->stuck++;
	}
}

/*
 * The next function that is there, from *at on; false: there is none.  A device without function 0
 * is none, and costs one read.  Where there is one all eight are looked at, whatever its header
 * says of them; and on a bus that begins with a device all 256, since with alternative routing they
 * belong to that one.
 */
static bool next_function(uint32_t *at)
{
	for (; *at < FUNCTIONS; ++*at) {
		uint16_t bus = (uint16_t)(*at & 0xFF00);
		bool is_first = *at % 8 == 0;

		if (pci_is_there((uint16_t)*at)) {
			return true;
		}
		if (is_first && (bus == 0 || !pci_is_there(bus))) {
			*at += 7;
		}
	}
	return false;
}

struct pci_stopped pci_stop_bus_masters(void)
{
	struct pci_stopped count = {0, 0};

	for (uint32_t at = 0; next_function(&at); at++) {
		stop((uint16_t)at, &count);
	}
	return count;
}

uint8_t pci_find_capability(uint16_t function, uint32_t id)
{
	uint32_t at = 0;

	if (pci_read(function, PCI_COMMAND) & STATUS_LIST) {
		at = pci_read(function, PCI_LIST) & CAPABILITY_NEXT;
	}
	for (unsigned i = 0; at != 0 && i < CAPABILITIES; i++) {
		uint32_t head = pci_read(function, at);

		if ((head & 0xFF) == id) {
			return (uint8_t)at;
		}
		at = head >> 8 & CAPABILITY_NEXT;
	}
	return 0;
}

static void look_at(uint16_t function, struct pci_iommus *found)
{
	uint32_t at;

	if (pci_read(function, PCI_CLASS) >> 8 != CLASS_IOMMU) {
		return;
	}
	at = pci_find_capability(function, IOMMU_CAPABILITY);
	if (at == 0 || (pci_read(function, at) >> 16 & 7) != IOMMU_TYPE) {
		return;
	}
	found->count++;
	found->function = function;
	found->capability = at;
	found->registers = (uint64_t)pci_read(function, at + IOMMU_BASE_HIGH) << 32;
	found->registers |= pci_read(function, at + IOMMU_BASE_LOW) & IOMMU_BASE_LOW_MASK;
}

struct pci_iommus pci_find_iommus(void)
{
	struct pci_iommus found = {.count = 0};

	for (uint32_t at = 0; next_function(&at); at++) {
		look_at((uint16_t)at, &found);
	}
	return found;
}

void pci_enable_iommu(const struct pci_iommus *found)
{
	uint32_t at = found->capability + IOMMU_BASE_LOW;
	uint32_t low = pci_read(found->function, at);

	pci_write(found->function, at, low | IOMMU_BASE_ENABLE);
}
