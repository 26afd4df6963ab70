/* SPDX-License-Identifier: MIT */
/*
 * Populates the domain being built and maps it, 64 aligned pages at a time, into two windows: one
 * to write through, one to read through.  A new batch replaces the old one at the same place, so at
 * most 128 foreign mappings exist at any time and window_close() drops them all.
 */
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"
#include "builder-domain/window.h"

#define ORDER_SMALL 0u
#define ORDER_LARGE 9u
#define LARGE_PAGES (1u << ORDER_LARGE)

#define NO_BATCH UINT64_MAX

enum slot { SLOT_WRITE, SLOT_READ, SLOT_COUNT };

static struct {
	uint16_t domid;
	struct ram ram;
	uint64_t batch[SLOT_COUNT]; /* guest-physical start of the batch, or NO_BATCH */
} window;

struct ram ram_of(uint32_t memory_mib)
{
	uint64_t bytes = (uint64_t)memory_mib << 20;
	struct ram ram = {.low_end = bytes};

	if (bytes > RAM_LOW_LIMIT) {
		ram.low_end = RAM_LOW_LIMIT;
		ram.high_end = RAM_HIGH_BASE + bytes - RAM_LOW_LIMIT;
	}
	return ram;
}

/* Returns how many extents were made. */
static MUST_CHECK long populate_some(uint64_t gfn, uint64_t end, unsigned order)
{
	uint64_t pages = 1ul << order;
	uint64_t gfns[WINDOW_PAGES];
	unsigned count = 0;

	while (count < WINDOW_PAGES && gfn + pages <= end) {
		gfns[count] = gfn;
		count++;
		gfn += pages;
	}
	return memory_populate(window.domid, gfns, count, order);
}

/*
 * In large extents while the host has them; where it has not, the next 2 MiB in single pages.
 * -EAGAIN means that frames of others are being scrubbed, some by this very call: asking again
 * ends, because nobody but a builder makes new ones, and the hypervisor's deadline is above all.
 */
static MUST_CHECK int populate(uint64_t gfn, uint64_t end)
{
	uint64_t small_end = 0; /* up to here single pages, because no large extent was left */

	while (gfn < end) {
		uint64_t part_end = end;
		unsigned order = ORDER_LARGE;
		long done;

		if (gfn < small_end) {
			part_end = small_end;
			order = ORDER_SMALL;
		} else if (end - gfn < LARGE_PAGES) {
			order = ORDER_SMALL;
		}
		done = populate_some(gfn, part_end, order);
		if (done > 0) {
			gfn += (uint64_t)done << order;
		} else if (done == -XEN_EAGAIN) {
			continue;
		} else if (order == ORDER_LARGE) {
			small_end = gfn + LARGE_PAGES;
		} else if (done == 0 || done == -XEN_ENOMEM) {
			return fail(XEN_ENOMEM, "memory: host has none left at %lu MiB",
				    gfn >> (20 - PAGE_SHIFT));
		} else {
			return call_result("memory", done);
		}
	}
	return 0;
}

static void forget_batches(void)
{
	for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
		window.batch[slot] = NO_BATCH;
	}
}

int window_open(uint16_t domid, const struct ram *ram)
{
	window.domid = domid;
	window.ram = *ram;
	forget_batches();
	return populate(0, ram->low_end >> PAGE_SHIFT)
		       ?: populate(RAM_HIGH_BASE >> PAGE_SHIFT, ram->high_end >> PAGE_SHIFT);
}

static uint64_t slot_gpa(enum slot slot)
{
	return CORBEL_BUILDER_WINDOW + slot * WINDOW_BYTES;
}

int window_close(void)
{
	for (unsigned page = 0; page < SLOT_COUNT * WINDOW_PAGES; page++) {
		long rc = foreign_unmap(CORBEL_BUILDER_WINDOW + page * PAGE_SIZE);

		if (rc != 0) {
			return fail(XEN_EFAULT, "memory: window page %u not unmapped: %d", page,
				    (int)-rc);
		}
	}
	forget_batches();
	return 0;
}

static int in_ram(uint64_t gpa, uint64_t len)
{
	const struct ram *ram = &window.ram;

	if (gpa < ram->low_end) {
		return len <= ram->low_end - gpa;
	}
	return gpa >= RAM_HIGH_BASE && gpa < ram->high_end && len <= ram->high_end - gpa;
}

/* Makes the slot show a batch, all RAM or none of it: RAM is a whole number of MiB. */
static MUST_CHECK int show(enum slot slot, uint64_t batch)
{
	uint64_t gfn = batch >> PAGE_SHIFT;
	long rc;

	if (window.batch[slot] == batch) {
		return 0;
	}
	/* Even a refused batch may have replaced some pages. */
	window.batch[slot] = NO_BATCH;
	rc = foreign_map(window.domid, gfn, WINDOW_PAGES, slot_gpa(slot));
	if (rc != 0) {
		return fail(XEN_EFAULT, "memory: 0x%lx cannot be mapped: error %d", batch,
			    (int)-rc);
	}
	window.batch[slot] = batch;
	return 0;
}

/* Maps the batch around gpa and says how much of [gpa, gpa + len) lies in it. */
static MUST_CHECK int view(enum slot slot, uint64_t gpa, uint64_t len, uint8_t **at, uint64_t *size)
{
	uint64_t batch = gpa & ~(WINDOW_BYTES - 1);
	uint64_t room = batch + WINDOW_BYTES - gpa;
	uint8_t *shown = guest_pointer(slot_gpa(slot));
	int rc;

	if (!in_ram(gpa, len)) {
		return fail(XEN_EFAULT, "memory: 0x%lx+0x%lx is not RAM of the domain", gpa, len);
	}
	rc = show(slot, batch);
	if (rc != 0) {
		return rc;
	}
	*at = shown + (gpa - batch);
	*size = MIN(len, room);
	return 0;
}

int target_view(uint64_t gpa, uint64_t len, const uint8_t **at, uint64_t *size)
{
	uint8_t *bytes = NULL;
	int rc = view(SLOT_READ, gpa, len, &bytes, size);

	*at = bytes;
	return rc;
}

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_ZERO };

static MUST_CHECK int touch(enum access access, uint64_t gpa, uint8_t *local, uint64_t len)
{
	enum slot slot = SLOT_WRITE;

	if (access == ACCESS_READ) {
		slot = SLOT_READ;
	}
	while (len > 0) {
		uint8_t *at;
		uint64_t size;
		int rc = view(slot, gpa, len, &at, &size);

		if (rc != 0) {
			return rc;
		}
		switch (access) {
		case ACCESS_READ:
			memcpy(local, at, size);
			local += size;
			break;
		case ACCESS_WRITE:
			memcpy(at, local, size);
			local += size;
			break;
		case ACCESS_ZERO:
			memset(at, 0, size);
			break;
		}
		gpa += size;
		len -= size;
	}
	return 0;
}

int target_read(uint64_t gpa, void *out, uint64_t len)
{
	return touch(ACCESS_READ, gpa, out, len);
}

int target_write(uint64_t gpa, const void *in, uint64_t len)
{
	return touch(ACCESS_WRITE, gpa, (uint8_t *)(uintptr_t)in, len);
}

int target_zero(uint64_t gpa, uint64_t len)
{
	return touch(ACCESS_ZERO, gpa, NULL, len);
}

int target_copy(uint64_t to, uint64_t from, uint64_t len)
{
	while (len > 0) {
		const uint8_t *at;
		uint64_t size;
		int rc = target_view(from, len, &at, &size);

		if (rc == 0) {
			rc = target_write(to, at, size);
		}
		if (rc != 0) {
			return rc;
		}
		to += size;
		from += size;
		len -= size;
	}
	return 0;
}
