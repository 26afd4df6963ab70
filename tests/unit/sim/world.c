/* SPDX-License-Identifier: MIT */
/* See world.h. */
#include "sim/world.h"
#include "launch/build.h"
#include "launch/builder.h"
#include "launch/life.h"
#include "base/host.h"
#include "measured-boot/shared/sha2.h"
#include "mm/frames.h"
#include "mm/npt.h"
#include "mm/tlb.h"

static struct {
	struct corbel_builder_header header;
	uint8_t text[5000];
} image = {.header = {.magic = CORBEL_BUILDER_MAGIC,
		      .entry = 0x100,
		      .size = sizeof(image),
		      .memory = 0x10000}};
static struct kept_module modules[KEPT_MODULES] = {
	{.name = "plan"}, {.name = "kernel"}, {.name = "initrd"}};

void world_init(const char *policy)
{
	machine_init();
	machine_policy(policy);
	hypercall_init();
	memset(image.text, 0x90, sizeof(image.text));
	sha256(&image, sizeof(image), host.builder_image);
	for (unsigned i = 0; i < KEPT_MODULES; i++) {
		CHECK(frames_alloc(OWNER_HYPERVISOR, BLOCK_ORDER, &modules[i].block[0]) == 0);
		modules[i].blocks = 1;
		modules[i].size = PAGE_SIZE;
	}
	builder_init(&image, sizeof(image), modules);
	builder_start();
}

struct domain *world_domain(uint16_t id)
{
	struct domain *d = domain_find(id);

	if (d) {
		domain_put(d);
	}
	return d;
}

struct domain *world_builder(void)
{
	CHECK(builder_current());
	return builder_current();
}

/* ---- calls ------------------------------------------------------------------------------- */
long world_call(struct domain *d, uint64_t nr, uint64_t a1, uint64_t a2, uint64_t a3)
{
	struct vcpu *v = d->vcpu[0];
	uint64_t rip = v->virt.vmcb->rip;

	v->virt.vmcb->rax = nr;
	v->virt.vmcb->cpl = 0;
	v->virt.regs.rdi = a1;
	v->virt.regs.rsi = a2;
	v->virt.regs.rdx = a3;
	hypercall_dispatch(&v->virt);
	CHECK(machine.slots_now == 0);
	if (d->vcpu[0] != v || d->state == CORBEL_DOM_dying || d->state == CORBEL_DOM_building) {
		return WORLD_GONE;
	}
	CHECK(v->virt.vmcb->rip == rip + 3);
	return (long)v->virt.vmcb->rax;
}

uint8_t *world_memory(struct domain *d, uint64_t gpa)
{
	struct npt_entry e;

	CHECK(npt_lookup(&d->npt, (gfn_t){gpa >> PAGE_SHIFT}, &e));
	return machine_page(e.frame) + (gpa & PAGE_MASK);
}

long world_arg(struct domain *d, uint64_t nr, uint64_t sub, void *arg, size_t size)
{
	uint8_t *at = world_memory(d, WORLD_ARG);
	long result;

	memcpy(at, arg, size);
	if (nr == __HYPERVISOR_domctl || nr == __HYPERVISOR_sysctl) {
		result = world_call(d, nr, WORLD_ARG, 0, 0);
	} else if (nr == __HYPERVISOR_vcpu_op) {
		result = world_call(d, nr, sub, 0, WORLD_ARG);
	} else {
		result = world_call(d, nr, sub, WORLD_ARG, 0);
	}
	if (result != WORLD_GONE) {
		memcpy(arg, at, size);
	}
	return result;
}

/* ---- the builder's steps ----------------------------------------------------------------- */
static long build_call(uint64_t op, void *arg, size_t size)
{
	return world_arg(world_builder(), CORBEL_HYPERCALL, op, arg, size);
}

/* Dom0 says that it has stored all records, so that the launch log never fills up. */
bool world_stores_log = true;
static void store_log(void)
{
	static uint64_t
		stored; /* may be short of what a test has stored by itself: then an error */
	struct corbel_log_read log = {.first = stored, .stored = stored};
	struct domain *dom0 = world_domain(CORBEL_DOMID_DOM0);

	if (world_stores_log &&
	    world_arg(dom0, CORBEL_HYPERCALL, CORBEL_OP_log_read, &log, sizeof(log)) == 0) {
		stored = log.first = log.stored = log.count;
		world_arg(dom0, CORBEL_HYPERCALL, CORBEL_OP_log_read, &log, sizeof(log));
	}
}

void world_session(void)
{
	struct corbel_rendezvous meeting = {.ref = 8, .port = 3};

	CHECK(world_arg(world_domain(CORBEL_DOMID_DOM0), CORBEL_HYPERCALL, CORBEL_OP_rendezvous_set,
			&meeting, sizeof(meeting)) == 0);
	build_call(CORBEL_OP_rendezvous_get, &meeting, sizeof(meeting));
	store_log();
}

struct domain *world_create(bool dom0)
{
	struct corbel_build_create create = {.flags = dom0 ? CORBEL_BUILD_DOM0 : 0,
					     .max_pages = 2048,
					     .vcpus = 2,
					     .weight = 256};
	struct xen_memory_reservation r = {.nr_extents = WORLD_PAGES};
	xen_pfn_t gfns[WORLD_PAGES];
	struct domain *d;

	copy_string(create.label, sizeof(create.label), dom0 ? DOM0_LABEL : TENANT_LABEL);
	if (!dom0) {
		world_session();
	}
	CHECK(build_call(CORBEL_OP_build_create, &create, sizeof(create)) == 0);
	d = world_domain(create.domid);
	CHECK(d && d->state == CORBEL_DOM_building && d->build.creator == world_builder());
	for (unsigned i = 0; i < WORLD_PAGES; i++) {
		gfns[i] = i;
	}
	memcpy(world_memory(world_builder(), WORLD_DATA), gfns, sizeof(gfns));
	r.extent_start.p = (void *)(uintptr_t)WORLD_DATA;
	r.domid = d->id;
	CHECK(world_arg(world_builder(), __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r,
			sizeof(r)) == WORLD_PAGES);
	return d;
}

void world_commit(struct domain *d)
{
	struct corbel_build_commit commit = {.domid = d->id};

	memset(commit.kernel, 0x55, sizeof(commit.kernel));
	CHECK(build_call(CORBEL_OP_build_commit, &commit, sizeof(commit)) == 0);
}

void world_start_vcpu(struct domain *d)
{
	struct corbel_build_vcpu vcpu = {.domid = d->id, .eip = 0x1000, .ebx = 0x2000};

	CHECK(build_call(CORBEL_OP_build_vcpu, &vcpu, sizeof(vcpu)) == 0);
}

struct domain *world_seal(struct domain *d, bool run)
{
	struct corbel_build_seal seal = {.domid = d->id, .run = run};
	struct corbel_build_done done = {.status = 0};
	uint32_t instance = world_builder()->build.instance;

	CHECK(build_call(CORBEL_OP_build_seal, &seal, sizeof(seal)) == 0);
	CHECK(d->state == (run ? CORBEL_DOM_running : CORBEL_DOM_sealed) && !d->build.creator);
	CHECK(build_call(CORBEL_OP_build_done, &done, sizeof(done)) == WORLD_GONE);
	world_settle();
	CHECK(world_builder()->build.instance == instance + 1);
	return d;
}

struct domain *world_tenant(bool run)
{
	struct domain *d = world_create(false);

	world_commit(d);
	world_start_vcpu(d);
	return world_seal(d, run);
}

void world_settle(void)
{
	for (unsigned round = 0; round < 1000; round++) {
		bool idle = domain_reap(4096);

		machine_settle();
		builder_tick(machine.now);
		if (idle && builder_current() && frames_count().dirty == 0) {
			return;
		}
	}
	panic("reaper: no end");
}

void world_destroy(struct domain *d)
{
	uint16_t id = d->id;

	domain_destroy(d);
	world_settle();
	CHECK(!world_domain(id));
}

uint64_t world_frames_free(void)
{
	world_settle();
	return frames_count().free;
}

long world_unmap(struct domain *d, uint64_t gfn)
{
	struct xen_remove_from_physmap op = {.domid = DOMID_SELF, .gpfn = gfn};

	return world_arg(d, __HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &op, sizeof(op));
}

void world_end_all(void)
{
	uint16_t id = CORBEL_DOMID_FIRST;
	struct domain *d;

	builder_ended(0);
	while ((d = domain_next(id)) != NULL) {
		id = (uint16_t)(d->id + 1);
		domain_put(d);
		domain_destroy(d);
	}
}
