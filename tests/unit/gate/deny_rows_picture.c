/* SPDX-License-Identifier: MIT */
/*
 * Everything that the hypervisor keeps, byte by byte, before and after a call (deny_rows.h): the
 * heap (domains, vCPUs, nested tables, event and grant tables, shared_info), all RAM of guests, the
 * frame table, and the program's static data.  heap_init(), frames_init() and trace_add() are
 * wrapped by the linker: the first two say where things are, the third keeps the records here.
 */
#include "gate/deny_rows.h"
#include "base/boot_info.h"
#include "diag/trace.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

extern char __data_start[], _end[];
void __real_heap_init(uint64_t base, uint64_t size);
void __wrap_heap_init(uint64_t base, uint64_t size);
void __real_frames_init(const struct boot_info *boot, void *memory);
void __wrap_frames_init(const struct boot_info *boot, void *memory);
void __wrap_trace_add(struct corbel_trace record);

enum { HEAP, FRAMES, RAM, STATICS, REGIONS };
static struct {
	const char *name;
	const uint8_t *at;
	uint8_t *copy; /* shared by all processes, so that writing to it costs no page */
	size_t size;
} region[REGIONS] = {{.name = "heap"}, {.name = "frame table"}, {.name = "RAM"}, {.name = "data"}};

static uint8_t *kept; /* RAM */
struct corbel_trace records[RECORDS];
unsigned record_count;

void __wrap_heap_init(uint64_t base, uint64_t size)
{
	region[HEAP].at = (const uint8_t *)(uintptr_t)base;
	region[HEAP].size = size;
	__real_heap_init(base, size);
}

void __wrap_frames_init(const struct boot_info *boot, void *memory)
{
	region[FRAMES].at = memory;
	region[FRAMES].size = frames_table_bytes(boot->ram_top);
	__real_frames_init(boot, memory);
}

void __wrap_trace_add(struct corbel_trace record)
{
	if (record_count < RECORDS) {
		records[record_count] = record;
	}
	record_count++;
}

void records_clear(void)
{
	record_count = 0;
	memset(records, 0, sizeof(records));
}

/* Static data lies between red zones of the sanitizer, so no library function may walk it. */
__attribute__((no_sanitize("address"), noinline)) static uint8_t peek(const uint8_t *at)
{
	return *(const volatile uint8_t *)at;
}

void ram_keep(void)
{
	region[RAM].at = machine_page((frame_t){MACHINE_FIRST});
	region[RAM].size = MACHINE_FRAMES * PAGE_SIZE;
	region[STATICS].at = (const uint8_t *)__data_start;
	region[STATICS].size = (size_t)(_end - __data_start);
	for (unsigned r = 0; r < REGIONS; r++) {
		region[r].copy = mmap(NULL, region[r].size, PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		DENY_CHECK(region[r].copy != MAP_FAILED);
	}
	kept = malloc(region[RAM].size);
	DENY_CHECK(kept);
	memcpy(kept, region[RAM].at, region[RAM].size);
}

void ram_restore(void)
{
	for (uint32_t i = 0; i < MACHINE_FRAMES; i++) {
		uint8_t *page = machine_page((frame_t){MACHINE_FIRST + i});

		if (memcmp(page, kept + i * PAGE_SIZE, PAGE_SIZE) != 0) {
			memcpy(page, kept + i * PAGE_SIZE, PAGE_SIZE);
		}
	}
}

void picture_take(void)
{
	for (unsigned r = 0; r < STATICS; r++) {
		memcpy(region[r].copy, region[r].at, region[r].size);
	}
	for (size_t i = 0; i < region[STATICS].size; i++) {
		region[STATICS].copy[i] = peek(region[STATICS].at + i);
	}
}

static bool within(const uint8_t *at, const struct span *spans, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *from = spans[i].at;

		if (at >= from && at < from + spans[i].size) {
			return true;
		}
	}
	return false;
}

void picture_compare(const char *what, const struct span *spans, unsigned count)
{
	struct span mine[] = {{records, sizeof(records)}, {&record_count, sizeof(record_count)}};

	for (unsigned r = 0; r < REGIONS; r++) {
		const uint8_t *at = region[r].at, *copy = region[r].copy;

		if (r != STATICS && memcmp(at, copy, region[r].size) == 0) {
			continue;
		}
		for (size_t i = 0; i < region[r].size; i++) {
			if (peek(at + i) != copy[i] && !within(at + i, spans, count) &&
			    !within(at + i, mine, ARRAY_SIZE(mine))) {
				deny_fail("%s: byte 0x%zx of the %s changed from %02x to %02x (%p)",
					  what, i, region[r].name, copy[i], peek(at + i),
					  (const void *)(at + i));
			}
		}
	}
}
