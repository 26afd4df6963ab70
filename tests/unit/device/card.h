/* SPDX-License-Identifier: MIT */
/* Domains with a simulated network card (sim/fake_pci.h), for the unit tests of devices. */
#ifndef DEVICE_CARD_H
#define DEVICE_CARD_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "launch/devices.h"
#include "device/space.h"
#include "sim/fake_iommu.h"
#include "sim/fake_pci.h"
#include "sim/world.h"
#include <xen/errno.h>

#define CARD  0x20u /* 00:04.0, as the host has it */
#define OTHER 0x28u
#define BASE  0xE000004000ull /* above what a guest can address */
#define BAR0  CORBEL_PCI_WINDOW

#define BUILD(op, ...)                                                                             \
	world_arg(world_builder(), CORBEL_HYPERCALL, CORBEL_OP_build_##op,                         \
		  &(struct corbel_build_##op){__VA_ARGS__}, sizeof(struct corbel_build_##op))

static inline long give(struct domain *d, uint16_t function)
{
	return BUILD(device, .domid = d->id, .function = function);
}

static inline bool reaches(uint16_t function, uint64_t gpa, bool write)
{
	frame_t frame;

	return fake_iommu_dma(function, gpa, write, &frame);
}

static inline frame_t frame_at(struct domain *d, uint64_t gfn)
{
	struct npt_entry entry;

	assert_true(npt_lookup(&d->npt, (gfn_t){gfn}, &entry));
	return entry.frame;
}
#endif
