/* SPDX-License-Identifier: MIT */
/*
 * What a domain sees and does of its devices: configuration space (device/space.c), interrupts
 * (device/msi.c, ipc/pirq.c) and the window between BARs (launch/devices.c).
 */
#include "tests/unit/device/card.h"
#include "cpu/upcalls.h"
#include "device/msi.h"
#include "ipc/event.h"
#include "ipc/pirq.h"
#include "mm/npt.h"

static struct domain *dom0;

static int setup_once(void **state)
{
	(void)state;
	world_init("all");
	machine.quiet = true;
	fake_card(CARD, BASE);
	fake_iommu_start();
	dom0 = world_create(true);
	assert_int_equal(give(dom0, CARD), 0);
	world_commit(dom0);
	world_start_vcpu(dom0);
	world_seal(dom0, true);
	return 0;
}

/* ---- configuration space ----------------------------------------------------------------- */
static uint32_t config(uint32_t slot, uint32_t reg)
{
	space_out(dom0->pci, 0xCF8, 4, 0x80000000 | slot << 11 | reg);
	return space_in(dom0->pci, 0xCFC, 4);
}

static void config_write(uint32_t slot, uint32_t reg, uint32_t value)
{
	space_out(dom0->pci, 0xCF8, 4, 0x80000000 | slot << 11 | reg);
	space_out(dom0->pci, 0xCFC, 4, value);
}

/* A bridge, the card as 00:01.0, and nothing else in 256 buses, 32 slots, 8 functions. */
static void sees_its_own(void **state)
{
	unsigned there = 0;

	(void)state;
	assert_int_equal(config(0, PCI_ID), 0x00081B36);
	assert_int_equal(config(0, PCI_CLASS), 0x06000000);
	assert_int_equal(config(0, PCI_BAR), 0);
	assert_int_equal(config(1, PCI_ID), 0x10D38086);
	for (uint32_t at = 0; at < 1u << 23; at++) {
		space_out(dom0->pci, 0xCF8, 4, 0x80000000 | at << 8);
		there += space_in(dom0->pci, 0xCFC, 4) != UINT32_MAX;
	}
	assert_int_equal(there, 2);
	space_out(dom0->pci, 0xCF8, 4, 1 << 11); /* not enabled */
	assert_int_equal(space_in(dom0->pci, 0xCFC, 4), UINT32_MAX);
	assert_int_equal(config(1, PCI_HEADER), 0x00000010); /* one function */
	assert_int_equal(config(1, PCI_ROM), 0);
	assert_int_equal(config(1, PCI_LINE), 0);
}

/* BARs are where the domain has them, whatever it writes; of other sizes than 4 they are bytes. */
static void virtual_bars(void **state)
{
	(void)state;
	assert_int_equal(config(1, PCI_BAR), BAR0 | 4);
	assert_int_equal(config(1, PCI_BAR + 4), 0);
	assert_int_equal(config(1, PCI_BAR + 8), 0); /* ports */
	assert_int_equal(config(1, PCI_BAR + 12), BAR0 + 0x4000);
	config_write(1, PCI_BAR, UINT32_MAX);
	config_write(1, PCI_BAR + 4, UINT32_MAX);
	assert_int_equal(config(1, PCI_BAR), 0xFFFFC004);
	assert_int_equal(config(1, PCI_BAR + 4), 0xFFFFFFFF);
	config_write(1, PCI_BAR, 0xFEE00004);
	config_write(1, PCI_BAR + 4, 0);
	assert_int_equal(config(1, PCI_BAR), BAR0 | 4);
	assert_int_equal(fake_function[CARD].config[4], (uint32_t)BASE | 4);
	assert_int_equal(frame_at(dom0, BAR0 >> 12).n, BASE >> 12);
	assert_int_equal(frame_at(dom0, (BAR0 >> 12) + 3).n, (BASE >> 12) + 3);
	space_out(dom0->pci, 0xCF8, 4, 0x80000000 | 1 << 11);
	assert_int_equal(space_in(dom0->pci, 0xCFE, 2) & 0xFFFF, 0x10D3);
	assert_int_equal(space_in(dom0->pci, 0xCFD, 1) & 0xFF, 0x80);
	assert_int_equal(space_in(dom0->pci, 0xCFF, 4), UINT32_MAX); /* over the end */
}

/* Of all bits of all registers those may be changed that a driver needs, and no others. */
static void default_deny(void **state)
{
	static const struct {
		uint32_t reg, bits;
	} allowed[] = {
		{PCI_COMMAND, 0x0546}, {0x50, 0x00010000}, {0x70, 0xC0000000}, {0xA8, 0xF7FFF}};

	(void)state;
	for (uint32_t reg = 0; reg < 256; reg += 4) {
		uint32_t before = fake_function[CARD].config[reg / 4], may = 0, changed = 0;

		for (unsigned i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
			may |= allowed[i].reg == reg ? allowed[i].bits : 0;
		}
		config_write(1, reg, ~before);
		changed = before ^ fake_function[CARD].config[reg / 4];
		config_write(1, reg, before);
		if (reg != PCI_COMMAND) { /* of which the upper half is status: writing 1 clears */
			assert_int_equal(changed, may);
			assert_int_equal(fake_function[CARD].config[reg / 4], before);
		} else {
			assert_int_equal(changed & 0xFFFF, may);
		}
	}
	assert_int_equal(fake_function[CARD].resets, 0);
	/* A byte of a register changes nothing beside it, nor clears status bits. */
	fake_function[CARD].config[1] = 0xF9100000;
	space_out(dom0->pci, 0xCF8, 4, 0x80000000 | 1 << 11 | 4);
	space_out(dom0->pci, 0xCFC, 1, 0x06);
	assert_int_equal(fake_function[CARD].config[1], 0xF9100006);
	space_out(dom0->pci, 0xCFE, 2, 0x0800);
	assert_int_equal(fake_function[CARD].config[1], 0xF1100006);
}

/* ---- interrupts -------------------------------------------------------------------------- */
static uint32_t *table_entry(unsigned n)
{
	return (uint32_t *)(machine_device_page((frame_t){((uint32_t)BASE + 0x10000) >> 12}) +
			    n * 16);
}

static long free_pirq(struct domain *d, uint32_t *pirq)
{
	physdev_get_free_pirq_t op = {.type = MAP_PIRQ_TYPE_MSI};
	long rc = world_arg(d, __HYPERVISOR_physdev_op, PHYSDEVOP_get_free_pirq, &op, sizeof(op));

	*pirq = op.pirq;
	return rc;
}

static long bind(struct domain *d, uint32_t pirq, uint32_t *port)
{
	evtchn_bind_pirq_t op = {.pirq = pirq};
	long rc = world_arg(d, __HYPERVISOR_event_channel_op, EVTCHNOP_bind_pirq, &op, sizeof(op));

	*port = op.port;
	return rc;
}

static long close_port(struct domain *d, uint32_t port)
{
	evtchn_close_t op = {.port = port};

	return world_arg(d, __HYPERVISOR_event_channel_op, EVTCHNOP_close, &op, sizeof(op));
}

static long unmap_pirq(struct domain *d, uint32_t pirq)
{
	physdev_unmap_pirq_t op = {.domid = DOMID_SELF, .pirq = (int)pirq};

	return world_arg(d, __HYPERVISOR_physdev_op, PHYSDEVOP_unmap_pirq, &op, sizeof(op));
}

static void clear_pending(uint32_t port)
{
	dom0->shared_info->evtchn_pending[port / 64] &= ~(1ull << port % 64);
}

static void mark(uint32_t *entry, uint32_t pirq)
{
	entry[0] = 0xFEE00000 | (pirq & 0xFF) << 12;
	entry[1] = pirq & ~0xFFu;
	entry[2] = 0x700;
	entry[3] = 1;
}

/* An entry of the table becomes a port: only then, only that one, and again without a marker. */
static void msix(void **state)
{
	uint32_t pirq, port, again, index;
	unsigned vector;

	(void)state;
	config_write(1, PCI_COMMAND, 6);
	assert_int_equal(free_pirq(dom0, &pirq), 0);
	assert_int_equal(bind(dom0, pirq, &port), -XEN_ENOENT); /* no marker */
	mark(table_entry(2), pirq);
	assert_int_equal(bind(dom0, pirq, &port), 0);
	assert_int_equal(bind(dom0, pirq, &again), -XEN_EEXIST);
	assert_int_equal(table_entry(2)[0], 0xFEE00000);
	index = table_entry(2)[2];
	assert_int_equal(table_entry(2)[3], 0);
	vector = fake_iommu_message(CARD, index);
	assert_in_range(vector, 0x30, 0xEB);
	for (unsigned data = 0; data < 512; data++) {
		assert_int_equal(fake_iommu_message(CARD, data), data == index ? vector : 0);
		assert_int_equal(fake_iommu_message(OTHER, data), 0);
	}
	assert_false(event_port_pending(dom0, port));
	assert_true(device_interrupt(vector));
	assert_true(event_port_pending(dom0, port));
	clear_pending(port);
	assert_false(device_interrupt(vector + 1));
	assert_false(device_interrupt(0x20));
	assert_false(device_interrupt(0xFF));

	assert_int_equal(close_port(dom0, port), 0);
	assert_int_equal(fake_iommu_message(CARD, index), 0);
	assert_int_equal(table_entry(2)[3], 1);
	assert_false(device_interrupt(vector));
	assert_int_equal(bind(dom0, pirq, &port), 0); /* free_irq(), request_irq() */
	assert_int_equal(fake_iommu_message(CARD, index), vector);
	assert_int_equal(unmap_pirq(dom0, pirq), 0);
	assert_int_equal(fake_iommu_message(CARD, index), 0);
	assert_int_equal(unmap_pirq(dom0, pirq), -XEN_EINVAL);
	assert_int_equal(bind(dom0, pirq, &port), -XEN_EINVAL);
}

/* A device that is being reset answers ones, also to whether its memory answers: it is let be. */
static void silent_while_reset(void **state)
{
	struct pci_function *f = dom0->pci->function[0];
	const struct msi_place place = {.function = f, .entry = 1};

	(void)state;
	table_entry(1)[2] = 0x1234;
	f->vectors[1] = IOMMU_VECTOR(0x40);
	fake_function[CARD].config[1] = UINT32_MAX;
	f->reset_done = 1;
	msi_silence(&place);
	assert_int_equal(table_entry(1)[2], 0x1234);
	assert_int_equal(fake_iommu_message(CARD, 1), 0);
	f->reset_done = 0;
	fake_function[CARD].config[1] = 0x00100006;
	msi_silence(&place);
	assert_int_equal(table_entry(1)[2], 1);
	assert_int_equal(table_entry(1)[3], 1);
}

/* The MSI capability: the message that the domain wrote is its own to see, the real one ours. */
static void msi(void **state)
{
	uint32_t pirq, port;

	(void)state;
	assert_int_equal(free_pirq(dom0, &pirq), 0);
	config_write(1, 0x54, 0xFEE00000 | (pirq & 0xFF) << 12);
	config_write(1, 0x58, pirq & ~0xFFu);
	config_write(1, 0x5C, 0x700);
	assert_int_equal(fake_function[CARD].config[0x54 / 4], 0);
	assert_int_equal(bind(dom0, pirq, &port), 0);
	assert_int_equal(fake_function[CARD].config[0x54 / 4], 0xFEE00000);
	assert_int_equal(fake_function[CARD].config[0x58 / 4], 0);
	assert_int_equal(config(1, 0x54), 0xFEE00000 | (pirq & 0xFF) << 12);
	assert_int_equal(config(1, 0x5C), 0); /* a marker no more */
	assert_true(
		device_interrupt(fake_iommu_message(CARD, fake_function[CARD].config[0x5C / 4])));
	assert_true(event_port_pending(dom0, port));
	clear_pending(port);
	assert_int_equal(unmap_pirq(dom0, pirq), 0);
}

/* Another domain, with Dom0's rights: no pirq of its own, and none of Dom0's. */
static void not_anothers(void **state)
{
	struct domain *tenant = world_tenant(true);
	uint32_t pirq, port;

	(void)state;
	assert_int_equal(free_pirq(dom0, &pirq), 0);
	assert_int_equal(free_pirq(tenant, &port), -XEN_EPERM);
	tenant->label = dom0->label;
	tenant->self_label = dom0->self_label;
	assert_int_equal(free_pirq(tenant, &port), -XEN_EINVAL);
	assert_int_equal(bind(tenant, pirq, &port), -XEN_EINVAL);
	assert_int_equal(unmap_pirq(tenant, pirq), -XEN_EINVAL);
	assert_int_equal(unmap_pirq(dom0, pirq), 0);
	world_destroy(tenant);
}

/* Too many: dropped in the IOMMU, put on record, and back after a while with one event. */
static void storm(void **state)
{
	uint32_t pirq, port, index;
	unsigned vector, arrived = 0;

	(void)state;
	assert_int_equal(free_pirq(dom0, &pirq), 0);
	mark(table_entry(0), pirq);
	assert_int_equal(bind(dom0, pirq, &port), 0);
	index = table_entry(0)[2];
	vector = fake_iommu_message(CARD, index);
	assert_int_equal(pirq_tick(machine.now), ~0ull);
	for (unsigned i = 0; i < 5000; i++) {
		if (fake_iommu_message(CARD, index) == vector && device_interrupt(vector)) {
			arrived++;
		}
	}
	assert_int_equal(arrived, 1001);
	clear_pending(port);
	assert_in_range(pirq_tick(machine.now), machine.now + 1, machine.now + 10000000);
	assert_int_equal(fake_iommu_message(CARD, index), 0);
	machine.now += 10000000;
	assert_int_equal(pirq_tick(machine.now), ~0ull);
	assert_int_equal(fake_iommu_message(CARD, index), vector);
	assert_true(event_port_pending(dom0, port));
	assert_int_equal(unmap_pirq(dom0, pirq), 0);
}

/* ---- the window -------------------------------------------------------------------------- */
static void ones_between_bars(void **state)
{
	struct virt_fault fault = {.gpa = CORBEL_PCI_WINDOW_END - 8};

	(void)state;
	assert_true(devices_answer(dom0, &fault));
	assert_int_equal(*(uint8_t *)(uintptr_t)frame_address(
				 frame_at(dom0, (CORBEL_PCI_WINDOW_END >> 12) - 1)),
			 0xFF);
	fault.gpa = CORBEL_PCI_WINDOW_END;
	assert_false(devices_answer(dom0, &fault));
	fault.gpa = CORBEL_PCI_WINDOW - 1;
	assert_false(devices_answer(dom0, &fault));
	fault.gpa = CORBEL_PCI_WINDOW + 0x100000;
	fault.fetch = true;
	assert_false(devices_answer(dom0, &fault));
	fault = (struct virt_fault){.gpa = BAR0, .present = true};
	assert_false(devices_answer(dom0, &fault));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_its_own),       cmocka_unit_test(virtual_bars),
		cmocka_unit_test(default_deny),       cmocka_unit_test(msix),
		cmocka_unit_test(silent_while_reset), cmocka_unit_test(msi),
		cmocka_unit_test(not_anothers),       cmocka_unit_test(storm),
		cmocka_unit_test(ones_between_bars),
	};

	return cmocka_run_group_tests_name("pci_space", tests, setup_once, NULL);
}
