/* SPDX-License-Identifier: MIT */
/* Functions that are given to domains (device/function.h).  Section numbers are those of PCI Local
 * Bus 3.0 and PCI Express Base 3.0. */
#include "device/function.h"
#include "cpu/time.h"
#include "mm/heap.h"
#include <xen/errno.h>

#define CAPABILITY_MSI     0x05u
#define CAPABILITY_EXPRESS 0x10u
#define CAPABILITY_MSIX    0x11u

#define HEADER_TYPE  0x007F0000u
#define CLASS_BRIDGE 0x06u
#define CLASS_SMBUS  0x0C05u
#define CLASS_SYSTEM 0x08u /* interrupt controllers, DMA, timers, IOMMU */

#define BAR_FLAGS   0xFu
#define TABLE_WHERE 7u     /* low bits of an MSI-X table's offset: which BAR */
#define MSIX_MOST   64u    /* as many as a domain may have PIRQs: a marker lies there or nowhere */
#define MSIX_SIZE   0x7FFu /* entries less one, in the upper half of the first register */
#define MSI_WIDE    (1u << 23)

#define EXPRESS_ABLE    4u /* device capabilities, */
#define EXPRESS_CONTROL 8u /* and control */
#define ABLE_RESET      (1u << 28)
#define CONTROL_RESET   (1u << 15)

#define RESET_NS 100000000ull /* 6.6.2: it may take that long before it answers */

/* Bus 0 alone is given away. */
#define BUS_FUNCTIONS 256u
static bool claimed[BUS_FUNCTIONS];

static bool is_nobodys(uint16_t id)
{
	uint32_t class = pci_read(id, PCI_CLASS) >> 16;

	if (pci_read(id, PCI_HEADER) & HEADER_TYPE) {
		return true;
	}
	return class >> 8 == CLASS_BRIDGE || class >> 8 == CLASS_SYSTEM || class == CLASS_SMBUS;
}

/* Writes ones into a register and returns which stayed. */
static uint32_t probe(uint16_t id, uint32_t reg)
{
	uint32_t old = pci_read(id, reg), mask;

	pci_write(id, reg, UINT32_MAX);
	mask = pci_read(id, reg);
	pci_write(id, reg, old);
	return mask;
}

/* Returns the registers that it takes. */
static unsigned read_bar(struct pci_function *f, unsigned n)
{
	uint32_t reg = PCI_BAR + 4 * n;
	uint32_t low = f->saved[n], mask = probe(f->id, reg);
	uint64_t base = low & ~BAR_FLAGS, ones = 0xFFFFFFFF00000000ull | (mask & ~BAR_FLAGS);
	unsigned count = 1;

	if (mask == 0 || (low & BAR_PORTS)) {
		return 1;
	}
	if ((low & BAR_WIDE) && n + 1 < PCI_BARS) {
		base |= (uint64_t)f->saved[n + 1] << 32;
		ones = (uint64_t)probe(f->id, reg + 4) << 32 | (mask & ~BAR_FLAGS);
		count = 2;
	}
	if (base == 0 || ~ones + 1 < PAGE_SIZE) {
		printk("device %x: BAR %u of %lu bytes at %lx is not given", f->id, n, ~ones + 1,
		       base);
		return count;
	}
	f->bar[n] = (struct pci_bar){.host = base, .size = ~ones + 1, .type = low & BAR_FLAGS};
	return count;
}

/* It must not answer anywhere while its registers hold ones (6.2.5.1). */
static void read_bars(struct pci_function *f)
{
	uint32_t command = pci_read(f->id, PCI_COMMAND) & PCI_COMMAND_MASK;

	pci_write(f->id, PCI_COMMAND, 0);
	for (unsigned n = 0; n < PCI_BARS; n++) {
		f->saved[n] = pci_read(f->id, PCI_BAR + 4 * n);
	}
	for (unsigned n = 0; n < PCI_BARS;) {
		n += read_bar(f, n);
	}
	pci_write(f->id, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
}

static void read_msix(struct pci_function *f)
{
	uint32_t where = pci_read(f->id, f->msix + 4u);
	const struct pci_bar *bar = &f->bar[(where & TABLE_WHERE) % PCI_BARS];
	uint32_t count = (pci_read(f->id, f->msix) >> 16 & MSIX_SIZE) + 1,
		 at = where & ~TABLE_WHERE;

	if ((where & TABLE_WHERE) >= PCI_BARS || at >= bar->size) {
		f->msix = 0; /* nobody sees its table */
		return;
	}
	f->msix_table = bar->host + at;
	f->msix_count = MIN(count, MSIX_MOST);
	f->msix_count = MIN(f->msix_count, (uint32_t)((bar->size - at) / 16));
}

static void read_capabilities(struct pci_function *f)
{
	f->express = pci_find_capability(f->id, CAPABILITY_EXPRESS);
	f->msi = pci_find_capability(f->id, CAPABILITY_MSI);
	f->msix = pci_find_capability(f->id, CAPABILITY_MSIX);
	if (f->msi) {
		f->msi_wide = pci_read(f->id, f->msi) & MSI_WIDE;
	}
	if (f->msix) {
		read_msix(f);
	}
}

int function_claim(uint16_t id, uint32_t *charge, struct pci_function **out)
{
	struct pci_function *f;

	if (!iommu_is_on()) {
		return -XEN_EOPNOTSUPP;
	}
	if (!pci_is_there(id)) {
		return -XEN_ENODEV;
	}
	if (id >= BUS_FUNCTIONS) {
		return -XEN_EXDEV;
	}
	if (is_nobodys(id)) {
		return -XEN_EINVAL;
	}
	if (claimed[id]) {
		return -XEN_EBUSY;
	}
	f = heap_page(charge);
	if (!f) {
		return -XEN_ENOMEM;
	}
	f->id = id;
	read_bars(f);
	read_capabilities(f);
	if (!f->msi && !f->msix) {
		heap_page_free(f, charge);
		return -XEN_ENXIO;
	}
	claimed[id] = true;
	*out = f;
	return 0;
}

void function_reset(struct pci_function *f)
{
	pci_write(f->id, PCI_COMMAND, 0);
	if (f->express && (pci_read(f->id, f->express + EXPRESS_ABLE) & ABLE_RESET)) {
		uint32_t reg = f->express + EXPRESS_CONTROL;

		pci_write(f->id, reg, (pci_read(f->id, reg) & PCI_COMMAND_MASK) | CONTROL_RESET);
	} else {
		printk("warning: device %x cannot be reset: it stays nobody's until power-off",
		       f->id);
		f->reset_done = UINT64_MAX;
		return;
	}
	f->reset_done = now_ns() + RESET_NS;
}

bool function_release(struct pci_function *f, uint32_t *charge, uint64_t now)
{
	if (f->reset_done != UINT64_MAX) {
		if (now < f->reset_done) {
			return false;
		}
		for (unsigned n = 0; n < PCI_BARS; n++) {
			pci_write(f->id, PCI_BAR + 4 * n, f->saved[n]);
		}
		claimed[f->id % BUS_FUNCTIONS] = false;
	}
	heap_page_free(f, charge);
	return true;
}
