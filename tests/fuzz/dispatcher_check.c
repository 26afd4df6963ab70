/* SPDX-License-Identifier: MIT */
/*
 * What must be true after each input of the dispatcher's fuzz target, whatever it did: references
 * of every frame, counted in the nested tables as the processor reads them, and nothing lost once
 * everything is destroyed.
 */
#include "dispatcher.h"
#include "launch/build.h"
#include "ipc/event.h"
#include "ipc/grant.h"
#include "domain/memory.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/npt.h"

#define ENTRY_FRAME 0x000FFFFFFFFFF000ull

static uint64_t free_frames, free_heap;

/* ---- references counted anew ------------------------------------------------------------- */
static uint32_t expected[MACHINE_FIRST + MACHINE_FRAMES];

static void count_frames(uint64_t first, uint64_t count)
{
	for (uint64_t n = first; n < first + count; n++) {
		CHECK(n >= MACHINE_FIRST && n < ARRAY_SIZE(expected));
		expected[n]++;
	}
}

/* Returns how many pages of RAM lie below. */
static uint64_t count_table(const uint64_t *table, unsigned level)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < 512; i++) {
		bool is_ram = table[i] >> 8 & 1, for_devices = table[i] >> 61 & 1;
		unsigned kind = table[i] >> 59 & 3; /* of those that devices do not reach */
		bool is_held = for_devices || (kind != 0 && kind != 3);
		bool leaf = level == 0 || (table[i] & 0x80);
		uint64_t span = level ? 512 : 1;

		if (!(table[i] & 1)) {
			continue;
		}
		if (!leaf) {
			pages += count_table((const uint64_t *)(table[i] & ENTRY_FRAME), level - 1);
			continue;
		}
		CHECK(level < 2);
		if (is_held) { /* neither a shared page nor MMIO */
			count_frames((table[i] & ENTRY_FRAME) >> PAGE_SHIFT, span);
		}
		pages += is_ram ? span : 0;
	}
	return pages;
}

static void count_area(const struct gbuf *a)
{
	for (uint32_t i = 0; i < a->pages; i++) {
		expected[a->frame[i].n]++;
	}
}

static void check_domain(struct domain *d)
{
	uint64_t pages = d->npt.root ? count_table(d->npt.root, 3) : 0;

	CHECK(pages == d->charge.ram_pages && d->charge.ram_pages <= d->charge.ram_limit);
	CHECK(d->charge.heap_pages <= d->npt.limit + 200); /* tables, vCPUs, ports, grants */
	CHECK(d->state == CORBEL_DOM_building || !d->build.creator); /* INV-DOM-2 */
	CHECK(d->state != CORBEL_DOM_running || d->mapped_by_builder == 0);
	for (unsigned i = 0; i < CORBEL_MAX_VCPUS; i++) {
		if (d->vcpu[i]) {
			count_area(&d->vcpu[i]->vcpu_info);
			count_area(&d->vcpu[i]->runstate_area);
		}
	}
}

void check_references(void)
{
	uint16_t id = 0;

	memset(expected, 0, sizeof(expected));
	for (struct domain *d = domain_next(0); d; d = domain_next(id)) {
		check_domain(d);
		id = (uint16_t)(d->id + 1);
		domain_put(d);
	}
	for (uint64_t n = MACHINE_FIRST; n < ARRAY_SIZE(expected); n++) {
		frame_t f = {n};

		/* boot modules: the hypervisor's own reference stands for their whole life */
		if (frame_owner(f) != OWNER_HYPERVISOR) {
			CHECK(frame_refs(f) == expected[n]);
		}
	}
}

/* ---- back to the start ------------------------------------------------------------------- */
static void renew(struct domain *dom0)
{
	event_teardown(dom0);
	grant_teardown(dom0);
	for (unsigned i = 0; i < dom0->vcpu_count; i++) {
		struct vcpu *v = dom0->vcpu[i];

		gbuf_unpin(&v->vcpu_info);
		gbuf_unpin(&v->runstate_area);
		v->state = i ? VCPU_offline : VCPU_runnable;
		memset(v->virq_port, 0, sizeof(v->virq_port));
	}
	CHECK(npt_teardown(&dom0->npt, UINT32_MAX));
	dom0->npt.teardown_gfn = 0;
}

static void start_again(struct domain *dom0)
{
	CHECK(dom0->refs == 1 && dom0->state == CORBEL_DOM_running);
	CHECK(!dom0->grants && dom0->charge.ram_pages == 0);
	CHECK(npt_init(&dom0->npt, &dom0->charge.heap_pages) == 0 && event_init(dom0) == 0 &&
	      grant_init(dom0) == 0);
	for (uint64_t gfn = 0; gfn < WORLD_PAGES; gfn++) {
		CHECK(domain_populate(dom0, (gfn_t){gfn}, 0) == 0);
	}
}

void destroy_all(struct domain *control)
{
	world_end_all();
	renew(control);
	world_settle();
	start_again(control);
	CHECK(!domain_next(CORBEL_DOMID_FIRST));
	CHECK(frames_count().free == free_frames || !free_frames);
	CHECK(heap_free_pages() == free_heap || !free_heap);
	free_frames = frames_count().free;
	free_heap = heap_free_pages();
}
