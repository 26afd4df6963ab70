/* SPDX-License-Identifier: MIT */
/*
 * PCI functions below the real device/ files: configuration space with base address
 * registers that can be sized, capabilities, reset.
 */
#ifndef SIM_FAKE_PCI_H
#define SIM_FAKE_PCI_H
#include <stdbool.h>
#include <stdint.h>

struct fake_function {
	bool there;
	bool stuck;      /* its bus master bit cannot be cleared */
	unsigned resets; /* by FLR */
	uint32_t config[64];
	uint32_t bar_mask[6]; /* bits that can be written; 0: no such register */
	unsigned writes[64];  /* of each register */
};
extern struct fake_function fake_function[512]; /* of buses 0 and 1 */

/* A network card at `function`: BAR 0 of 16 KiB at `base` (64 bits), BAR 2 of ports, BAR 3 of 4 KiB
 * with the MSI-X table of three entries; MSI with 64-bit address at 0x50, MSI-X at 0x70, PCI
 * Express with FLR at 0xA0, power management at 0xC8. */
struct fake_function *fake_card(uint16_t function, uint64_t base);
#endif
