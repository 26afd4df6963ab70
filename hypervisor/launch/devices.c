/* SPDX-License-Identifier: MIT */
/* Devices of a domain (launch/devices.h). */
#include "launch/devices.h"
#include "abi/corbel.h"
#include "base/host.h"
#include "device/space.h"
#include "launch/life.h"
#include "mm/heap.h"
#include <xen/errno.h>

/* What the window's nested tables may take, each device, and the page that answers between. */
#define MORE_PAGES                                                                                 \
	((CORBEL_PCI_WINDOW_END - CORBEL_PCI_WINDOW) / (uint32_t)BLOCK_SIZE + PCI_SLOTS + 2u)

/* DomainIDs of the IOMMU: 0 is in the entries that refuse all. */
static uint16_t dma_id(const struct domain *d)
{
	return (uint16_t)(d->id + 1);
}

static int make_space(struct domain *d)
{
	if (d->pci) {
		return 0;
	}
	if (!domain_promise(d, MORE_PAGES)) {
		return -XEN_ENOMEM;
	}
	d->npt.limit += MORE_PAGES;
	d->pci = heap_page(&d->charge.heap_pages);
	if (!d->pci) {
		return -XEN_ENOMEM;
	}
	d->pci->window = CORBEL_PCI_WINDOW;
	if (!d->is_dom0) {
		domain_serve(d); /* who drives devices is a back end, or may become one */
	}
	return 0;
}

/* Ascending, whatever the order of calls. */
static void record_device(struct corbel_log_launch *record, uint16_t function)
{
	uint32_t at = record->device_count++;

	while (at > 0 && record->devices[at - 1] > function) {
		record->devices[at] = record->devices[at - 1];
		at--;
	}
	record->devices[at] = function;
}

int devices_claim(struct domain *d, uint16_t function)
{
	struct corbel_log_launch *record = &d->launch.record;
	struct pci_function *f;
	int rc;

	if (record->device_count == CORBEL_LOG_DEVICES) {
		return -XEN_ENOSPC;
	}
	rc = function_claim(function, &d->charge.heap_pages, &f);
	if (rc) {
		return rc;
	}
	rc = make_space(d);
	if (rc == 0) {
		rc = space_add(d->pci, f);
	}
	if (rc) {
		CHECK(function_release(f, &d->charge.heap_pages, 0)); /* it was never used */
		return rc;
	}
	record_device(record, function);
	return 0;
}

static int map_bar(struct domain *d, const struct pci_bar *bar)
{
	unsigned order = bar->size < BLOCK_SIZE ? 0 : BLOCK_ORDER;
	int rc = 0;

	for (uint64_t at = 0; rc == 0 && at < bar->size; at += PAGE_SIZE << order) {
		struct npt_entry page = {
			.frame = frame_of(bar->host + at),
			.kind = NPT_MMIO,
			.order = (uint8_t)order,
			.write = true,
		};

		rc = npt_map(&d->npt, (gfn_t){(bar->guest + at) >> PAGE_SHIFT}, page);
	}
	return rc;
}

static int map_bars(struct domain *d)
{
	int rc = 0;

	for (uint32_t i = 0; i < d->pci->count; i++) {
		for (unsigned n = 0; rc == 0 && n < PCI_BARS; n++) {
			rc = map_bar(d, &d->pci->function[i]->bar[n]);
		}
	}
	return rc;
}

int devices_open(struct domain *d)
{
	struct iommu_rights rights = {.id = dma_id(d)};
	struct vcpu *v;
	int rc;

	if (!d->pci) {
		return 0;
	}
	rc = map_bars(d);
	if (rc) {
		return rc;
	}
	rights.memory = d->npt.root;
	d->npt.device_id = rights.id;
	for (uint32_t i = 0; i < d->pci->count; i++) {
		rights.vectors = d->pci->function[i]->vectors;
		iommu_allow(d->pci->function[i]->id, &rights);
	}
	for (uint32_t i = 0; (v = domain_vcpu(d, i)) != NULL; i++) {
		v->virt.pci = d->pci;
	}
	d->pci->is_open = true;
	host.flags &= ~CORBEL_HOST_NO_DEVICES;
	return 0;
}

void devices_close(struct domain *d)
{
	for (uint32_t i = 0; d->pci && d->pci->is_open && i < d->pci->count; i++) {
		iommu_refuse(d->pci->function[i]->id, dma_id(d));
		if (!d->is_dom0) { /* with Dom0 the host ends, and nobody gets them after it */
			function_reset(d->pci->function[i]);
		}
	}
}

bool devices_return(struct domain *d, uint64_t now)
{
	struct pci_space *space = d->pci;

	while (space && space->count > 0) {
		if (!function_release(space->function[space->count - 1], &d->charge.heap_pages,
				      now)) {
			return false;
		}
		space->count--;
	}
	if (space) {
		heap_page_free(space->nothing, &d->charge.heap_pages);
		heap_page_free(space, &d->charge.heap_pages);
		d->pci = NULL;
	}
	return true;
}

bool devices_answer(struct domain *d, const struct virt_fault *fault)
{
	struct npt_entry page = {.kind = NPT_SHARED, .write = true};
	bool rc = false;

	if (!d->pci || !d->pci->is_open || fault->present || fault->fetch) {
		return false;
	}
	if (fault->gpa < CORBEL_PCI_WINDOW || fault->gpa >= CORBEL_PCI_WINDOW_END) {
		return false;
	}
	if (!d->pci->nothing) {
		d->pci->nothing = heap_page(&d->charge.heap_pages);
	}
	if (d->pci->nothing) {
		memset(d->pci->nothing, 0xFF, PAGE_SIZE);
		page.frame = frame_of((uintptr_t)d->pci->nothing);
		spin_lock(&d->lock);
		rc = npt_map(&d->npt, (gfn_t){fault->gpa >> PAGE_SHIFT}, page) == 0;
		spin_unlock(&d->lock);
	}
	return rc;
}
