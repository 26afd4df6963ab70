/* SPDX-License-Identifier: MIT */
/*
 * Domains under control, and what they hold (domain/domain.c, memory.c, vcpu.c, hvm.c), on the
 * simulated machine: memory that runs out at every step, quotas, areas that outlive their page,
 * parameters.  After each test frames and heap are what they were before.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/host.h"
#include "launch/policy.h"
#include "domain/memory.h"
#include "ipc/grant_table.h"
#include "domain/sched.h"
#include "gate/policy.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/npt.h"
#include "sim/world.h"
#include <xen/errno.h>

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

static long domctl(uint32_t cmd, uint16_t id)
{
	struct xen_domctl op = {
		.cmd = cmd, .interface_version = XEN_DOMCTL_INTERFACE_VERSION, .domain = id};

	return world_arg(dom0, __HYPERVISOR_domctl, 0, &op, sizeof(op));
}

/* ---- memory that runs out ---------------------------------------------------------------- */
static void *drained[MACHINE_HEAP_PAGES];
static uint32_t drained_count;

static void leave_heap(uint64_t pages)
{
	while (heap_free_pages() > pages) {
		drained[drained_count++] = heap_page(NULL);
	}
	while (heap_free_pages() < pages && drained_count) {
		heap_page_free(drained[--drained_count], NULL);
	}
}

static void heap_runs_dry(void **state)
{
	struct xsm_label label = xsm_sid_label(&host_policy, XSM_SID_unlabeled);
	unsigned failed = 0;

	(void)state;
	for (uint64_t pages = 0; pages < 40; pages++) {
		struct domain *d;

		leave_heap(pages);
		d = domain_create(99, label, 100, 2);
		if (!d) {
			failed++;
			assert_int_equal(heap_free_pages(), pages);
			assert_null(world_domain(99));
			continue;
		}
		for (unsigned i = 0; i < 2; i++) {
			uint64_t left = heap_free_pages();

			if (!vcpu_create(d, i)) {
				assert_int_equal(heap_free_pages(), left);
				assert_null(d->vcpu[i]);
			}
		}
		if (domain_populate(d, (gfn_t){5}, 0)) {
			assert_int_equal(d->charge.ram_pages,
					 0); /* none left: it ends all the same */
		}
		domain_destroy(d);
		world_settle();
		assert_int_equal(heap_free_pages(), pages);
	}
	assert_true(failed > 3 && failed < 20);
	leave_heap(heap_before);
}

static void quota(void **state)
{
	struct domain *d = world_create(false);
	uint64_t left = d->charge.ram_limit - WORLD_PAGES;

	(void)state;
	d->charge.ram_limit = WORLD_PAGES + 3;
	assert_int_equal(domain_populate(d, (gfn_t){512}, BLOCK_ORDER), -XEN_ENOMEM);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(domain_populate(d, (gfn_t){100 + i}, 0), 0);
	}
	assert_int_equal(domain_populate(d, (gfn_t){200}, 0), -XEN_ENOMEM);
	d->charge.ram_limit = WORLD_PAGES + left;
	assert_int_equal(domain_populate(d, (gfn_t){100}, 0), -XEN_EEXIST);
	assert_int_equal(domain_populate(d, (gfn_t){GFN_LIMIT}, 0), -XEN_EINVAL);
	assert_int_equal(d->charge.ram_pages, WORLD_PAGES + 3);
}

/* ---- running domains --------------------------------------------------------------------- */
static void control(void **state)
{
	struct domain *d = world_tenant(false), *other = world_tenant(true);

	(void)state;
	assert_int_equal(domctl(XEN_DOMCTL_pausedomain, d->id), 0);
	assert_int_equal(d->state, CORBEL_DOM_sealed);
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain, d->id), 0);
	assert_int_equal(d->state, CORBEL_DOM_running);
	assert_int_equal(domctl(XEN_DOMCTL_pausedomain, d->id), 0);
	assert_int_equal(d->state, CORBEL_DOM_paused);
	assert_true(this_cpu()->need_resched);
	assert_false(domain_runs(d));
	this_cpu()->need_resched = false;
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain, d->id), 0);
	assert_true(this_cpu()->need_resched);
	assert_true(domain_runs(d));
	domain_crash(d, "test", 1);
	assert_int_equal(d->state, CORBEL_DOM_shutdown);
	assert_int_equal(d->shutdown_reason, SHUTDOWN_crash);
	assert_int_equal(domctl(XEN_DOMCTL_unpausedomain, d->id), -XEN_EINVAL);
	assert_int_equal(d->state, CORBEL_DOM_shutdown);
	assert_int_equal(domctl(XEN_DOMCTL_destroydomain, d->id), 0);
	assert_int_equal(d->state, CORBEL_DOM_dying);
	assert_int_equal(domctl(XEN_DOMCTL_destroydomain, d->id), -XEN_EPERM);
	assert_int_equal(domctl(XEN_DOMCTL_destroydomain, 0), -XEN_EPERM); /* by policy */
	assert_int_equal(domctl(XEN_DOMCTL_destroydomain, 999), -XEN_ESRCH);
	assert_int_equal(other->state, CORBEL_DOM_running);
}

/* S22: a registered area keeps its page, also when the guest gives the page up. */
static void registered_areas(void **state)
{
	struct domain *d = world_tenant(true);
	struct vcpu_register_vcpu_info info = {.mfn = 9, .offset = 64};
	uint8_t *page = world_memory(d, 9 * PAGE_SIZE);
	struct npt_entry e;

	(void)state;
	assert_true(npt_lookup(&d->npt, (gfn_t){9}, &e));
	info.offset = PAGE_SIZE - 8;
	assert_int_equal(
		world_arg(d, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, &info, sizeof(info)),
		-XEN_EINVAL);
	info.offset = 64;
	assert_int_equal(
		world_arg(d, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, &info, sizeof(info)),
		0);
	assert_int_equal(
		world_arg(d, __HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, &info, sizeof(info)),
		-XEN_EBUSY);
	assert_int_equal(frame_refs(e.frame), 2);
	assert_int_equal(world_unmap(d, 9), 0);
	assert_int_equal(frame_refs(e.frame), 1);
	assert_int_equal(frame_owner(e.frame), d->id);
	machine_settle();
	assert_int_equal(frame_owner(e.frame), d->id); /* nobody else gets it */
	assert_non_null(page);
	world_destroy(d);
	assert_int_equal(frame_owner(e.frame), OWNER_NONE);
	assert_true(machine_is_zero(e.frame));
}

/* What it shares with the hypervisor lies where a guest can tell it from nothing, within its space:
 * elsewhere nothing changes. */
static void shared_pages(void **state)
{
	struct domain *d = world_tenant(true);
	static const uint64_t bad[] = {0, GFN_LIMIT, ~0ull};
	static const uint32_t spaces[] = {XENMAPSPACE_shared_info, XENMAPSPACE_grant_table};
	struct npt_entry e;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad) * ARRAY_SIZE(spaces); i++) {
		struct xen_add_to_physmap add = {.domid = DOMID_SELF,
						 .space = spaces[i % ARRAY_SIZE(spaces)],
						 .gpfn = bad[i / ARRAY_SIZE(spaces)]};

		assert_int_equal(world_arg(d, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add,
					   sizeof(add)),
				 -XEN_EINVAL);
		assert_true(npt_lookup(&d->npt, (gfn_t){0}, &e) && e.kind == NPT_RAM);
		add.gpfn = 30;
		assert_int_equal(world_arg(d, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add,
					   sizeof(add)),
				 0);
	}
}

static void parameters(void **state)
{
	struct domain *d = world_tenant(true);
	struct xen_hvm_param p = {.domid = DOMID_SELF, .index = HVM_PARAM_CALLBACK_IRQ};

	(void)state;
	p.value = (2ull << 56) | 0xF3;
	assert_int_equal(world_arg(d, __HYPERVISOR_hvm_op, HVMOP_set_param, &p, sizeof(p)), 0);
	assert_int_equal(d->callback_vector, 0xF3);
	p.value = (2ull << 56) | 8; /* an exception's vector */
	assert_int_equal(world_arg(d, __HYPERVISOR_hvm_op, HVMOP_set_param, &p, sizeof(p)),
			 -XEN_EINVAL);
	p.value = 0xF3;
	assert_int_equal(world_arg(d, __HYPERVISOR_hvm_op, HVMOP_set_param, &p, sizeof(p)),
			 -XEN_EINVAL);
	for (uint32_t index = 0; index < 100; index++) {
		p.index = index;
		if (index != HVM_PARAM_CALLBACK_IRQ) {
			assert_int_equal(
				world_arg(d, __HYPERVISOR_hvm_op, HVMOP_set_param, &p, sizeof(p)),
				-XEN_EPERM);
		}
	}
	p.domid = 0;
	assert_int_equal(world_arg(d, __HYPERVISOR_hvm_op, HVMOP_get_param, &p, sizeof(p)),
			 -XEN_EPERM);
	assert_int_equal(d->callback_vector, 0xF3);
}

/* All hypervisor memory that domains may ever use is set aside, and what the builder needs is not
 * among it: a domain that could eat into that is not made. */
static void heap_is_promised_whole(void **state)
{
	uint64_t promises = dom0->charge.heap_promise, left = heap_total_pages() - 1024;
	struct domain *d = NULL, *more[64] = {NULL};
	unsigned count = 0;

	(void)state;
	assert_true(dom0->charge.heap_promise >= dom0->npt.limit);
	assert_true(world_builder()->npt.limit <= 512);
	while (count < ARRAY_SIZE(more) &&
	       (d = domain_create((uint16_t)(100 + count), dom0->label, 4096, 1)) != NULL) {
		assert_true(d->charge.heap_promise >=
			    d->npt.limit + 32 + 8); /* grant frames, vCPUs */
		promises += d->charge.heap_promise;
		assert_true(promises <= left);
		more[count++] = d;
	}
	assert_true(count > 3 && count < ARRAY_SIZE(more));
	assert_true(promises + more[0]->charge.heap_promise > left); /* not refused too early */
	while (count) {
		world_destroy(more[--count]);
	}
}

/* Uses of one entry are counted in 16 bits: the one beyond is refused, not forgotten. */
static void grant_uses_end(void **state)
{
	struct domain *d = world_tenant(true);
	struct grant_use *use;
	frame_t frame;

	(void)state;
	assert_int_equal(grant_seed(d, 8, dom0->id, (gfn_t){3}), 0);
	assert_int_equal(grant_begin_use(d, dom0->id, 8, true, &frame), GNTST_okay);
	use = &d->grants->use[0][8];
	assert_int_equal(use->users, 1);
	use->users = UINT16_MAX;
	assert_int_equal(grant_begin_use(d, dom0->id, 8, false, &frame), GNTST_no_space);
	assert_int_equal(use->users, UINT16_MAX);
	use->users = 1;
	grant_end_use(d, 8, true);
	frame_put(frame);
}

/* A call that the gate allows and its handler refuses is counted once, as denied. */
static void counted_once(void **state)
{
	struct domain *d = world_create(false);
	struct domain *builder = world_builder();
	struct xen_add_to_physmap add = {
		.domid = d->id, .space = XENMAPSPACE_shared_info, .gpfn = 100};
	struct xen_remove_from_physmap remove = {.domid = d->id, .gpfn = 100};
	const struct corbel_policy_counter *counter =
		policy_count(builder->label, XSM_RIGHT(mmu, physmap));
	struct corbel_policy_counter before = *counter;
	(void)state;
	assert_int_equal(world_arg(builder, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add,
				   sizeof(add)),
			 -XEN_EPERM);
	assert_int_equal(world_arg(builder, __HYPERVISOR_memory_op, XENMEM_remove_from_physmap,
				   &remove, sizeof(remove)),
			 -XEN_EPERM);
	assert_int_equal(counter->allowed, before.allowed);
	assert_int_equal(counter->denied, before.denied + 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(heap_is_promised_whole),
		T(heap_runs_dry),
		T(grant_uses_end),
		T(quota),
		T(control),
		T(registered_areas),
		T(shared_pages),
		T(counted_once),
		T(parameters),
	};

	return cmocka_run_group_tests_name("domains", tests, setup_once, NULL);
}
