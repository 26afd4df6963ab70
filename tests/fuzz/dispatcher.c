/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the hypercall dispatcher with all real handlers.  The input is a sequence of calls
 * by Dom0, two tenants and the builder instance, of writes to guest memory, exits and scheduler
 * work, on the simulated machine of the unit tests.  Nothing may stop the hypervisor.  After each
 * input the references of every frame are counted in the nested tables of all domains
 * (INV-FRAME-2), then everything is destroyed and frames and heap must be what they were.
 */
#include <stdlib.h>
#include "core/build.h"
#include "core/event.h"
#include "core/grant.h"
#include "core/memory.h"
#include "core/sched.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/npt.h"
#include "core/hypercall.c" /* for its table */
#include "cpu/percpu.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENTRY_FRAME 0x000FFFFFFFFFF000ull
#define MAX_STEPS   200

static struct domain *dom0;
static uint16_t first; /* domid of the tenant that is there at the start */
static struct {
	const uint8_t *at, *end;
} input;
static uint64_t free_frames, free_heap;

static uint8_t byte(void)
{
	return input.at < input.end ? *input.at++ : 0;
}

static uint64_t raw(unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++) {
		value = value << 8 | byte();
	}
	return value;
}

/* ---- words that mean something
 * ----------------------------------------------------------------------- */
static uint16_t some_domid(void)
{
	static const uint16_t fixed[] = {0, CORBEL_DOMID_BUILDER, DOMID_SELF, DOMID_XEN, 0x7FFF};
	uint8_t pick = byte() % 9;

	return pick < ARRAY_SIZE(fixed) ? fixed[pick] : (uint16_t)(first + pick % 3);
}

static uint64_t some_word(void)
{
	switch (byte() % 12) {
	case 0:
		return raw(8);
	case 1:
		return WORLD_DATA + byte() * 8;
	case 2:
		return byte() % WORLD_PAGES;
	case 3:
		return (uint64_t)(byte() % (WORLD_PAGES + 4)) << PAGE_SHIFT;
	case 4:
		return some_domid();
	case 5:
		return (CORBEL_BUILDER_WINDOW >> PAGE_SHIFT) + byte() % 16;
	case 6:
		return (uint64_t)byte() << 32 | byte(); /* two small halves */
	case 7:
		return 0x200 + (uint64_t)(byte() % 4) * 0x200; /* block-aligned gfns */
	case 8:
		return raw(4) | (uint64_t)some_domid() << 32;
	case 9:
		return ~0ull << byte() % 64;
	case 10:
		return byte();
	default:
		return 0;
	}
}

static struct domain *some_domain(void)
{
	struct domain *d;

	switch (byte() % 8) {
	case 0:
	case 1:
	case 2:
		return builder_current();
	case 3:
	case 4:
		return dom0;
	default:
		d = world_domain((uint16_t)(first + byte() % 3));
		return d ? d : dom0;
	}
}

static bool has_page(struct domain *d, uint64_t gpa)
{
	frame_t f;

	return npt_ram_frame(d, (gfn_t){gpa >> PAGE_SHIFT}, true, &f);
}

static void write_words(struct domain *d, uint64_t gpa, unsigned count)
{
	for (unsigned i = 0; i < count && has_page(d, gpa); i++) {
		uint64_t word = some_word();

		memcpy(world_memory(d, gpa) + i * 8, &word, sizeof(word));
	}
}

/* ---- steps
 * ------------------------------------------------------------------------------------------ */
static void prepare_argument(struct domain *d, const struct hc_row *row, uint64_t sub)
{
	uint16_t domid = some_domid();
	uint32_t word = (uint32_t)sub;
	uint8_t *arg;

	if (!has_page(d, WORLD_ARG)) {
		return;
	}
	memset(world_memory(d, WORLD_ARG), 0, 256);
	write_words(d, WORLD_ARG, byte() % 16);
	arg = world_memory(d, WORLD_ARG);
	if (row && row->rule == RULE_FIELD) {
		memcpy(arg + row->field, &domid, sizeof(domid));
	}
	if (row && (row->number == __HYPERVISOR_domctl || row->number == __HYPERVISOR_sysctl)) {
		uint32_t version = row->number == __HYPERVISOR_domctl
					   ? XEN_DOMCTL_INTERFACE_VERSION
					   : XEN_SYSCTL_INTERFACE_VERSION;

		memcpy(arg, &word, sizeof(word));
		memcpy(arg + 4, &version, sizeof(version));
	}
	if (row && row->number == CORBEL_HYPERCALL && row->sub == CORBEL_OP_build_create) {
		struct corbel_build_create *create = (void *)arg;

		create->flags = byte() % 8 == 0;
		create->pad = 0;
		create->vcpus = 1 + byte() % 9;
		create->weight = 1 + byte();
		create->max_pages = 64 + byte() * 64;
		copy_string(create->label, sizeof(create->label),
			    byte() % 8 ? TENANT_LABEL : DOM0_LABEL);
	}
}

static void step_call(void)
{
	struct domain *d = some_domain();
	uint8_t pick = byte();
	const struct hc_row *row = pick < ARRAY_SIZE(rows) ? &rows[pick] : NULL;
	uint64_t nr = row ? row->number : raw(2), sub = row ? row->sub : byte();
	uint64_t a1 = sub, a2 = WORLD_ARG, a3 = WORLD_ARG;

	if (!d || !d->vcpu[0] || !domain_runs(d)) {
		return;
	}
	if (d == dom0 && nr == __HYPERVISOR_sched_op && sub == SCHEDOP_shutdown) {
		return; /* Dom0's end is the end of the host */
	}
	sched_wake(d->vcpu[0]); /* who makes a call is not asleep */
	prepare_argument(d, row, sub);
	if (row && row->number == __HYPERVISOR_grant_table_op) {
		write_words(d, WORLD_ARG, 8);
		a3 = byte() % 5;
	} else if (row && row->dir == DIR_LIST) {
		a2 = some_word();
		a3 = some_word();
	} else if (row && row->number == __HYPERVISOR_vcpu_op) {
		a2 = byte() % 4;
	}
	if (nr == __HYPERVISOR_domctl || nr == __HYPERVISOR_sysctl) {
		a1 = WORLD_ARG;
	}
	if (byte() % 16 == 0) { /* hostile registers */
		a1 = some_word();
		a2 = some_word();
		a3 = some_word();
	}
	world_call(d, nr, a1, a2, a3);
}

static void step_grant_entry(void)
{
	struct domain *d = some_domain();
	struct grant_entry_v1 *entry = d && d->grants ? grant_frame(d, byte() % 2) : NULL;

	if (entry) {
		entry += byte() % 16;
		entry->domid = some_domid();
		entry->frame = byte() % (WORLD_PAGES + 2);
		entry->flags = (uint16_t)(byte() % 2 ? GTF_permit_access : raw(2));
	}
}

/* Exits other than hypercalls, and what the scheduler does between runs. */
static void step_machine(void)
{
	struct domain *d = some_domain(), *building = NULL;

	switch (byte() % 8) {
	case 0:
		machine.now += raw(6);
		builder_tick(machine.now);
		break;
	case 1:
		domain_reap(1 + byte());
		break;
	case 2:
		frames_scrub(byte());
		break;
	case 3:
		machine_sync(0);
		break;
	case 4:
	case 5:
		building = world_domain(some_domid());
		if (building && building->state == CORBEL_DOM_building && building->stub_trap &&
		    building->vcpu[0]) {
			build_stub_trapped(building->vcpu[0], byte() % 4);
		}
		break;
	case 6:
		if (d && d != dom0 && d->vcpu[0]) {
			domain_crash(d, "fuzz", 0);
		}
		break;
	default:
		write_words(d, (uint64_t)(byte() % WORLD_PAGES) << PAGE_SHIFT, byte() % 32);
		break;
	}
}

/* ---- references counted anew
 * ------------------------------------------------------------------------ */
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
		unsigned kind = (table[i] >> 9) & 7;
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
		if (kind != NPT_SHARED && kind != NPT_MMIO) {
			count_frames((table[i] & ENTRY_FRAME) >> PAGE_SHIFT, span);
		}
		pages += kind == NPT_RAM ? span : 0;
	}
	return pages;
}

static void count_area(const struct guest_area *a)
{
	for (uint32_t i = 0; a->set && i < a->pin.pages; i++) {
		expected[a->pin.frame[i].n]++;
	}
}

static void check_domain(struct domain *d)
{
	uint64_t pages = d->npt_root ? count_table(d->npt_root, 3) : 0;

	CHECK(pages == d->pages && d->pages <= d->max_pages);
	CHECK(d->heap_pages <= d->heap_limit + 200);           /* tables, vCPUs, ports, grants */
	CHECK(d->state == CORBEL_DOM_building || !d->creator); /* INV-DOM-2 */
	CHECK(d->state != CORBEL_DOM_running || d->foreign_maps == 0);
	for (unsigned i = 0; i < CORBEL_MAX_VCPUS; i++) {
		if (d->vcpu[i]) {
			count_area(&d->vcpu[i]->vcpu_info);
			count_area(&d->vcpu[i]->runstate);
		}
	}
}

static void check_references(void)
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

/* ---- back to the start
 * ------------------------------------------------------------------------------- */
static void renew_dom0(void)
{
	event_teardown(dom0);
	grant_teardown(dom0);
	for (unsigned i = 0; i < dom0->vcpu_count; i++) {
		struct vcpu *v = dom0->vcpu[i];

		if (v->vcpu_info.set) {
			gbuf_unpin(&v->vcpu_info.pin);
		}
		if (v->runstate.set) {
			gbuf_unpin(&v->runstate.pin);
		}
		v->vcpu_info.set = v->runstate.set = false;
		v->state = i ? VCPU_offline : VCPU_runnable;
		memset(v->virq_port, 0, sizeof(v->virq_port));
	}
	CHECK(npt_teardown(dom0, UINT32_MAX));
	dom0->teardown_gfn = 0;
}

static void start_dom0(void)
{
	CHECK(dom0->refs == 1 && dom0->state == CORBEL_DOM_running);
	CHECK(!dom0->grants && dom0->pages == 0);
	CHECK(npt_init(dom0) == 0 && event_init(dom0) == 0 && grant_init(dom0) == 0);
	for (uint64_t gfn = 0; gfn < WORLD_PAGES; gfn++) {
		CHECK(domain_populate(dom0, (gfn_t){gfn}, 0) == 0);
	}
}

static void destroy_all(void)
{
	uint16_t id = CORBEL_DOMID_FIRST;
	struct domain *d;

	builder_ended(0);
	while ((d = domain_next(id)) != NULL) {
		id = (uint16_t)(d->id + 1);
		domain_put(d);
		domain_destroy(d);
	}
	renew_dom0();
	world_settle();
	start_dom0();
	CHECK(!domain_next(CORBEL_DOMID_FIRST));
	CHECK(frames_count().free == free_frames || !free_frames);
	CHECK(heap_free_pages() == free_heap || !free_heap);
	free_frames = frames_count().free;
	free_heap = heap_free_pages();
}

static void init_once(void)
{
	if (!dom0) {
		world_init("base");
		dom0 = world_create(true);
		world_commit(dom0);
		world_start_vcpu(dom0);
		world_seal(dom0, true);
		destroy_all();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	init_once();
	input.at = data;
	input.end = data + size;
	first = world_tenant(true)->id;
	for (unsigned step = 0; step < MAX_STEPS && input.at < input.end; step++) {
		uint8_t kind = byte() % 8;

		if (kind < 5) {
			step_call();
		} else if (kind == 5) {
			step_grant_entry();
		} else {
			step_machine();
		}
		CHECK(machine.slots_now == 0 && percpu_area[0].locks_held == 0);
	}
	check_references();
	destroy_all();
	return 0;
}
