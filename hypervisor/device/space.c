/* SPDX-License-Identifier: MIT */
/*
 * Configuration space as a domain sees it (device/space.h).  Trust boundary: ports, sizes and
 * values are a guest's.  Everything is done in whole registers, with a mask for the bytes that are
 * meant.
 */
#include "device/space.h"
#include "abi/corbel.h"
#include <xen/errno.h>

#define PORT_DATA      0xCFCu
#define ADDRESS_ENABLE 0x80000000u
#define ADDRESS_BUS    0x7FFF0000u /* any but bus 0, and what AMD puts above it: not there */

/* "Generic host bridge", as QEMU has one: Linux believes in no bus without. */
#define BRIDGE_ID    0x00081B36u
#define BRIDGE_CLASS 0x06000000u

#define HEADER_MULTIPLE 0x00800000u
#define BAR_FLAGS       0xFu

/* A register of which some bits may be written: plain ones, and some where writing 1 clears. */
struct writable {
	uint32_t reg;
	uint32_t plain, clears;
};

/* Memory, bus master, parity and system errors, no INTx; status. */
static const struct writable command = {PCI_COMMAND, 0x0546, 0xF9000000};

int space_add(struct pci_space *space, struct pci_function *f)
{
	uint64_t at = space->window;

	for (unsigned n = 0; n < PCI_BARS; n++) {
		struct pci_bar *bar = &f->bar[n];

		if (bar->size > CORBEL_PCI_WINDOW_END - CORBEL_PCI_WINDOW) {
			return -XEN_ENOSPC;
		}
		if (bar->size != 0) {
			at = ROUND_UP(at, bar->size);
			bar->guest = at;
			at += bar->size;
		}
	}
	if (space->count == PCI_SLOTS || at > CORBEL_PCI_WINDOW_END) {
		return -XEN_ENOSPC;
	}
	space->window = at;
	space->function[space->count] = f;
	space->count++;
	return 0;
}

/* Whose configuration space CF8 points at; NULL: nobody's. */
static struct pci_function *selected(const struct pci_space *space)
{
	uint32_t slot = space->address >> 11 & 31, function = space->address >> 8 & 7;

	if (!(space->address & ADDRESS_ENABLE) || (space->address & ADDRESS_BUS)) {
		return NULL;
	}
	if (slot == 0 || slot > space->count || function != 0) {
		return NULL;
	}
	return space->function[index_in(slot - 1, PCI_SLOTS)];
}

static bool is_bridge(const struct pci_space *space)
{
	return (space->address & ~0xFFu) == ADDRESS_ENABLE;
}

static uint32_t read_bridge(uint32_t reg)
{
	switch (reg) {
	case PCI_ID:
		return BRIDGE_ID;
	case PCI_CLASS:
		return BRIDGE_CLASS;
	default:
		return 0;
	}
}

static uint32_t read_bar(const struct pci_function *f, unsigned n)
{
	const struct pci_bar *bar = &f->bar[n];
	bool is_upper = n > 0 && f->bar[n - 1].size != 0 && (f->bar[n - 1].type & BAR_WIDE);
	uint64_t answer;

	if (is_upper) {
		bar = &f->bar[n - 1];
	}
	if (bar->size == 0) {
		return 0;
	}
	answer = bar->guest;
	if (f->sizing >> n & 1) {
		answer = ~(bar->size - 1);
	}
	return is_upper ? (uint32_t)(answer >> 32) : (uint32_t)answer | bar->type;
}

/* Where in the MSI capability a register lies: 1, 2 for the address, 3 for data; 0: elsewhere. */
static unsigned message_part(const struct pci_function *f, uint32_t reg)
{
	uint32_t part = (reg - f->msi) / 4;

	if (f->msi == 0 || reg <= f->msi || part > 3) {
		return 0;
	}
	if (!f->msi_wide && part > 1) {
		return part == 2 ? 3 : 0;
	}
	return part;
}

static uint32_t read_function(struct pci_function *f, uint32_t reg)
{
	switch (message_part(f, reg)) {
	case 1:
		return f->message.low;
	case 2:
		return f->message.high;
	case 3:
		return f->message.data;
	}
	if (reg >= PCI_BAR && reg < PCI_BAR + 4 * PCI_BARS) {
		return read_bar(f, (reg - PCI_BAR) / 4);
	}
	switch (reg) {
	case PCI_ROM:
	case PCI_LINE: /* no pin: its driver never asks for a line (INTx) */
		return 0;
	case PCI_HEADER:
		return pci_read(f->id, reg) & ~HEADER_MULTIPLE;
	default:
		return pci_read(f->id, reg);
	}
}

static uint32_t read_register(struct pci_space *space, uint32_t reg)
{
	struct pci_function *f = selected(space);

	if (f) {
		return read_function(f, reg);
	}
	return is_bridge(space) ? read_bridge(reg) : UINT32_MAX;
}

uint32_t space_in(struct pci_space *space, uint16_t port, unsigned size)
{
	if (port < PORT_DATA) {
		return size == 4 && port == PCI_PORTS ? space->address : UINT32_MAX;
	}
	if ((port & 3) + size > 4) {
		return UINT32_MAX;
	}
	return read_register(space, space->address & 0xFC) >> 8 * (port & 3);
}

/* What may be written of this register. */
static struct writable rights_of(const struct pci_function *f, uint32_t reg)
{
	if (reg == PCI_COMMAND) {
		return command;
	}
	if (f->msi && reg == f->msi) {
		return (struct writable){reg, 0x00010000, 0}; /* enable, and of one message */
	}
	if (f->msix && reg == f->msix) {
		return (struct writable){reg, 0xC0000000, 0}; /* enable, mask all */
	}
	if (f->express && reg == f->express + 8u) {
		/* Device control but for the reset, and its status. */
		return (struct writable){reg, 0x7FFF, 0x000F0000};
	}
	return (struct writable){reg, 0, 0};
}

static void merge(uint32_t *to, uint32_t value, uint32_t lanes)
{
	*to = (*to & ~lanes) | (value & lanes);
}

static void write_bar(struct pci_function *f, unsigned n, uint32_t value, uint32_t lanes)
{
	f->sizing &= (uint8_t) ~(1u << n);
	if (lanes == UINT32_MAX && (value | BAR_FLAGS) == UINT32_MAX) {
		f->sizing |= (uint8_t)(1u << n);
	}
}

static void write_function(struct pci_function *f, uint32_t reg, uint32_t value, uint32_t lanes)
{
	struct writable rights = rights_of(f, reg);
	uint32_t old;

	switch (message_part(f, reg)) {
	case 1:
		merge(&f->message.low, value, lanes);
		return;
	case 2:
		merge(&f->message.high, value, lanes);
		return;
	case 3:
		merge(&f->message.data, value, lanes & 0xFFFF);
		return;
	}
	if (reg >= PCI_BAR && reg < PCI_BAR + 4 * PCI_BARS) {
		write_bar(f, (reg - PCI_BAR) / 4, value, lanes);
		return;
	}
	if (!((rights.plain | rights.clears) & lanes)) {
		return;
	}
	old = pci_read(f->id, reg) & ~rights.clears;
	merge(&old, value, lanes & (rights.plain | rights.clears));
	pci_write(f->id, reg, old);
}

void space_out(struct pci_space *space, uint16_t port, unsigned size, uint32_t value)
{
	struct pci_function *f = selected(space);
	unsigned shift = 8 * (port & 3);

	if (port < PORT_DATA) {
		if (size == 4 && port == PCI_PORTS) {
			space->address = value;
		}
		return;
	}
	if (f && (port & 3) + size <= 4) {
		write_function(f, space->address & 0xFC, value << shift,
			       (uint32_t)((1ull << 8 * size) - 1) << shift);
	}
}
