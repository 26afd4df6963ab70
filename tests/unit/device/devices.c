/* SPDX-License-Identifier: MIT */
/*
 * Devices of domains (launch/devices.c, device/function.c, mm/iommu.c) on the simulated machine
 * with a unit that remembers translations (sim/fake_iommu.h): what can be given, and what a device
 * reaches before seal, while its domain lives and from its end on.
 */
#include "tests/unit/device/card.h"
#include "launch/build.h"
#include "mm/frames.h"
#include "mm/heap.h"
#include "mm/npt.h"

static struct domain *dom0;

static int setup_once(void **state)
{
	(void)state;
	world_init("all");
	machine.quiet = true;
	fake_card(CARD, BASE);
	fake_card(OTHER, BASE + 0x100000);
	return 0;
}

/* ---- what can be given ------------------------------------------------------------------- */
static void refusals(void **state)
{
	static const struct {
		uint16_t function;
		long answer;
	} cases[] = {{0x48, -XEN_ENODEV}, {0x100, -XEN_EXDEV}, {0x1F8, -XEN_ENODEV},
		     {0, -XEN_EINVAL},    {0x10, -XEN_EINVAL}, {0x18, -XEN_EINVAL},
		     {0x30, -XEN_EINVAL}, {0x38, -XEN_ENXIO}};
	uint64_t heap;

	(void)state;
	dom0 = world_create(true);
	assert_int_equal(give(dom0, CARD), -XEN_EOPNOTSUPP); /* no IOMMU is used */
	fake_iommu_start();
	fake_card(0, BASE)->config[2] = 0x06000000;    /* the host bridge */
	fake_card(0x10, BASE)->config[3] = 0x00010000; /* a bridge by its header */
	fake_card(0x18, BASE)->config[2] = 0x08060000; /* an IOMMU */
	fake_card(0x30, BASE)->config[2] = 0x0C050000; /* SMBus */
	fake_card(0x38, BASE)->config[0x34 / 4] = 0;   /* no capabilities */
	fake_card(0x100, BASE);                        /* on bus 1 */
	heap = heap_free_pages();
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(give(dom0, cases[i].function), cases[i].answer);
	}
	assert_int_equal(heap_free_pages(), heap);
	assert_int_equal(BUILD(device, .domid = dom0->id, .function = CARD, .pad = 1), -XEN_EINVAL);
}

/* Claimed, it may do nothing yet; a second time it is nobody's to have. */
static void given_at_seal(void **state)
{
	(void)state;
	assert_int_equal(give(dom0, CARD), 0);
	assert_int_equal(give(dom0, CARD), -XEN_EBUSY);
	assert_int_equal(fake_function[CARD].config[1] & PCI_COMMAND_MASTER, 0);
	world_commit(dom0);
	world_start_vcpu(dom0);
	assert_false(reaches(CARD, 0x1000, false));
	assert_null(dom0->vcpu[0]->virt.pci);
	host.flags |= CORBEL_HOST_NO_DEVICES;
	world_seal(dom0, true);
	assert_int_equal(host.flags & CORBEL_HOST_NO_DEVICES, 0);
	assert_ptr_equal(dom0->vcpu[1]->virt.pci, dom0->pci);
	assert_false(reaches(OTHER, 0x1000, false));
	assert_false(reaches(0, 0x1000, false));
}

/* Its own RAM, all of it and nothing else: no MMIO, no shared page, nothing where nothing is. */
static void reaches_its_ram(void **state)
{
	struct xen_add_to_physmap shared = {
		.domid = DOMID_SELF, .space = XENMAPSPACE_shared_info, .gpfn = WORLD_PAGES + 4};
	frame_t frame;

	(void)state;
	for (uint64_t gfn = 0; gfn < WORLD_PAGES; gfn++) {
		assert_true(fake_iommu_dma(CARD, gfn << PAGE_SHIFT, true, &frame));
		assert_int_equal(frame.n, frame_at(dom0, gfn).n);
	}
	assert_int_equal(world_arg(dom0, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, &shared,
				   sizeof(shared)),
			 0);
	assert_false(reaches(CARD, (WORLD_PAGES + 4) << PAGE_SHIFT, false));
	assert_false(reaches(CARD, WORLD_PAGES << PAGE_SHIFT, false));
	assert_false(reaches(CARD, BAR0, false));
	assert_false(reaches(CARD, 0xFEE00000, true));
	assert_false(reaches(CARD, (1ull << 39) + 0x1000, false));
}

/* A page that the domain has given up: the device has forgotten it before the frame is free. */
static void forgets_what_is_gone(void **state)
{
	frame_t frame = frame_at(dom0, 9);

	(void)state;
	assert_true(reaches(CARD, 9 << PAGE_SHIFT, true));
	assert_int_equal(world_unmap(dom0, 9), 0);
	machine_settle();
	assert_int_equal(frame_owner(frame), OWNER_NONE);
	assert_false(reaches(CARD, 9 << PAGE_SHIFT, false));
}

/* ---- grants ------------------------------------------------------------------------------ */
#define MAP_AT 0x2000u /* gfn in Dom0 */

static long map_grants(struct gnttab_map_grant_ref *op, unsigned count)
{
	memcpy(world_memory(dom0, WORLD_DATA), op, count * sizeof(*op));
	return world_call(dom0, __HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, WORLD_DATA,
			  count);
}

static void offer(struct domain *d, uint32_t ref, uint64_t gfn, bool readonly)
{
	struct xen_add_to_physmap op = {
		.domid = DOMID_SELF, .space = XENMAPSPACE_grant_table, .gpfn = 0x1000};
	struct npt_entry entry;
	grant_entry_v1_t *table;

	if (!npt_lookup(&d->npt, (gfn_t){0x1000}, &entry)) {
		assert_int_equal(world_arg(d, __HYPERVISOR_memory_op, XENMEM_add_to_physmap, &op,
					   sizeof(op)),
				 0);
		assert_true(npt_lookup(&d->npt, (gfn_t){0x1000}, &entry));
	}
	table = (void *)(uintptr_t)frame_address(entry.frame);
	table[ref].domid = dom0->id;
	table[ref].frame = (uint32_t)gfn;
	table[ref].flags = (uint16_t)(GTF_permit_access | (readonly ? GTF_readonly : 0));
}

/* Two grants in one call, one to be read: the device has these rights and the unit hears once. */
static void mirrors_grants(void **state)
{
	struct domain *tenant = world_tenant(true);
	struct gnttab_map_grant_ref map[2] = {
		{.host_addr = MAP_AT << 12, .flags = GNTMAP_host_map, .ref = 8, .dom = tenant->id},
		{.host_addr = (MAP_AT + 1) << 12,
		 .flags = GNTMAP_host_map | GNTMAP_readonly,
		 .ref = 9,
		 .dom = tenant->id}};
	struct gnttab_unmap_grant_ref unmap = {.host_addr = MAP_AT << 12};
	const struct gnttab_map_grant_ref *done = (void *)world_memory(dom0, WORLD_DATA);
	unsigned waits;
	frame_t frame;

	(void)state;
	offer(tenant, 8, 3, false);
	offer(tenant, 9, 4, true);
	machine_settle();
	waits = fake_iommu_waits;
	assert_int_equal(map_grants(map, 2), 0);
	assert_int_equal(done[0].status | done[1].status, GNTST_okay);
	assert_int_equal(fake_iommu_waits, waits + 1);
	assert_true(fake_iommu_dma(CARD, MAP_AT << 12, true, &frame));
	assert_int_equal(frame.n, frame_at(tenant, 3).n);
	assert_true(fake_iommu_dma(CARD, (MAP_AT + 1) << 12, false, &frame));
	assert_int_equal(frame.n, frame_at(tenant, 4).n);
	assert_false(reaches(CARD, (MAP_AT + 1) << 12, true));

	unmap.handle = done[0].handle;
	memcpy(world_memory(dom0, WORLD_DATA), &unmap, sizeof(unmap));
	assert_int_equal(world_call(dom0, __HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref,
				    WORLD_DATA, 1),
			 0);
	machine_sync(0); /* as before the next entry of any guest */
	assert_false(reaches(CARD, MAP_AT << 12, false));
	assert_true(reaches(CARD, (MAP_AT + 1) << 12, false));
}

/* ---- the end ----------------------------------------------------------------------------- */
/* A domain with a device ends: refused at once, reset, and only then anybody's. */
static void taken_back(void **state)
{
	struct domain *tenant, *next;
	uint64_t heap;

	(void)state;
	world_settle();
	heap = heap_free_pages();
	tenant = world_create(false);
	assert_int_equal(give(tenant, OTHER), 0);
	world_commit(tenant);
	world_start_vcpu(tenant);
	world_seal(tenant, true);
	assert_true(reaches(OTHER, 0x1000, true));
	domain_destroy(tenant);
	assert_false(reaches(OTHER, 0x1000, false));
	assert_int_equal(fake_function[OTHER].resets, 1);
	for (unsigned i = 0; i < 10; i++) {
		assert_false(domain_reap(4096));
		machine_settle();
	}
	next = world_create(false);
	assert_int_equal(give(next, OTHER), -XEN_EBUSY);
	machine.now += 200000000; /* a reset takes 100 ms */
	assert_true(domain_reap(4096));
	assert_int_equal(give(next, OTHER), 0);
	assert_int_equal(fake_function[OTHER].config[4], (uint32_t)(BASE + 0x100000) | 4);
	/* One that was never sealed had no rights, and needs no reset. */
	builder_ended(0); /* and what it was building goes with it */
	world_settle();
	assert_int_equal(fake_function[OTHER].resets, 1);

	/* Without a reset it stays nobody's. */
	fake_function[OTHER].config[0xA4 / 4] = 0;
	tenant = world_create(false);
	assert_int_equal(give(tenant, OTHER), 0);
	world_commit(tenant);
	world_start_vcpu(tenant);
	world_seal(tenant, true);
	world_destroy(tenant);
	next = world_create(false);
	assert_int_equal(give(next, OTHER), -XEN_EBUSY);
	builder_ended(0); /* and what it was building goes with it */
	world_settle();
	world_settle();
	assert_int_equal(heap_free_pages(), heap);
}

static void all_refused(void **state)
{
	(void)state;
	assert_true(reaches(CARD, 0x1000, true));
	iommu_refuse_all();
	assert_false(reaches(CARD, 0x1000, false));
	assert_int_equal(fake_iommu_message(CARD, 0), 0);
}

/* A unit that does not answer: nobody can say what devices still reach. */
static void unit_hangs(void **state)
{
	(void)state;
	fake_iommu_hangs = true;
	iommu_changed(1);
	if (machine_catch() == 0) {
		iommu_flush();
		fail();
	}
	assert_string_equal(machine_panic_text, "the IOMMU does not answer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals),        cmocka_unit_test(given_at_seal),
		cmocka_unit_test(reaches_its_ram), cmocka_unit_test(forgets_what_is_gone),
		cmocka_unit_test(mirrors_grants),  cmocka_unit_test(taken_back),
		cmocka_unit_test(all_refused),     cmocka_unit_test(unit_hangs),
	};

	return cmocka_run_group_tests_name("devices", tests, setup_once, NULL);
}
