/* SPDX-License-Identifier: MIT */
/* Simulated PCI functions (fake_pci.h). */
#include "sim/fake_pci.h"
#include "device/pci.h"
#include <string.h>

#define STATUS_CLEARS 0xF9000000u

struct fake_function fake_function[512];

static struct fake_function *at(uint16_t function)
{
	return function < 512 && fake_function[function].there ? &fake_function[function] : NULL;
}

bool pci_is_there(uint16_t function)
{
	return at(function);
}

uint32_t pci_read(uint16_t function, uint32_t reg)
{
	const struct fake_function *f = at(function);

	return f ? f->config[reg / 4] : UINT32_MAX;
}

void pci_write(uint16_t function, uint32_t reg, uint32_t value)
{
	struct fake_function *f = at(function);
	uint32_t *to;

	if (!f) {
		return;
	}
	to = &f->config[reg / 4];
	f->writes[reg / 4]++;
	if (reg >= PCI_BAR && reg < PCI_BAR + 24) {
		uint32_t mask = f->bar_mask[(reg - PCI_BAR) / 4];

		*to = (*to & ~mask) | (value & mask);
	} else if (reg == PCI_COMMAND) {
		*to = (*to & 0xFFFF0000u & ~(value & STATUS_CLEARS)) | (value & 0xFFFF);
		if (f->stuck) {
			*to |= PCI_COMMAND_MASTER;
		}
	} else if (reg == 0xA8 && (value & 0x8000)) {
		f->resets++;
		f->config[PCI_COMMAND / 4] &= 0xFFFF0000u;
		for (unsigned i = 0; i < 6; i++) {
			f->config[PCI_BAR / 4 + i] &= ~f->bar_mask[i];
		}
	} else {
		*to = value;
	}
}

uint8_t pci_find_capability(uint16_t function, uint32_t id)
{
	uint32_t cap = pci_read(function, PCI_LIST) & 0xFC;

	while (cap && (pci_read(function, cap) & 0xFF) != id) {
		cap = pci_read(function, cap) >> 8 & 0xFC;
	}
	return (uint8_t)cap;
}

struct fake_function *fake_card(uint16_t function, uint64_t base)
{
	struct fake_function *f = &fake_function[function];

	memset(f, 0, sizeof(*f));
	f->there = true;
	f->config[0] = 0x10D38086;
	f->config[1] = 0x00100407; /* bus master and ports on, as firmware may leave them */
	f->config[2] = 0x02000001;
	f->config[3] = 0x00800010; /* says that it has more functions */
	f->config[4] = (uint32_t)base | 4;
	f->config[5] = (uint32_t)(base >> 32);
	f->config[6] = 0xC001;
	f->config[7] = (uint32_t)base + 0x10000;
	f->bar_mask[0] = 0xFFFFC000;
	f->bar_mask[1] = 0xFFFFFFFF;
	f->bar_mask[2] = 0xFFFFFFE0;
	f->bar_mask[3] = 0xFFFFF000;
	f->config[12] = 0xFEB00001; /* expansion ROM */
	f->config[13] = 0x50;
	f->config[15] = 0x0000010B; /* line 11, pin A */
	f->config[0x50 / 4] = 0x00807005;
	f->config[0x70 / 4] = 0x0002A011;
	f->config[0x74 / 4] = 0x00000003;
	f->config[0xA0 / 4] = 0x0002C810;
	f->config[0xA4 / 4] = 0x10008000;
	f->config[0xC8 / 4] = 0x00030001;
	return f;
}
