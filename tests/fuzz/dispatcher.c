/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the hypercall dispatcher with all real handlers.  The input is a sequence of calls
 * by Dom0, two tenants and the builder instance, of writes to guest memory, exits and scheduler
 * work, on the simulated machine of the unit tests.  Nothing may stop the hypervisor.  After each
 * input the references of every frame are counted in the nested tables of all domains
 * (INV-FRAME-2), then everything is destroyed and frames and heap must be what they were.
 */
#include <stdlib.h>
#include "launch/build.h"
#include "ipc/grant.h"
#include "domain/sched.h"
#include "mm/frames.h"
#include "mm/npt.h"
#include "calls/hypercall.c" /* for its table */
#include "cpu/percpu.h"
#include "dispatcher.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_STEPS 200

static struct domain *dom0;
static uint16_t first; /* domid of the tenant that is there at the start */
static struct {
	const uint8_t *at, *end;
} input;

uint8_t fuzz_byte(void)
{
	return input.at < input.end ? *input.at++ : 0;
}

static uint64_t raw(unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++) {
		value = value << 8 | fuzz_byte();
	}
	return value;
}

/* ---- words that mean something ----------------------------------------------------------- */
uint16_t fuzz_domid(void)
{
	static const uint16_t fixed[] = {0, CORBEL_DOMID_BUILDER, DOMID_SELF, DOMID_XEN, 0x7FFF};
	uint8_t pick = fuzz_byte() % 9;

	return pick < ARRAY_SIZE(fixed) ? fixed[pick] : (uint16_t)(first + pick % 3);
}

static uint64_t some_word(void)
{
	switch (fuzz_byte() % 12) {
	case 0:
		return raw(8);
	case 1:
		return WORLD_DATA + fuzz_byte() * 8;
	case 2:
		return fuzz_byte() % WORLD_PAGES;
	case 3:
		return (uint64_t)(fuzz_byte() % (WORLD_PAGES + 4)) << PAGE_SHIFT;
	case 4:
		return fuzz_domid();
	case 5:
		return (CORBEL_BUILDER_WINDOW >> PAGE_SHIFT) + fuzz_byte() % 16;
	case 6:
		return (uint64_t)fuzz_byte() << 32 | fuzz_byte(); /* two small halves */
	case 7:
		return 0x200 + (uint64_t)(fuzz_byte() % 4) * 0x200; /* block-aligned gfns */
	case 8:
		return raw(4) | (uint64_t)fuzz_domid() << 32;
	case 9:
		return ~0ull << fuzz_byte() % 64;
	case 10:
		return fuzz_byte();
	default:
		return 0;
	}
}

static struct domain *some_domain(void)
{
	struct domain *d;

	switch (fuzz_byte() % 8) {
	case 0:
	case 1:
	case 2:
		return builder_current();
	case 3:
	case 4:
		return dom0;
	default:
		d = world_domain((uint16_t)(first + fuzz_byte() % 3));
		return d ? d : dom0;
	}
}

static bool has_page(struct domain *d, uint64_t gpa)
{
	struct npt_entry e;

	return npt_lookup(&d->npt, (gfn_t){gpa >> PAGE_SHIFT}, &e) && e.kind == NPT_RAM;
}

static void write_words(struct domain *d, uint64_t gpa, unsigned count)
{
	for (unsigned i = 0; i < count && has_page(d, gpa); i++) {
		uint64_t word = some_word();

		memcpy(world_memory(d, gpa) + i * 8, &word, sizeof(word));
	}
}

/* ---- steps ------------------------------------------------------------------------------- */
/* The argument at its place, for who can run and has memory there. */
void fuzz_call(struct domain *d, uint64_t nr, uint64_t sub, void *arg, size_t size)
{
	if (!d || !d->vcpu[0] || !domain_runs(d) || !has_page(d, WORLD_ARG)) {
		return;
	}
	sched_wake(d->vcpu[0]); /* who makes a call is not asleep */
	memcpy(world_memory(d, WORLD_ARG), arg, size);
	if (nr == __HYPERVISOR_vcpu_op) {
		world_call(d, nr, sub, 0, WORLD_ARG);
	} else {
		world_call(d, nr, sub, WORLD_ARG, 1);
	}
}

static void prepare_argument(struct domain *d, const struct hc_row *row, uint64_t sub)
{
	uint16_t domid = fuzz_domid();
	uint32_t word = (uint32_t)sub;
	uint8_t *arg;

	if (!has_page(d, WORLD_ARG)) {
		return;
	}
	memset(world_memory(d, WORLD_ARG), 0, 256);
	write_words(d, WORLD_ARG, fuzz_byte() % 16);
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

		create->flags = fuzz_byte() % 8 == 0;
		create->pad = 0;
		create->vcpus = 1 + fuzz_byte() % 9;
		create->weight = 1 + fuzz_byte();
		create->max_pages = 64 + fuzz_byte() * 64;
		copy_string(create->label, sizeof(create->label),
			    fuzz_byte() % 8 ? TENANT_LABEL : DOM0_LABEL);
	}
}

static void step_call(void)
{
	struct domain *d = some_domain();
	uint8_t pick = fuzz_byte();
	const struct hc_row *row = pick < ARRAY_SIZE(rows) ? &rows[pick] : NULL;
	uint64_t nr = row ? row->number : raw(2), sub = row ? row->sub : fuzz_byte();
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
		a3 = fuzz_byte() % 5;
	} else if (row && row->dir == DIR_LIST) {
		a2 = some_word();
		a3 = some_word();
	} else if (row && row->number == __HYPERVISOR_vcpu_op) {
		a2 = fuzz_byte() % 4;
	}
	if (nr == __HYPERVISOR_domctl || nr == __HYPERVISOR_sysctl) {
		a1 = WORLD_ARG;
	}
	if (fuzz_byte() % 16 == 0) { /* hostile registers */
		a1 = some_word();
		a2 = some_word();
		a3 = some_word();
	}
	world_call(d, nr, a1, a2, a3);
}

static void step_grant_entry(void)
{
	struct domain *d = some_domain();
	struct grant_entry_v1 *entry = d && d->grants ? grant_frame(d, fuzz_byte() % 2) : NULL;

	if (entry) {
		entry += fuzz_byte() % 16;
		entry->domid = fuzz_domid();
		entry->frame = fuzz_byte() % (WORLD_PAGES + 2);
		entry->flags = (uint16_t)(fuzz_byte() % 2 ? GTF_permit_access : raw(2));
	}
}

/* Exits other than hypercalls, and what the scheduler does between runs. */
static void step_machine(void)
{
	struct domain *d = some_domain(), *building = NULL;

	switch (fuzz_byte() % 8) {
	case 0:
		machine.now += raw(6);
		builder_tick(machine.now);
		break;
	case 1:
		IGNORED(domain_reap(1 + fuzz_byte()));
		break;
	case 2:
		frames_scrub(fuzz_byte());
		break;
	case 3:
		machine_sync(0);
		break;
	case 4:
	case 5:
		building = world_domain(fuzz_domid());
		if (building && building->state == CORBEL_DOM_building &&
		    building->build.stub_trap && building->vcpu[0]) {
			build_stub_trapped(building->vcpu[0],
					   building->build.stub_trap + (fuzz_byte() % 4 << 20));
		}
		break;
	case 6:
		if (d && d != dom0 && d->vcpu[0]) {
			domain_crash(d, "fuzz", 0);
		}
		break;
	default:
		write_words(d, (uint64_t)(fuzz_byte() % WORLD_PAGES) << PAGE_SHIFT,
			    fuzz_byte() % 32);
		break;
	}
}

/* ---- one input --------------------------------------------------------------------------- */
static void init_once(void)
{
	if (!dom0) {
		world_init("cloud");
		dom0 = world_create(true);
		world_commit(dom0);
		world_start_vcpu(dom0);
		world_seal(dom0, true);
		destroy_all(dom0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	init_once();
	input.at = data;
	input.end = data + size;
	first = world_tenant(true)->id;
	for (unsigned step = 0; step < MAX_STEPS && input.at < input.end; step++) {
		uint8_t kind = fuzz_byte() % 7;

		if (kind < 3) {
			step_call();
		} else if (kind < 5) {
			step_known(dom0);
		} else if (kind == 5) {
			step_grant_entry();
		} else {
			step_machine();
		}
		CHECK(machine.slots_now == 0 && percpu_area[0].locks_held == 0);
	}
	check_references();
	destroy_all(dom0);
	return 0;
}
