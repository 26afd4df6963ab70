/* SPDX-License-Identifier: MIT */
/*
 * PCI functions that are given to a domain, one at a time.  What can be given: a function of bus 0
 * (what is behind a bridge shares the bridge's identity with its neighbours), of header type 0, no
 * bridge, no IOMMU, no SMBus, with MSI or MSI-X.
 *
 * INV-PCI-1  A function is claimed by at most one domain; one that had an owner and could not be
 *            reset stays claimed for ever.
 * INV-PCI-2  Between claim and release nobody but device/ writes its configuration space, and its
 *            base addresses are never changed.
 */
#ifndef DEVICE_FUNCTION_H
#define DEVICE_FUNCTION_H
#include "base/addr.h"
#include "base/lib.h"
#include "device/pci.h"
#include "mm/iommu.h"

#define PCI_BARS 6u

/* A base address register of memory; size 0: the guest sees none (ports, below a page, not set). */
struct pci_bar {
	uint64_t host;  /* where the device answers */
	uint64_t guest; /* where its domain sees it, below 4 GiB */
	uint64_t size;  /* a power of two, PAGE_SIZE at least */
	uint32_t type;  /* the low four bits; with BAR_WIDE the next register is its upper half */
};
#define BAR_PORTS 1u
#define BAR_WIDE  4u

struct msi_message {
	uint32_t low, high; /* address */
	uint32_t data;
};

struct pci_function { /* one heap page, charged to its domain */
	uint16_t id;
	uint8_t msi, msix, express; /* where these capabilities are; 0: none */
	uint8_t sizing;             /* bit n: BAR n answers with its size, not its address */
	bool msi_wide;              /* its MSI address has 64 bits */
	uint32_t saved[PCI_BARS];   /* what firmware had written there */
	struct pci_bar bar[PCI_BARS];
	struct msi_message message; /* what its domain wrote into the MSI capability */
	uint64_t msix_table;        /* host address, */
	uint32_t msix_count;        /* and entries that are used */
	uint64_t reset_done;        /* ns since boot, once it is being reset */
	uint32_t vectors[IOMMU_VECTORS] __attribute__((aligned(2048)));
};
_Static_assert(sizeof(struct pci_function) == PAGE_SIZE, "one heap page");

/* Claims the function, and finds out what it has.  -EOPNOTSUPP: no IOMMU is used; -ENODEV: nothing
 * is there; -EXDEV: not on bus 0; -EINVAL: of a kind that is nobody's; -EBUSY: claimed; -ENXIO:
 * neither MSI nor MSI-X; -ENOMEM. */
MUST_CHECK int function_claim(uint16_t id, uint32_t *charge, struct pci_function **out);
/* Its domain has ended and it has no rights any more: stops it and begins to reset it. */
void function_reset(struct pci_function *function);
/* After function_reset(): false: not yet.  Else it is anybody's again, or, if it could not be
 * reset, nobody's; the page is freed. */
MUST_CHECK bool function_release(struct pci_function *function, uint32_t *charge, uint64_t now);
#endif
