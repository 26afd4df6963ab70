/* SPDX-License-Identifier: MIT */
/*
 * AMD-Vi (iommu.h).  Section and table numbers are those of 48882, revision 3.10.
 */
#include "device/iommu.h"
#include "base/lib.h"
#include "cpu/asm.h"
#include "cpu/time.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/slots.h"

/* Registers, 3.4. */
#define REG_DEVICE_TABLE 0x0000
#define REG_COMMAND_RING 0x0008
#define REG_EVENT_LOG    0x0010
#define REG_CONTROL      0x0018
#define REG_FEATURES     0x0030
#define REG_COMMAND_HEAD 0x2000
#define REG_COMMAND_TAIL 0x2008
#define REG_EVENT_HEAD   0x2010
#define REG_EVENT_TAIL   0x2018

#define CONTROL_ON        (1u << 0)
#define CONTROL_EVENT_LOG (1u << 2)
#define CONTROL_COHERENT  (1u << 10)
#define CONTROL_COMMANDS  (1u << 12)
#define NOBODY            UINT64_MAX /* what the bus answers where nothing is */
#define FEATURE_ALL       (1u << 6)  /* knows INVALIDATE_IOMMU_ALL */

#define DEVICE_TABLE_PAGES 512u /* the register holds one less */
#define RING_256_ENTRIES   (8ull << 56)
#define RING_BYTES         4096u

/* A device table entry has four words, table 7: valid, with a translation of mode 0 and no right to
 * read or write; and interrupts valid, remapped by a table that is not there, so refused. */
#define ENTRY_WORDS        4u
#define ENTRY_NO_MEMORY    3u
#define ENTRY_NO_INTERRUPT 1u

#define COMMAND_WORDS 4u

enum command {
	COMMAND_wait = 1, /* COMPLETION_WAIT */
	COMMAND_invalidate_all = 8,
};

#define COMMAND_SHIFT 28
#define WAIT_STORE    1u /* writes the third and fourth word to the address in the first two */

#define WAIT_NS 100000000ull

static struct {
	uint64_t registers;
	volatile uint32_t *ring; /* written before the tail that hands it over */
	uint32_t tail;           /* in bytes, of the ring */
	uint32_t waits;
	volatile uint64_t done; /* the number of the last COMPLETION_WAIT, written by the unit */
} self;

#ifdef CORBEL_HOST_TEST
uint64_t fake_iommu_read(uint32_t reg);
void fake_iommu_write(uint32_t reg, uint64_t value);
#define reg_read  fake_iommu_read
#define reg_write fake_iommu_write
#else
static uint64_t reg_read(uint32_t reg)
{
	return *(volatile uint64_t *)(self.registers + reg);
}

static void reg_write(uint32_t reg, uint64_t value)
{
	*(volatile uint64_t *)(self.registers + reg) = value;
}
#endif

static void command(enum command code, uint64_t first, uint64_t second)
{
	volatile uint32_t *to = self.ring + self.tail / sizeof(*to);

	to[0] = (uint32_t)first;
	to[1] = (uint32_t)(first >> 32) | (uint32_t)code << COMMAND_SHIFT;
	to[2] = (uint32_t)second;
	to[3] = (uint32_t)(second >> 32);
	self.tail = (self.tail + COMMAND_WORDS * sizeof(*to)) % RING_BYTES;
}

/* Until the unit has done all commands so far; false: it has not within WAIT_NS. */
static MUST_CHECK bool finish(void)
{
	uint64_t end = now_ns() + WAIT_NS;

	self.waits++;
	command(COMMAND_wait, (uintptr_t)&self.done | WAIT_STORE, self.waits);
	reg_write(REG_COMMAND_TAIL, self.tail);
	while (self.done != self.waits) {
		if (now_ns() > end) {
			return false;
		}
		cpu_relax();
	}
	return true;
}

/* The device table is RAM that is mapped only while it is written. */
static void refuse_all(frame_t table)
{
	for (uint64_t i = 0; i < DEVICE_TABLE_PAGES; i++) {
		uint64_t *page = slot_map((frame_t){table.n + i});

		for (uint64_t at = 0; at < PAGE_SIZE / sizeof(*page); at += ENTRY_WORDS) {
			page[at] = ENTRY_NO_MEMORY;
			page[at + 2] = ENTRY_NO_INTERRUPT;
		}
		slot_unmap(page);
	}
}

static MUST_CHECK bool switch_on(frame_t table, const void *events)
{
	reg_write(REG_CONTROL, 0);
	reg_write(REG_DEVICE_TABLE, frame_address(table) | (DEVICE_TABLE_PAGES - 1));
	reg_write(REG_COMMAND_RING, (uintptr_t)self.ring | RING_256_ENTRIES);
	reg_write(REG_EVENT_LOG, (uintptr_t)events | RING_256_ENTRIES);
	reg_write(REG_COMMAND_HEAD, 0);
	reg_write(REG_COMMAND_TAIL, 0);
	reg_write(REG_EVENT_HEAD, 0);
	reg_write(REG_EVENT_TAIL, 0);
	reg_write(REG_CONTROL,
		  CONTROL_ON | CONTROL_EVENT_LOG | CONTROL_COHERENT | CONTROL_COMMANDS);
	command(COMMAND_invalidate_all, 0, 0);
	if (!finish()) {
		reg_write(REG_CONTROL, 0);
		return false;
	}
	return true;
}

const char *iommu_start(uint64_t registers)
{
	uint64_t features;
	frame_t table;
	void *ring, *events;

	self.registers = registers;
	features = reg_read(REG_FEATURES);
	if (features == NOBODY) {
		return "nothing answers at its registers";
	}
	if (!(features & FEATURE_ALL)) {
		return "it cannot invalidate all";
	}
	ring = heap_page(NULL);
	events = heap_page(NULL);
	if (!ring || !events || frames_alloc(OWNER_HYPERVISOR, BLOCK_ORDER, &table)) {
		heap_page_free(ring, NULL);
		heap_page_free(events, NULL);
		return "no memory for its tables";
	}
	self.ring = ring;
	refuse_all(table);
	if (!switch_on(table, events)) {
		/* It may come back and read them: nothing else uses what it was given. */
		return "it does not answer";
	}
	return NULL;
}
