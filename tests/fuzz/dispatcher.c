/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the hypercall dispatcher with every handler behind it, on the simulated machine of
 * the unit tests.  An input is a series of calls by Dom0, two tenants and the builder: who, which
 * row of the table, which pointers, which bytes.  Afterwards everything is taken down and every
 * frame must be back.  The product's own CHECKs and the sanitizers find the rest.
 */
#include "tests/unit/world.h"
#include "core/build.h"
#include "core/builder.h"
#include "core/event.h"
#include "core/grant.h"
#include "core/sched.h"
#include "mm/npt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct row {
	uint8_t number, sub;
};

static const struct row rows[] = {
#define HC(nr, sub, ...)   {nr, sub},
#define DENY(nr, sub, ...) {nr, sub},
#define DENY_REST(nr, ...) {nr, 63},
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST
};

struct cursor {
	const uint8_t *at;
	size_t left;
};

static uint8_t take(struct cursor *c)
{
	if (c->left == 0) {
		return 0;
	}
	c->left--;
	return *c->at++;
}

static struct domain *dom0, *tenant[2];
static uint64_t frames_at_rest;

static void build_dom0(void)
{
	machine.quiet = true;
	world_init("base");
	dom0 = world_create(true);
	world_commit(dom0);
	world_start_vcpu(dom0);
	world_seal(dom0, true);
	frames_at_rest = world_frames_free();
}

static bool sub_in_argument(uint8_t number)
{
	return number == __HYPERVISOR_domctl || number == __HYPERVISOR_sysctl ||
	       number == __HYPERVISOR_platform_op;
}

/* Dom0 lives as long as the process: it may not switch itself off or drop its own first pages. */
static bool ends_dom0(const struct row *row, const uint8_t *argument)
{
	uint64_t gfn;

	if (row->number == __HYPERVISOR_sched_op) {
		return row->sub == 2;
	}
	if (row->number != __HYPERVISOR_memory_op) {
		return false;
	}
	memcpy(&gfn, argument + (row->sub == XENMEM_add_to_physmap ? 24 : 8), sizeof(gfn));
	return row->sub == XENMEM_add_to_physmap_batch || gfn < 64;
}

static uint64_t pointer(struct cursor *c)
{
	static const uint64_t values[] = {
		WORLD_ARG, WORLD_DATA, WORLD_DATA + 0xff8, WORLD_ARG + 1,
		0,         0xffc,      WORLD_PAGES << 12,  (WORLD_PAGES << 12) - 4,
		0x100000,  1ull << 35, 1ull << 36,         1ull << 63,
		~7ull,     ~0ull,      0x800000000000ull,  1,
	};

	return values[take(c) % (sizeof(values) / sizeof(values[0]))];
}

static struct domain *caller(uint8_t who)
{
	return who == 0 ? dom0 : who == 1 ? world_builder() : tenant[who & 1];
}

/* The bytes of the argument: small numbers mean more than noise, so a byte is spread to a word. */
static void argument(struct cursor *c, uint8_t *out, const struct row *row)
{
	static const uint32_t interesting[] = {0, 1, 2, 3, 0x7ff0, 0xffffffff, WORLD_DATA, 0x7ff1};
	unsigned words = take(c) % 24;

	memset(out, 0, 256);
	for (unsigned i = 0; i < words; i++) {
		uint8_t b = take(c);
		uint32_t word = b < 0x60   ? b
				: b < 0x80 ? interesting[b & 7]
				: b < 0xc0 ? (uint32_t)take(c) << 8 | b
					   : (uint32_t)pointer(c);

		memcpy(out + 4 * i, &word, 4);
	}
	if (sub_in_argument(row->number)) {
		uint32_t head[2] = {row->sub,
				    row->number == __HYPERVISOR_platform_op ? 0x03000001 : 0x15};

		memcpy(out, head, sizeof(head));
	}
}

static void one_call(struct cursor *c)
{
	struct domain *d = caller(take(c) % 4);
	struct row row = rows[take(c) % (sizeof(rows) / sizeof(rows[0]))];
	uint8_t shape = take(c), bytes[256];
	struct npt_entry e;
	uint64_t a[3];

	argument(c, bytes, &row);
	if (!d || d->state != CORBEL_DOM_running || !d->vcpu[0] ||
	    (d == dom0 && ends_dom0(&row, bytes))) {
		return;
	}
	if (d->vcpu[0]->state != VCPU_runnable) {
		sched_wake(d->vcpu[0]);
	}
	if (npt_lookup(d, (gfn_t){WORLD_ARG >> PAGE_SHIFT}, &e) && e.kind == NPT_RAM) {
		memcpy(world_memory(d, WORLD_ARG), bytes, sizeof(bytes));
	}
	a[0] = sub_in_argument(row.number) ? WORLD_ARG : row.sub;
	a[1] = row.number == __HYPERVISOR_vcpu_op ? 0 : WORLD_ARG;
	a[2] = row.number == __HYPERVISOR_vcpu_op ? WORLD_ARG : 1 + (shape >> 6);
	if (shape & 1) {
		a[sub_in_argument(row.number) ? 0 : 1] = pointer(c);
	}
	if (shape & 2) {
		a[2] = pointer(c);
	}
	if ((shape & 12) == 12) {
		a[0] = take(c);
	}
	world_call(d, row.number, a[0], a[1], a[2]);
}

/* Dom0 drops what it holds; tenants and the builder go. */
static void take_down(void)
{
	struct corbel_build_done done = {.status = 0};

	event_teardown(dom0);
	grant_teardown(dom0);
	for (unsigned i = 0; i < 2; i++) {
		if (tenant[i] && tenant[i]->state != CORBEL_DOM_dying) {
			domain_destroy(tenant[i]);
		}
	}
	world_settle();
	if (builder_target()) {
		struct domain *b = world_builder();

		if (b->vcpu[0]->state != VCPU_runnable) {
			sched_wake(b->vcpu[0]);
		}
		world_arg(b, CORBEL_HYPERCALL, CORBEL_OP_build_done, &done, sizeof(done));
	}
	CHECK(event_init(dom0) == 0 && grant_init(dom0) == 0);
	world_settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = {data, size};

	if (!dom0) {
		build_dom0();
	}
	for (unsigned i = 0; i < 2; i++) {
		tenant[i] = world_tenant(true);
		domain_get(tenant[i]);
	}
	for (unsigned calls = 0; c.left > 0 && calls < 64; calls++) {
		one_call(&c);
	}
	for (unsigned i = 0; i < 2; i++) {
		domain_put(tenant[i]);
	}
	take_down();
	tenant[0] = tenant[1] = NULL;
	CHECK(world_frames_free() == frames_at_rest);
	return 0;
}
