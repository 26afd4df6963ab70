/* SPDX-License-Identifier: MIT */
/* What the device can interrupt: nobody, but by the one message that is bound to a port. */
#include "tests/attack/devices/edu.h"
#include "tests/guest/lib/cpu.h"
#include <xen/physdev.h>

#define MSI_ID      5u
#define MSI_ENABLE  (1u << 16)
#define MARKER_DATA 0x700u
#define APIC        0xFEE00000u

#define FORGED  1000u  /* words in a transfer */
#define VECTORS 0x100u /* of each kind of delivery: fixed first; NMI and INIT are among them */
#define KINDS   0x800u
#define SMI     2u
/* Of the fixed ones, those that the host would report as not ordered, and go on. */
#define TOLD     0x30u
#define TOLD_END 0xE0u

#define STORM 20000u

static uint32_t capability;
static bool is_wide;

static void find_capability(void)
{
	uint32_t first;

	capability = config_read(EDU, 0x34) & 0xFC;
	while (capability && (config_read(EDU, capability) & 0xFF) != MSI_ID) {
		capability = config_read(EDU, capability) >> 8 & 0xFC;
	}
	first = config_read(EDU, capability);
	is_wide = first & 1u << 23;
	check_true("it has MSI", capability != 0);
}

static void write_message(uint32_t low, uint32_t high, uint32_t data)
{
	config_write(EDU, capability + 4, low);
	if (is_wide) {
		config_write(EDU, capability + 8, high);
	}
	config_write(EDU, capability + (is_wide ? 12 : 8), data);
	config_write(EDU, capability, MSI_ENABLE);
}

static void raise(void)
{
	edu_set(EDU_RAISE, 1);
	edu_set(EDU_CLEAR, 1);
}

/* Interrupts that came here and are no upcall, and what the hypervisor says of those that it has
 * not ordered. */
static void nothing_came(const char *name)
{
	unsigned count = 0;

	irq_enable();
	sleep_ns(1000000);
	irq_disable();
	for (unsigned vector = 32; vector < 256; vector++) {
		count += vector == CALLBACK_VECTOR ? 0 : irq_count[vector];
	}
	if (count != 0 || log_contains("unexpected interrupt")) {
		not_ok(name, "%u interrupts arrived", count);
	} else {
		ok("%s", name);
	}
}

/* QEMU complains of each SMI: one will do. */
static uint32_t forged_word(uint32_t number)
{
	return number / VECTORS == SMI && number % VECTORS ? number % VECTORS : number;
}

/* Which words of a transfer count depends on how the machine splits it, so each stands in both
 * places. */
static void forge(uint64_t address, uint32_t first, uint32_t end)
{
	static uint32_t words[FORGED] __attribute__((aligned(4096)));

	while (first < end) {
		for (uint32_t i = 0; i < FORGED; i++) {
			words[i] = forged_word(MIN(first + i / 2, end - 1));
		}
		edu_read((uintptr_t)words, sizeof(words));
		edu_write(address, sizeof(words));
		first += FORGED / 2;
	}
}

static void forge_all(const char *name)
{
	forge(APIC, TOLD, TOLD_END);
	nothing_came(name);
	forge(APIC, 0, KINDS);
	forge(APIC + 0x1000, 0, KINDS);
	forge(APIC + 0xFF000, 0, KINDS);
	nothing_came("nor by any kind of delivery, to any processor");
}

static void check_not_bound(void)
{
	config_write(EDU, 4, 6);
	raise();
	nothing_came("its line reaches nobody");
	write_message(APIC, 0, 0x4030);
	raise();
	nothing_came("its message as it likes it reaches nobody");
	write_message(0xFED80000, 0, 0);
	raise();
	nothing_came("nor one to the IOMMU");
}

static uint32_t free_pirq(void)
{
	physdev_get_free_pirq_t op = {.type = MAP_PIRQ_TYPE_MSI};
	long rc = hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_get_free_pirq, (uintptr_t)&op);

	check_equal("a PIRQ", (uint64_t)rc, 0);
	return op.pirq;
}

static long bind(uint32_t pirq)
{
	evtchn_bind_pirq_t op = {.pirq = pirq};
	long rc = hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_pirq, (uintptr_t)&op);

	return rc < 0 ? rc : (long)op.port;
}

static long give_back(uint32_t pirq)
{
	physdev_unmap_pirq_t op = {.domid = DOMID_SELF, .pirq = (int)pirq};

	return hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_unmap_pirq, (uintptr_t)&op);
}

static void check_storm(uint32_t port)
{
	for (unsigned i = 0; i < STORM; i++) {
		edu_set(EDU_RAISE, 1);
	}
	check_true("a storm is on record", trace_has(CORBEL_TRACE_storm));
	sleep_ns(30000000);
	check_true("its port has heard of it", event_pending(port));
	edu_set(EDU_CLEAR, 1);
	raise();
	check_true("and later hears of the device again", event_wait(port, 1000000000));
}

void check_interrupts(void)
{
	uint32_t pirq, unused;
	long port;

	find_capability();
	check_not_bound();
	forge_all("forged messages reach nobody");
	check_true("the local APIC is not reached", !edu_reaches(APIC));
	pirq = free_pirq();
	unused = free_pirq();
	check_equal("a PIRQ without a marker cannot be bound", (uint64_t)bind(pirq),
		    (uint64_t)-XEN_ENOENT);
	check_equal("nor one of nobody", (uint64_t)bind(unused + 1), (uint64_t)-XEN_EINVAL);
	write_message(APIC | (pirq & 0xFF) << 12, pirq & ~0xFFu, MARKER_DATA);
	port = bind(pirq);
	if (port <= 0) {
		not_ok("bind", "%ld", port);
		return;
	}
	check_equal("the marker is good for no other", (uint64_t)bind(unused),
		    (uint64_t)-XEN_ENOENT);
	check_true("nothing yet", !event_wait((uint32_t)port, 10000000));
	raise();
	check_true("its interrupt arrives", event_wait((uint32_t)port, 1000000000));
	forge_all("forged ones reach nobody while one is bound");
	check_true("nor its port", !event_pending((uint32_t)port));
	write_message(APIC | 0xFF << 12, 0, 0x4031);
	raise();
	check_true("a message that was changed says the same",
		   event_wait((uint32_t)port, 1000000000));
	check_storm((uint32_t)port);
	check_equal("closed", (uint64_t)event_close((uint32_t)port), 0);
	raise();
	nothing_came("then nothing arrives");
	port = bind(pirq);
	check_true("bound again", port > 0 && !event_wait((uint32_t)port, 10000000));
	raise();
	check_true("it arrives", event_wait((uint32_t)port, 1000000000));
	check_equal("given back", (uint64_t)give_back(pirq), 0);
	raise();
	nothing_came("nothing arrives either");
	check_equal("nor can it be bound", (uint64_t)bind(pirq), (uint64_t)-XEN_EINVAL);
	check_equal("the other one given back", (uint64_t)give_back(unused), 0);
}
