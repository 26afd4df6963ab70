/* SPDX-License-Identifier: MIT */
/*
 * Flushes, proven on a counter model since the emulator forgets every translation at each exit:
 * three CPUs whose translation caches never forget by themselves.  Guests enter through the real
 * virt_run(), cache what their nested tables say under the ASID they were given, and every call
 * that takes rights away is made at random: pages given up and replaced, grants, the builder's
 * window, the execute trap, destruction.  At all times:
 *
 *   at each entry, whatever the CPU still holds under that ASID is what the nested table says now;
 *   when a frame is scrubbed or handed out, no CPU holds a translation to it (INV-FRAME-3);
 *   when a domain's tables are taken apart, no CPU holds a translation of that domain.
 *
 * tests/system/mutants shows that each flush request is needed for that.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include "launch/build.h"
#include "ipc/grant.h"
#include "mm/npt.h"
#include "sim/world.h"
static void zero_hook(frame_t f);
#define frame_zero zero_hook
#include "mm/frames.c"
#undef frame_zero
void frame_zero(frame_t f); /* mm/zero.c */
#include "virt/svm/svm.c"   /* for the number of ASIDs */

#define CPUS   3u
#define HELD   400u
#define STUB   4096u   /* gfns [4096, 5120): two 2 MiB blocks, either may be trapped */
#define MAPS   0x2000u /* gfns of Dom0's grant mappings */
#define WINDOW (CORBEL_BUILDER_WINDOW >> PAGE_SHIFT)
#define STEPS  12000u

struct translation {
	uint16_t domain;
	uint32_t asid;
	uint64_t gfn, frame;
	bool write, exec;
};
static struct cache {
	struct translation t[HELD];
	uint32_t count;
	bool doomed; /* the CPU has promised that none of it is used again */
} cache[CPUS];

static struct domain *dom0, *tenant, *unfinished, *entering;
static uint64_t entries, flushes, held_sum;
static bool stub_was_trapped, is_sound;

static unsigned cpu_of(const struct domain *d)
{
	return d->id % CPUS; /* one vCPU each, always on the same CPU */
}

/* ---- the three promises ------------------------------------------------------------------ */
static bool is_true_now(const struct translation *t)
{
	struct domain *d = world_domain(t->domain);
	struct npt_entry e;

	return d && d->npt.root && npt_lookup(&d->npt, (gfn_t){t->gfn}, &e) &&
	       e.frame.n == t->frame && (e.write || !t->write) && (e.exec || !t->exec);
}

static void zero_hook(frame_t f)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		for (uint32_t i = 0; !cache[cpu].doomed && i < cache[cpu].count; i++) {
			if (cache[cpu].t[i].frame == f.n) {
				fail_msg("frame %lu reused while CPU %u holds it as gfn %lu of "
					 "domain %u",
					 f.n, cpu, cache[cpu].t[i].gfn, cache[cpu].t[i].domain);
			}
		}
	}
	(frame_zero)(f);
}

static void check_teardown(void)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		for (uint32_t i = 0; !cache[cpu].doomed && i < cache[cpu].count; i++) {
			struct domain *d = world_domain(cache[cpu].t[i].domain);

			if (!d || !d->npt.root || d->npt.teardown_gfn) {
				fail_msg("tables of domain %u taken apart while CPU %u holds them",
					 cache[cpu].t[i].domain, cpu);
			}
		}
	}
}

/* ---- guests ------------------------------------------------------------------------------ */
static uint64_t some_gfn(void)
{
	switch (machine_below(5)) {
	case 0:
		return MAPS + machine_below(8);
	case 1:
		return STUB + machine_below(1024);
	case 2:
		return WINDOW + machine_below(8);
	default:
		return machine_below(WORLD_PAGES);
	}
}

static void run_guest(struct vmcb *vmcb, struct vcpu_regs *regs)
{
	struct cache *c = &cache[cpu_of(entering)];

	(void)regs;
	entries++;
	if (vmcb->tlb_control) {
		c->count = 0;
		c->doomed = false;
		flushes++;
	}
	assert_false(c->doomed);
	for (uint32_t i = 0; i < c->count; i++) {
		if (c->t[i].asid == vmcb->asid &&
		    (c->t[i].domain != entering->id || !is_true_now(&c->t[i]))) {
			fail_msg("CPU %u enters domain %u and still holds gfn %lu of domain %u",
				 cpu_of(entering), entering->id, c->t[i].gfn, c->t[i].domain);
		}
	}
	for (unsigned n = 0; n < 12; n++) {
		uint64_t gfn = some_gfn();
		struct npt_entry e;

		if (c->count < HELD && npt_lookup(&entering->npt, (gfn_t){gfn}, &e)) {
			c->t[c->count++] = (struct translation){.domain = entering->id,
								.asid = vmcb->asid,
								.gfn = gfn,
								.frame = e.frame.n,
								.write = e.write,
								.exec = e.exec};
		}
	}
	vmcb->exit_code = 0x60;
}

static void enter_now(void)
{
	assert_int_equal(virt_run(&entering->vcpu[0]->virt), VIRT_RESUME);
}

static void enter(struct domain *d)
{
	if (d && d->vcpu[0] && domain_runs(d)) {
		entering = d;
		machine_as_cpu(cpu_of(d), enter_now);
	}
}

static void flush_idle(void)
{
	uint64_t generation = asid_generation[this_cpu()->id];

	virt_flush();
	if (asid_generation[this_cpu()->id] != generation) {
		cache[this_cpu()->id].doomed = true;
	}
}

/* ---- what takes rights away -------------------------------------------------------------- */
static bool is_used(uint64_t gfn)
{
	return gfn == WORLD_ARG >> PAGE_SHIFT || gfn == WORLD_DATA >> PAGE_SHIFT;
}

static void give_up_page(struct domain *d)
{
	struct xen_remove_from_physmap op = {.domid = DOMID_SELF,
					     .gpfn = machine_below(WORLD_PAGES)};

	if (!is_used(op.gpfn)) {
		long rc = world_arg(d, __HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &op,
				    sizeof(op));

		assert_true(rc == 0 || rc == -XEN_ENOENT);
	}
}

static void replace_page(struct domain *d)
{
	struct xen_add_to_physmap op = {.domid = DOMID_SELF,
					.space = machine_below(2) ? XENMAPSPACE_shared_info
								  : XENMAPSPACE_grant_table,
					.gpfn = 1 + machine_below(WORLD_PAGES - 1)};

	if (!is_used(op.gpfn)) {
		assert_int_equal(world_arg(d, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, &op,
					   sizeof(op)),
				 0);
	}
}

static uint32_t handles[8];
static bool is_mapped[8];

static void use_grant(void)
{
	unsigned n = machine_below(8);
	struct grant_entry_v1 *entry = grant_frame(tenant, 0);
	uint64_t address = (MAPS + n) << PAGE_SHIFT;

	if (is_mapped[n]) {
		struct gnttab_unmap_grant_ref op = {.host_addr = address, .handle = handles[n]};

		memcpy(world_memory(dom0, WORLD_DATA), &op, sizeof(op));
		assert_int_equal(world_call(dom0, __HYPERVISOR_grant_table_op,
					    GNTTABOP_unmap_grant_ref, WORLD_DATA, 1),
				 0);
		memcpy(&op, world_memory(dom0, WORLD_DATA), sizeof(op));
		assert_int_equal(op.status, GNTST_okay);
		is_mapped[n] = false;
	} else if (entry && tenant->state == CORBEL_DOM_running) {
		struct gnttab_map_grant_ref op = {.host_addr = address,
						  .flags = GNTMAP_host_map |
							   (machine_below(2) ? GNTMAP_readonly : 0),
						  .ref = 8 + n,
						  .dom = tenant->id};

		entry[8 + n] = (struct grant_entry_v1){.flags = GTF_permit_access,
						       .frame = machine_below(WORLD_PAGES)};
		memcpy(world_memory(dom0, WORLD_DATA), &op, sizeof(op));
		assert_int_equal(world_call(dom0, __HYPERVISOR_grant_table_op,
					    GNTTABOP_map_grant_ref, WORLD_DATA, 1),
				 0);
		memcpy(&op, world_memory(dom0, WORLD_DATA), sizeof(op));
		is_mapped[n] = op.status == GNTST_okay; /* or the page was given up */
		handles[n] = op.handle;
	}
}

static void map_window(void)
{
	uint64_t *data = (void *)world_memory(world_builder(), WORLD_DATA);
	struct xen_add_to_physmap_batch op = {
		.domid = DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 4};
	struct xen_remove_from_physmap remove = {.domid = DOMID_SELF,
						 .gpfn = WINDOW + machine_below(8)};

	if (machine_below(3) == 0) {
		world_arg(world_builder(), __HYPERVISOR_memory_op, XENMEM_remove_from_physmap,
			  &remove, sizeof(remove));
		return;
	}
	op.u.foreign_domid = unfinished->id;
	for (unsigned i = 0; i < op.size; i++) {
		data[i] = machine_below(WORLD_PAGES);
		data[16 + i] = WINDOW + machine_below(8);
	}
	op.idxs.p = (void *)(uintptr_t)WORLD_DATA;
	op.gpfns.p = (void *)(uintptr_t)(WORLD_DATA + 128);
	op.errs.p = (void *)(uintptr_t)(WORLD_DATA + 256);
	assert_int_equal(world_arg(world_builder(), __HYPERVISOR_memory_op,
				   XENMEM_add_to_physmap_batch, &op, sizeof(op)),
			 0);
}

static void use_stub(void)
{
	struct corbel_build_stub stub = {.domid = unfinished->id,
					 .eip = 0x1000,
					 .trap = (STUB + 512ul * machine_below(2)) << PAGE_SHIFT,
					 .budget_ms = 1000};
	struct corbel_build_wait wait = {.domid = unfinished->id};

	if (!unfinished->build.stub_trap) {
		assert_int_equal(world_arg(world_builder(), CORBEL_HYPERCALL, CORBEL_OP_build_stub,
					   &stub, sizeof(stub)),
				 0);
	} else {
		build_stub_trapped(unfinished->vcpu[0], unfinished->build.stub_trap);
		stub_was_trapped = true;
		assert_int_equal(world_arg(world_builder(), CORBEL_HYPERCALL, CORBEL_OP_build_wait,
					   &wait, sizeof(wait)),
				 0);
	}
}

static void new_unfinished(void)
{
	struct xen_memory_reservation r = {.nr_extents = 2, .extent_order = BLOCK_ORDER};
	xen_pfn_t gfns[] = {STUB, STUB + 512};

	unfinished = world_create(false);
	world_commit(unfinished);
	memcpy(world_memory(world_builder(), WORLD_DATA), gfns, sizeof(gfns));
	r.extent_start.p = (void *)(uintptr_t)WORLD_DATA;
	r.domid = unfinished->id;
	assert_int_equal(world_arg(world_builder(), __HYPERVISOR_memory_op, XENMEM_populate_physmap,
				   &r, sizeof(r)),
			 2);
}

/* The builder lets its window go, seals what it has, and everything starts over. */
static void next_tenant(void)
{
	domain_destroy(tenant);
	for (unsigned n = 0; n < 8; n++) {
		if (is_mapped[n]) {
			struct gnttab_unmap_grant_ref op = {.host_addr = (MAPS + n) << PAGE_SHIFT,
							    .handle = handles[n]};

			IGNORED(domain_reap(40));
			check_teardown();
			memcpy(world_memory(dom0, WORLD_DATA), &op, sizeof(op));
			world_call(dom0, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref,
				   WORLD_DATA, 1);
			is_mapped[n] = false;
		}
	}
	if (unfinished->build.stub_trap) {
		use_stub();
	}
	for (uint64_t gfn = WINDOW; gfn < WINDOW + 8; gfn++) {
		struct xen_remove_from_physmap op = {.domid = DOMID_SELF, .gpfn = gfn};

		world_arg(world_builder(), __HYPERVISOR_memory_op, XENMEM_remove_from_physmap, &op,
			  sizeof(op));
	}
	world_start_vcpu(unfinished);
	tenant = world_seal(unfinished, true);
	new_unfinished();
}

static void one_step(void)
{
	uint32_t dice = machine_below(1000);

	if (dice < 450) {
		struct domain *all[] = {dom0, tenant, unfinished, world_builder()};

		enter(all[machine_below(4)]);
	} else if (dice < 500) {
		give_up_page(machine_below(8) ? tenant : dom0);
	} else if (dice < 550) {
		replace_page(tenant);
	} else if (dice < 680) {
		use_grant();
	} else if (dice < 780) {
		map_window();
	} else if (dice < 830) {
		use_stub();
	} else if (dice < 840) {
		next_tenant();
	} else if (dice < 900) {
		machine_sync(machine_below(CPUS));
	} else if (dice < 950) {
		IGNORED(domain_reap(1 + machine_below(30)));
	} else {
		frames_scrub(1 + machine_below(50));
	}
	check_teardown();
	held_sum += cache[0].count + cache[1].count + cache[2].count;
}

static void rights_go_everywhere(void **state)
{
	const char *seed = getenv("TLB_SEED");

	(void)state;
	machine_seed(seed ? strtoul(seed, NULL, 0) : 3);
	for (uint32_t i = 0; i < STEPS; i++) {
		one_step();
	}
	/* the model is worth something only if caches were full and flushes were not all the
	 * time */
	assert_true(held_sum / STEPS > 20);
	assert_true(flushes * 10 < entries * 9);
	assert_true(stub_was_trapped);
	is_sound = true;
}

/* ASIDs run out: the next generation begins with a flush, and numbers never collide. */
static void asids_run_out(void **state)
{
	(void)state;
	assert_true(is_sound); /* a frame that a failure left half scrubbed would never end */
	asid_count = 3;
	for (uint32_t i = 0; i < 3000; i++) {
		one_step();
	}
	asid_count = 16;
}

static int setup(void **state)
{
	(void)state;
	world_init("cloud");
	percpu_count = CPUS;
	asid_count = 16;
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		next_asid[cpu] = asid_generation[cpu] = 1;
	}
	machine.guest = run_guest;
	machine.flush = flush_idle;
	dom0 = world_create(true);
	world_commit(dom0);
	world_start_vcpu(dom0);
	world_seal(dom0, true);
	tenant = world_tenant(true);
	new_unfinished();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights_go_everywhere),
		cmocka_unit_test(asids_run_out),
	};

	return cmocka_run_group_tests_name("tlb", tests, setup, NULL);
}
