/* SPDX-License-Identifier: MIT */
/*
 * Builds (launch/build.c, launch/builder.c, the builder's part of domain/memory.c), by hypercalls
 * on the simulated machine: the rules of each step and of the seal, the unpacking stub, and every
 * way in which a builder instance can end, from every step of a build.  After each test frames and
 * heap are what they were before.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "launch/build.h"
#include "launch/builder.h"
#include "base/host.h"
#include "cpu/percpu.h"
#include "domain/memory.h"
#include "domain/sched.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/npt.h"
#include "sim/world.h"
#include <xen/errno.h>

#define BUDGET 10000000u /* the most that a stub may have, in ms */
#define WINDOW (CORBEL_BUILDER_WINDOW >> PAGE_SHIFT)

static struct domain *dom0;
static uint64_t frames_before, heap_before;

static int setup_once(void **state)
{
	(void)state;
	world_init("cloud");
	dom0 = world_create(true);
	world_commit(dom0);
	world_start_vcpu(dom0);
	world_seal(dom0, true);
	return 0;
}

static int setup(void **state)
{
	(void)state;
	frames_before = world_frames_free();
	heap_before = heap_free_pages();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_end_all();
	assert_int_equal(world_frames_free(), frames_before);
	assert_int_equal(heap_free_pages(), heap_before);
	return 0;
}

static long corbel(struct domain *d, uint64_t op, void *arg, size_t size)
{
	return world_arg(d, CORBEL_HYPERCALL, op, arg, size);
}

#define BUILD(op, ...)                                                                             \
	corbel(world_builder(), CORBEL_OP_build_##op, &(struct corbel_build_##op){__VA_ARGS__},    \
	       sizeof(struct corbel_build_##op))

static long map_window(struct domain *target, uint64_t from, uint64_t to, int *error)
{
	uint64_t *data = (void *)world_memory(world_builder(), WORLD_DATA);
	struct xen_add_to_physmap_batch op = {
		.domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1};
	long rc;

	data[0] = from;
	data[1] = to;
	op.u.foreign_domid = target->id;
	op.idxs.p = (void *)(uintptr_t)WORLD_DATA;
	op.gpfns.p = (void *)(uintptr_t)(WORLD_DATA + 8);
	op.errs.p = (void *)(uintptr_t)(WORLD_DATA + 16);
	rc = world_arg(world_builder(), __HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, &op,
		       sizeof(op));
	memcpy(error, &data[2], sizeof(*error));
	return rc;
}

/* ---- builds ------------------------------------------------------------------------------ */
static void create_rules(void **state)
{
	struct corbel_build_create good = {
		.max_pages = 100, .vcpus = 1, .weight = 1, .label = TENANT_LABEL};
	struct corbel_build_create bad;

	(void)state;
	world_session();
#define REFUSED(error, field, value)                                                               \
	do {                                                                                       \
		bad = good;                                                                        \
		bad.field = (value);                                                               \
		assert_int_equal(                                                                  \
			corbel(world_builder(), CORBEL_OP_build_create, &bad, sizeof(bad)),        \
			error);                                                                    \
	} while (0)
	REFUSED(-XEN_EINVAL, vcpus, 0);
	REFUSED(-XEN_EINVAL, vcpus, CORBEL_MAX_VCPUS + 1);
	REFUSED(-XEN_EINVAL, weight, 0);
	REFUSED(-XEN_EINVAL, weight, 65536);
	REFUSED(-XEN_EINVAL, flags, 2);
	REFUSED(-XEN_EINVAL, pad, 1);
	REFUSED(-XEN_EINVAL, max_pages, 0);
	REFUSED(-XEN_ENOMEM, max_pages, frames_count().total + 1);
	REFUSED(-XEN_ENOMEM, max_pages, ~0ull);
	REFUSED(-XEN_EPERM, flags, CORBEL_BUILD_DOM0); /* once per boot */
	bad = good;
	memset(bad.label, 'a', sizeof(bad.label)); /* no NUL */
	assert_int_equal(corbel(world_builder(), CORBEL_OP_build_create, &bad, sizeof(bad)),
			 -XEN_EINVAL);
	static const char *const labels[] = {
		DOM0_LABEL, "system_u:system_r:builder.t", "system_u:system_r:hypervisor.t",
		"system_u:system_r:unlabeled.t", "system_u:object_r:tenant.own"};
	for (unsigned i = 0; i < ARRAY_SIZE(labels); i++) {
		uint64_t denied = host.audit_denied;

		bad = good;
		copy_string(bad.label, sizeof(bad.label), labels[i]);
		assert_int_equal(corbel(world_builder(), CORBEL_OP_build_create, &bad, sizeof(bad)),
				 -XEN_EPERM);
		assert_int_equal(host.audit_denied, denied + 1);
	}
	/* One uuid, one live domain; all zero is no uuid. */
	struct domain *dom0 = domain_find(CORBEL_DOMID_DOM0);

	bad = good;
	memset(dom0->launch.record.uuid, 0x5a, sizeof(dom0->launch.record.uuid));
	memset(bad.uuid, 0x5a, sizeof(bad.uuid));
	assert_int_equal(corbel(world_builder(), CORBEL_OP_build_create, &bad, sizeof(bad)),
			 -XEN_EEXIST);
	memset(dom0->launch.record.uuid, 0, sizeof(dom0->launch.record.uuid));
	domain_put(dom0);
	assert_null(builder_target());
	assert_int_equal(corbel(world_builder(), CORBEL_OP_build_create, &good, sizeof(good)), 0);
	/* INV-BUILD-1: one domain per instance */
	assert_int_equal(corbel(world_builder(), CORBEL_OP_build_create, &good, sizeof(good)),
			 -XEN_EPERM);
}

static void seal_rules(void **state)
{
	struct domain *d = world_create(false);
	int error;

	(void)state;
	assert_int_equal(BUILD(vcpu, .domid = d->id), -XEN_EBUSY); /* not committed */
	assert_int_equal(BUILD(stub, .domid = d->id, .trap = BLOCK_SIZE, .budget_ms = 1),
			 -XEN_EBUSY);
	assert_int_equal(BUILD(seal, .domid = d->id), -XEN_EBUSY);
	world_commit(d);
	assert_int_equal(BUILD(commit, .domid = d->id), -XEN_EEXIST); /* write-once */
	assert_int_equal(d->launch.record.kernel[0], 0x55);
	assert_int_equal(BUILD(seal, .domid = d->id), -XEN_EBUSY); /* no vCPU */
	world_start_vcpu(d);
	assert_int_equal(BUILD(vcpu, .domid = d->id), -XEN_EBUSY);
	/* somebody still maps it */
	assert_int_equal(map_window(d, 3, WINDOW, &error), 0);
	assert_int_equal(error, 0);
	assert_int_equal(d->mapped_by_builder, 1);
	assert_int_equal(BUILD(seal, .domid = d->id), -XEN_EBUSY);
	assert_int_equal(d->state, CORBEL_DOM_building);
	assert_ptr_equal(d->build.creator, world_builder());
	assert_int_equal(map_window(d, 4, WINDOW, &error), 0); /* replaces the other */
	assert_int_equal(d->mapped_by_builder, 1);
	assert_int_equal(world_unmap(world_builder(), WINDOW), 0);
	assert_int_equal(d->mapped_by_builder, 0);
	/* A grant of it in use: nobody can begin one now, and if one could, it would keep it
	 * open. */
	d->mapped_by_peers = 1;
	assert_int_equal(BUILD(seal, .domid = d->id), -XEN_EBUSY);
	assert_int_equal(d->state, CORBEL_DOM_building);
	d->mapped_by_peers = 0;
	assert_int_equal(BUILD(seal, .domid = d->id, .run = 2), -XEN_EINVAL);
	assert_int_equal(BUILD(seal, .domid = d->id, .run = 0), 0);
	assert_int_equal(d->state, CORBEL_DOM_sealed);
	/* from now on the builder is nobody */
	assert_int_equal(map_window(d, 3, WINDOW, &error), -XEN_EPERM);
	assert_int_equal(BUILD(seal, .domid = d->id), -XEN_EPERM);
	assert_int_equal(BUILD(vcpu, .domid = d->id), -XEN_EPERM);
	assert_int_equal(BUILD(commit, .domid = d->id), -XEN_EPERM);
	assert_int_equal(d->mapped_by_builder, 0);
}

/* The builder's own pages and the modules are no place for a mapping. */
static void window_rules(void **state)
{
	struct domain *d = world_create(false);
	int error;

	(void)state;
	assert_int_equal(map_window(d, 3, 0x10, &error), 0);
	assert_int_equal(error, -XEN_EINVAL);
	assert_int_equal(map_window(d, 3, CORBEL_BUILDER_MODULE >> PAGE_SHIFT, &error), 0);
	assert_int_equal(error, -XEN_EINVAL);
	assert_int_equal(map_window(d, WORLD_PAGES, WINDOW, &error), 0);
	assert_int_equal(error, -XEN_ENOENT);
	assert_int_equal(map_window(d, 3, GFN_LIMIT, &error), 0);
	assert_true(error < 0);
	assert_int_equal(map_window(world_builder(), 3, WINDOW, &error), -XEN_EPERM);
	assert_int_equal(map_window(dom0, 3, WINDOW, &error), -XEN_EPERM);
	assert_int_equal(d->mapped_by_builder, 0);
}

static void stub_rules(struct domain *d)
{
	assert_int_equal(BUILD(stub, .domid = d->id, .trap = BLOCK_SIZE), -XEN_EINVAL);
	assert_int_equal(BUILD(stub, .domid = d->id, .trap = BLOCK_SIZE + 1, .budget_ms = 1),
			 -XEN_EINVAL);
	assert_int_equal(BUILD(stub, .domid = d->id, .trap = 0, .budget_ms = 1), -XEN_EINVAL);
	assert_int_equal(BUILD(stub, .domid = d->id, .trap = BLOCK_SIZE, .budget_ms = BUDGET + 1),
			 -XEN_EINVAL);
	assert_int_equal(BUILD(stub, .domid = d->id, .trap = BLOCK_SIZE, .budget_ms = ~0u),
			 -XEN_EINVAL);
	/* the largest is no other fault's reason */
	assert_int_equal(BUILD(stub, .domid = d->id, .trap = 7 * BLOCK_SIZE, .budget_ms = BUDGET),
			 -XEN_ENOENT);
	assert_int_equal(BUILD(stub, .domid = d->id, .trap = 7 * BLOCK_SIZE, .budget_ms = 1),
			 -XEN_ENOENT);
}

static void stub_life(void **state)
{
	/* The trapped block is [BLOCK_SIZE, 2 * BLOCK_SIZE); 6.1's kernel begins at its
	 * start, 6.12's at b53. */
	static const struct {
		uint64_t rip, gpa;
		uint8_t cpl;
		uint16_t expected;
	} ends[] = {
		{BLOCK_SIZE, BLOCK_SIZE, 0, CORBEL_STUB_TRAPPED},
		{BLOCK_SIZE + 0xB53, BLOCK_SIZE + 0xB53, 0, CORBEL_STUB_TRAPPED},
		{2 * BLOCK_SIZE - 1, 2 * BLOCK_SIZE - 1, 0, CORBEL_STUB_TRAPPED},
		{BLOCK_SIZE, BLOCK_SIZE, 3, CORBEL_STUB_CRASHED},
		{BLOCK_SIZE - 1, BLOCK_SIZE, 0, CORBEL_STUB_CRASHED},
		{2 * BLOCK_SIZE, BLOCK_SIZE, 0, CORBEL_STUB_CRASHED},
		{0xFFFFFFFF81000000, BLOCK_SIZE, 0, CORBEL_STUB_CRASHED},
		{BLOCK_SIZE, 2 * BLOCK_SIZE, 0, CORBEL_STUB_CRASHED},
	};
	struct domain *d = world_create(false);
	struct npt_entry e;

	(void)state;
	world_commit(d);
	assert_int_equal(domain_populate(d, (gfn_t){512}, BLOCK_ORDER), 0);
	stub_rules(d);
	assert_int_equal(BUILD(wait, .domid = d->id), -XEN_EINVAL); /* nothing to wait for */
	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
		struct corbel_build_wait wait = {.domid = d->id};

		assert_int_equal(BUILD(stub, .domid = d->id, .trap = BLOCK_SIZE, .budget_ms = 1),
				 0);
		assert_true(npt_lookup(&d->npt, (gfn_t){600}, &e) && !e.exec);
		assert_true(domain_runs(d));
		assert_int_equal(BUILD(stub, .domid = d->id, .trap = BLOCK_SIZE, .budget_ms = 1),
				 -XEN_EBUSY);
		assert_int_equal(BUILD(seal, .domid = d->id), -XEN_EBUSY);
		assert_int_equal(BUILD(vcpu, .domid = d->id), -XEN_EBUSY);
		assert_int_equal(BUILD(wait, .domid = d->id), -XEN_EAGAIN);
		assert_int_equal(world_builder()->vcpu[0]->state, VCPU_waiting);
		d->vcpu[0]->virt.vmcb->rip = ends[i].rip;
		d->vcpu[0]->virt.vmcb->cpl = ends[i].cpl;
		build_stub_trapped(d->vcpu[0], ends[i].gpa);
		assert_int_equal(world_builder()->vcpu[0]->state, VCPU_runnable);
		assert_int_equal(corbel(world_builder(), CORBEL_OP_build_wait, &wait, sizeof(wait)),
				 0);
		assert_int_equal(wait.state, ends[i].expected);
		assert_int_equal(wait.rip, ends[i].rip);
		assert_null(d->vcpu[0]); /* with all its state */
		assert_false(domain_runs(d));
		assert_true(npt_lookup(&d->npt, (gfn_t){600}, &e) && e.exec);
	}
}

/* ---- how an instance ends ---------------------------------------------------------------- */
static void by_crash(struct domain *b)
{
	domain_crash(b, "test", 0);
}

static void by_deadline(struct domain *b)
{
	(void)b;
	builder_tick(machine.now + 1000000000000000ull);
}

static void by_done(struct domain *b)
{
	struct corbel_build_done done = {.status = -5};

	assert_int_equal(corbel(b, CORBEL_OP_build_done, &done, sizeof(done)), WORLD_GONE);
}

static void by_halt(struct domain *b)
{
	domain_vcpu_halted(b->vcpu[0]);
}

static void by_shutdown(struct domain *b)
{
	struct sched_shutdown op = {.reason = SHUTDOWN_poweroff};

	world_arg(b, __HYPERVISOR_sched_op, SCHEDOP_shutdown, &op, sizeof(op));
}

static void take_session(void)
{
	struct corbel_rendezvous post = {.ref = 8, .port = 3}, take = {.ref = 0};

	assert_int_equal(corbel(dom0, CORBEL_OP_rendezvous_set, &post, sizeof(post)), 0);
	assert_int_equal(post.instance, world_builder()->build.instance);
	assert_int_equal(corbel(world_builder(), CORBEL_OP_rendezvous_get, &take, sizeof(take)), 0);
	assert_int_equal(take.ref, 8);
	assert_int_equal(corbel(world_builder(), CORBEL_OP_rendezvous_get, &take, sizeof(take)),
			 -XEN_EPERM); /* one session each */
}

/* INV-BUILD-2, from every step of a build. */
static void instance_ends(void **state)
{
	void (*const how[])(struct domain *) = {by_crash, by_deadline, by_done,
						by_halt,  by_shutdown, domain_destroy};
	int error;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(how); i++) {
		for (unsigned step = 0; step < 5; step++) {
			uint32_t instance = world_builder()->build.instance;
			struct domain *d = NULL;

			take_session();
			if (step > 0) {
				d = world_create(false);
			}
			if (step > 1) {
				assert_int_equal(map_window(d, 3, WINDOW, &error), 0);
			}
			if (step > 2) {
				world_commit(d);
			}
			if (step > 3) {
				world_start_vcpu(d);
			}
			how[i](world_builder());
			world_settle();
			assert_int_equal(world_builder()->build.instance, instance + 1);
			assert_int_equal(host.builder_instance, instance + 1);
			assert_null(domain_next(CORBEL_DOMID_FIRST)); /* nothing half-built */
			assert_null(builder_target());
			assert_memory_equal(host.builder_memory, host.builder_image, 32);
			assert_int_equal(world_frames_free(), frames_before);
			assert_int_equal(heap_free_pages(), heap_before);
		}
	}
}

/* A domain that took all the memory there is does not keep the builder from coming back. */
static void all_memory_taken(void **state)
{
	struct domain *d = world_create(false);
	uint64_t gfn = 1000;

	(void)state;
	d->charge.ram_limit = 1u << 20;
	d->npt.limit = 4096;
	while (domain_populate(d, (gfn_t){gfn}, 0) == 0) {
		gfn++;
	}
	assert_int_equal(frames_count().free, 0);
	world_commit(d);
	world_start_vcpu(d);
	world_seal(d, true);
	assert_int_equal(d->state, CORBEL_DOM_running);
}

/* ---- memory that is on its way back ------------------------------------------------------- */
static long populate_as(struct domain *d, uint64_t gfn, unsigned order, unsigned flags)
{
	struct xen_memory_reservation r = {
		.nr_extents = 1, .extent_order = order, .mem_flags = flags, .domid = d->id};

	memcpy(world_memory(world_builder(), WORLD_DATA), &gfn, sizeof(gfn));
	r.extent_start.p = (void *)(uintptr_t)WORLD_DATA;
	return world_arg(world_builder(), __HYPERVISOR_memory_op, XENMEM_populate_physmap, &r,
			 sizeof(r));
}

static long populate(struct domain *d, uint64_t gfn)
{
	return populate_as(d, gfn, 0, 0);
}

static struct domain *with_all_memory(void)
{
	struct domain *d = world_create(false);

	d->charge.ram_limit = 1u << 20;
	d->npt.limit = 4096;
	for (uint64_t gfn = 1000; domain_populate(d, (gfn_t){gfn}, 0) == 0; gfn++) {
	}
	return d;
}

/* What is no plain page of the domain is refused, and nothing is there afterwards. */
static void populate_rules(void **state)
{
	struct domain *d = world_create(false);
	uint32_t pages = d->charge.ram_pages;
	static const struct {
		unsigned order, flags;
	} bad[] = {{0, 1}, {0, 1u << 31}, {BLOCK_ORDER, 1}, {1, 0}, {BLOCK_ORDER + 9, 0}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(populate_as(d, 512, bad[i].order, bad[i].flags), -XEN_EINVAL);
	}
	assert_int_equal(d->charge.ram_pages, pages);
	assert_int_equal(populate_as(d, 512, 0, 0), 1);
}

static void dirty_frames_are_waited_for(void **state)
{
	static frame_t frames[600];
	struct domain *d;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(frames); i++) {
		assert_int_equal(frames_alloc(OWNER_HYPERVISOR, 0, &frames[i]), 0);
	}
	d = with_all_memory();
	assert_int_equal(populate(d, 500), -XEN_ENOMEM); /* nothing to wait for */
	for (unsigned i = 0; i < ARRAY_SIZE(frames); i++) {
		frame_put(frames[i]);
	}
	assert_int_equal(populate(d, 500), -XEN_EAGAIN);
	assert_int_equal(frames_count().dirty, 600); /* not flushed yet */
	machine_sync(0);
	assert_int_equal(populate(d, 500), -XEN_EAGAIN);
	assert_int_equal(frames_count().dirty, 88); /* a bounded step in each call */
	assert_int_equal(populate(d, 500), 1);
	assert_int_equal(populate(d, 500), -XEN_EEXIST);
	d->charge.ram_limit = d->charge.ram_pages; /* its own limit is no reason to wait */
	assert_int_equal(populate(d, 501), -XEN_ENOMEM);
}

static void reaped_domains_are_waited_for(void **state)
{
	struct domain *tenant = world_tenant(true), *d = with_all_memory();

	(void)state;
	assert_int_equal(populate(d, 500), -XEN_ENOMEM);
	assert_false(domain_is_reaping());
	domain_destroy(tenant);
	assert_true(domain_is_reaping());
	assert_int_equal(frames_count().dirty, 0);
	this_cpu()->need_resched = false;
	assert_int_equal(populate(d, 500), -XEN_EAGAIN);
	assert_true(this_cpu()->need_resched); /* the reaper first */
	world_settle();
	assert_false(domain_is_reaping());
	assert_int_equal(populate(d, 500), 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(create_rules),
		T(seal_rules),
		T(window_rules),
		T(stub_life),
		T(instance_ends),
		T(all_memory_taken),
		T(populate_rules),
		T(dirty_frames_are_waited_for),
		T(reaped_domains_are_waited_for),
	};

	return cmocka_run_group_tests_name("builds", tests, setup_once, NULL);
}
