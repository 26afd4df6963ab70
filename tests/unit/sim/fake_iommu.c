/* SPDX-License-Identifier: MIT */
/* A simulated AMD-Vi unit (fake_iommu.h); table and section numbers are those of 48882. */
#include "sim/fake_iommu.h"
#include "base/lib.h"
#include "mm/iommu.h"
#include "sim/machine.h"
#include <stdlib.h>

uint64_t fake_iommu_read(uint32_t reg);
void fake_iommu_write(uint32_t reg, uint64_t value);

unsigned fake_iommu_waits;
bool fake_iommu_hangs;

static uint64_t regs[0x4000 / 8];

struct translation {
	uint16_t function, id;
	uint64_t gfn;
	frame_t frame;
	bool write;
};
static struct translation cache[256];
static unsigned cached;

static void forget(bool all, uint16_t id)
{
	unsigned left = 0;

	for (unsigned i = 0; i < cached; i++) {
		if (!all && cache[i].id != id) {
			cache[left++] = cache[i];
		}
	}
	cached = left;
}

static void do_command(const uint32_t *words)
{
	switch (words[1] >> 28) {
	case 1: /* COMPLETION_WAIT */
		fake_iommu_waits++;
		*(uint64_t *)(((uint64_t)(words[1] & 0xFFFFF) << 32) | (words[0] & ~7u)) =
			(uint64_t)words[3] << 32 | words[2];
		break;
	case 2: /* INVALIDATE_DEVTAB_ENTRY: this unit reads the entry each time */
	case 5: /* INVALIDATE_INTERRUPT_TABLE: and these */
		break;
	case 3:
		if (words[2] != 0xFFFFF003 || words[3] != 0x7FFFFFFF) {
			abort(); /* not all pages of the domain */
		}
		forget(false, (uint16_t)words[1]);
		break;
	case 8:
		forget(true, 0);
		break;
	default:
		abort();
	}
}

uint64_t fake_iommu_read(uint32_t reg)
{
	return reg == 0x30 ? 1u << 6 : regs[reg / 8];
}

void fake_iommu_write(uint32_t reg, uint64_t value)
{
	const uint8_t *ring = (const uint8_t *)(regs[1] & 0xFFFFFFFFFF000);

	regs[reg / 8] = value;
	while (reg == 0x2008 && !fake_iommu_hangs && regs[0x2000 / 8] != value) {
		do_command((const uint32_t *)(ring + regs[0x2000 / 8]));
		regs[0x2000 / 8] = (regs[0x2000 / 8] + 16) % 4096;
	}
}

void fake_iommu_start(void)
{
	const char *fault = iommu_is_on() ? NULL : iommu_start(0xFED80000);

	if (fault) {
		abort();
	}
}

/* Four words of the device's entry, table 7. */
static void device_entry(uint16_t function, uint64_t entry[4])
{
	uint64_t base = regs[0] & 0xFFFFFFFFFF000, at = function * 32u;

	memcpy(entry, machine_page((frame_t){(base + at) >> PAGE_SHIFT}) + at % PAGE_SIZE, 32);
}

static bool walk(const uint64_t entry[4], uint64_t gpa, bool write, struct translation *out)
{
	uint64_t rights = entry[0] & 3ull << 61, pte = entry[0];
	unsigned level = entry[0] >> 9 & 7;

	if ((entry[0] & 3) != 3) {
		abort(); /* INV-IOMMU-2: what is not valid passes everything */
	}
	if (level == 0) {
		return false;
	}
	while (level > 0) {
		const uint64_t *table = (const uint64_t *)(pte & 0xFFFFFFFFFF000);
		unsigned below;

		pte = table[gpa >> (12 + 9 * (level - 1)) & 511];
		below = pte >> 9 & 7;
		if (!(pte & 1)) {
			return false;
		}
		rights &= pte;
		if (below == 0) {
			uint64_t span = 1ull << (12 + 9 * (level - 1));

			out->frame.n =
				((pte & 0xFFFFFFFFFF000 & ~(span - 1)) | (gpa & (span - 1))) >> 12;
			break;
		}
		level = below;
	}
	out->write = rights >> 62 & 1;
	return rights >> 61 & 1 && (out->write || !write);
}

bool fake_iommu_dma(uint16_t function, uint64_t gpa, bool write, frame_t *frame)
{
	struct translation made = {.function = function, .gfn = gpa >> 12};
	uint64_t entry[4];

	device_entry(function, entry);
	made.id = (uint16_t)entry[1];
	for (unsigned i = 0; i < cached; i++) {
		if (cache[i].function == function && cache[i].gfn == made.gfn &&
		    (cache[i].write || !write)) {
			*frame = cache[i].frame;
			return true;
		}
	}
	if (!walk(entry, gpa, write, &made)) {
		return false;
	}
	if (cached == ARRAY_SIZE(cache)) {
		abort();
	}
	cache[cached++] = made;
	*frame = made.frame;
	return true;
}

unsigned fake_iommu_message(uint16_t function, uint32_t data)
{
	uint64_t entry[4];
	const uint32_t *table;

	device_entry(function, entry);
	if (!(entry[2] & 1)) {
		abort();
	}
	if ((entry[2] >> 60 & 3) != 2 || data >= 1u << (entry[2] >> 1 & 15)) {
		return 0;
	}
	table = (const uint32_t *)(entry[2] & 0xFFFFFFFFFFFC0);
	return table[data] & 1 ? table[data] >> 16 & 0xFF : 0;
}
