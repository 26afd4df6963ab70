/* SPDX-License-Identifier: MIT */
/*
 * AMD-Vi (iommu.h).  Section and table numbers are those of 48882, revision 3.10.
 */
#include "mm/iommu.h"
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

/* Of one with rights: a table of four levels for memory, and one of 512 entries for interrupts. */
#define ENTRY_MEMORY     (ENTRY_NO_MEMORY | 4u << 9 | 3ull << 61)
#define ENTRY_INTERRUPTS (ENTRY_NO_INTERRUPT | 9u << 1 | 2ull << 60)

#define COMMAND_WORDS 4u

enum command {
	COMMAND_wait = 1,       /* COMPLETION_WAIT */
	COMMAND_entry = 2,      /* INVALIDATE_DEVTAB_ENTRY */
	COMMAND_pages = 3,      /* INVALIDATE_IOMMU_PAGES */
	COMMAND_interrupts = 5, /* INVALIDATE_INTERRUPT_TABLE */
	COMMAND_invalidate_all = 8,
};

/* Of COMMAND_pages: a DomainID above, and in the second word all addresses, directories too. */
#define PAGES_ID_SHIFT 32
#define PAGES_ALL      0x7FFFFFFFFFFFF003ull

#define COMMAND_SHIFT 28
#define WAIT_STORE    1u /* writes the third and fourth word to the address in the first two */

#define WAIT_NS 100000000ull

static struct {
	bool on;
	uint16_t changed; /* the DomainID whose tables it has not been told of; 0: none */
	uint64_t registers;
	frame_t device_table;
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

static void finish_or_stop(void)
{
	if (!finish()) {
		panic("the IOMMU does not answer");
	}
}

/* Each store leaves a valid entry (INV-IOMMU-2). */
static void set_word(uint64_t *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* The device table is RAM that is mapped only while it is written. */
static void refuse_all(frame_t table)
{
	for (uint64_t i = 0; i < DEVICE_TABLE_PAGES; i++) {
		uint64_t *page = slot_map((frame_t){table.n + i});

		for (uint64_t at = 0; at < PAGE_SIZE / sizeof(*page); at += ENTRY_WORDS) {
			set_word(&page[at], ENTRY_NO_MEMORY);
			set_word(&page[at + 2], ENTRY_NO_INTERRUPT);
		}
		slot_unmap(page);
	}
}

#define ENTRIES_PER_PAGE (PAGE_SIZE / (ENTRY_WORDS * sizeof(uint64_t)))

static uint64_t *open_entry(uint16_t function)
{
	uint64_t *page = slot_map((frame_t){self.device_table.n + function / ENTRIES_PER_PAGE});

	return page + function % ENTRIES_PER_PAGE * ENTRY_WORDS;
}

void iommu_vector_changed(uint16_t function)
{
	command(COMMAND_interrupts, function, 0);
	finish_or_stop();
}

/* What the unit may keep of a device's entry, and of the tables that it led to. */
static void forget_entry(uint16_t function, uint16_t id)
{
	command(COMMAND_entry, function, 0);
	command(COMMAND_pages, (uint64_t)id << PAGES_ID_SHIFT, PAGES_ALL);
	iommu_vector_changed(function);
}

void iommu_allow(uint16_t function, const struct iommu_rights *rights)
{
	uint64_t *entry = open_entry(function);

	set_word(&entry[1], rights->id);
	set_word(&entry[2], (uintptr_t)rights->vectors | ENTRY_INTERRUPTS);
	set_word(&entry[0], (uintptr_t)rights->memory | ENTRY_MEMORY);
	slot_unmap(entry);
	forget_entry(function, rights->id);
}

void iommu_refuse(uint16_t function, uint16_t id)
{
	uint64_t *entry = open_entry(function);

	set_word(&entry[0], ENTRY_NO_MEMORY);
	set_word(&entry[2], ENTRY_NO_INTERRUPT);
	set_word(&entry[1], 0);
	slot_unmap(entry);
	forget_entry(function, id);
}

void iommu_refuse_all(void)
{
	if (self.on) {
		refuse_all(self.device_table);
		command(COMMAND_invalidate_all, 0, 0);
		IGNORED(finish()); /* nothing more can be done about one that hangs */
	}
}

void iommu_flush(void)
{
	if (self.changed) {
		command(COMMAND_pages, (uint64_t)self.changed << PAGES_ID_SHIFT, PAGES_ALL);
		self.changed = 0;
		finish_or_stop();
	}
}

void iommu_changed(uint16_t id)
{
	if (id && id != self.changed) {
		iommu_flush();
		self.changed = id;
	}
}

bool iommu_is_on(void)
{
	return self.on;
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
	self.device_table = table;
	self.on = true;
	return NULL;
}
