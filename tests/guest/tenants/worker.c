/* SPDX-License-Identifier: MIT */
/*
 * Well-behaved and greedy tenant for life-cycle tests, by `case=NAME`:
 *   hello    says what it sees of itself, powers off
 *   count    prints a rising number every 2 ms until it is destroyed
 *   spin     never gives the processor back
 *   flood    sends its console event without end
 *   hog      takes every frame, port and table that it can get, then says that it lives
 *   secret   fills memory with a pattern, and a register that the hypervisor keeps for it, then
 *            keeps checking its memory until a byte comes in
 *   scan     looks for that pattern, which only a page of another could hold
 *   areas    drops the pages in which the hypervisor keeps its registered areas
 */
#include "tests/guest/lib/cpu.h"
#include "tests/guest/lib/xen.h"
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/memory.h>
#include <xen/vcpu.h>

const char test_title[] = "worker";

/* tests/attack/requests changes the A while the builder reads it. */
static const char flip_mark[] = "flip-mark:A";

static void case_hello(void)
{
	const struct hvm_start_info *info = (void *)(uintptr_t)start_info_address;
	struct cpuid_regs r = cpuid(0x40000004, 0);
	struct corbel_host_info host;

	memset(&host, 0, sizeof(host));
	check_equal("start-info flags of a tenant", info->flags, 0);
	check_true("own domain id in CPUID", r.c >= CORBEL_DOMID_FIRST);
	check_equal("console_io is refused",
		    (uint64_t)hypercall3(__HYPERVISOR_console_io, 0, 5, (uintptr_t) "dirty"),
		    (uint64_t)-XEN_EPERM);
	check_equal("host_info is refused", (uint64_t)corbel_call(CORBEL_OP_host_info, &host),
		    (uint64_t)-XEN_EPERM);
	check_true("command line arrived", strstr(boot.cmdline, "case=hello") != NULL);
	print("hello from domain %u, %s\n", r.c, flip_mark);
}

static void case_count(void)
{
	events_init();
	for (unsigned i = 0;; i++) {
		print("count %u\n", i);
		sleep_ns(2000000);
	}
}

static void case_spin(void)
{
	print("spinning\n");
	for (;;) {
		__asm__ volatile("");
	}
}

static void case_flood(void)
{
	uint64_t port = 0;

	hvm_get_param(HVM_PARAM_CONSOLE_EVTCHN, &port);
	print("flooding\n");
	for (;;) {
		event_send((uint32_t)port);
	}
}

static long add(unsigned space, uint64_t index, uint64_t gfn)
{
	struct xen_add_to_physmap arg = {
		.domid = DOMID_SELF, .space = space, .idx = index, .gpfn = gfn};

	return hypercall2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (uintptr_t)&arg);
}

static void case_hog(void)
{
	struct xen_memory_reservation more = {
		.nr_extents = 1, .extent_order = 0, .domid = DOMID_SELF};
	static xen_pfn_t frames[1] = {0x90000};
	unsigned ports = 0, tables = 0, maps = 0;

	set_xen_guest_handle(more.extent_start, frames);
	check_true("populate is refused",
		   hypercall2(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (uintptr_t)&more) <=
			   0);
	while (ports < 10000 && event_unbound(CORBEL_DOMID_DOM0) > 0) {
		ports++;
	}
	check_true("ports come to an end", ports > 0 && ports < 5000);
	while (tables < 10000 && add(XENMAPSPACE_grant_table, tables, 0xA0000 + tables) == 0) {
		tables++;
	}
	check_true("grant frames come to an end", tables > 0 && tables < 200);
	/* One table page or two for each new gigabyte: the hypervisor's pool must not end with
	 * it. */
	while (maps < 64 && add(XENMAPSPACE_shared_info, 0, 0x100000 + maps * 0x40000ull) == 0) {
		maps++;
	}
	print("hog: %u ports, %u grant frames, %u far mappings\n", ports, tables, maps);
	for (unsigned i = 0; i < 20000; i++) {
		if (add(XENMAPSPACE_shared_info, 0, 0x200000 + i * 0x200ull) != 0) {
			break;
		}
	}
	ok("a greedy tenant lives");
}

static uint64_t checksum(const uint64_t *at, size_t words)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < words; i++) {
		sum = (sum << 1 | sum >> 63) ^ at[i];
	}
	return sum;
}

/* Inverted, so that no image holds what tests/attack/dom0-ends looks for. */
static volatile uint64_t register_secret = ~0x5ec2e7d5a11ce0dbull;

static void case_secret(void)
{
	volatile struct xencons_interface *ring;
	uint64_t gfn = 0, sum;
	uint64_t *memory = (void *)0x300000;
	size_t words = (1ul << 20) / 8;

	for (size_t i = 0; i < words; i++) {
		memory[i] = 0x5ec2e7ull << 40 ^ i;
	}
	sum = checksum(memory, words);
	__asm__ volatile("mov %0, %%db0" : : "r"(~register_secret));
	hvm_get_param(HVM_PARAM_CONSOLE_PFN, &gfn);
	ring = (void *)(gfn * PAGE_SIZE);
	events_init();
	print("secret at %lx\n", (uint64_t)(uintptr_t)memory / PAGE_SIZE);
	while (ring->in_prod == ring->in_cons) {
		if (checksum(memory, words) != sum) {
			not_ok("memory", "has changed");
			return;
		}
		sleep_ns(5000000);
	}
	check_equal("memory has not changed", checksum(memory, words), sum);
}

/* T17: frames of the secret one come here next; the image itself must not hold the pattern. */
static void case_scan(void)
{
	volatile uint64_t *at = (void *)0x200000;
	uint64_t found = 0;

	for (; (uintptr_t)at + 8 <= boot.ram_end; at++) {
		found += *at >> 40 == 0x5ec2e7;
	}
	check_true("there was memory to look at", boot.ram_end > 0x400000);
	check_equal("no word of another domain's memory", found, 0);
}

/* T20: a frame that the hypervisor writes to must not go to somebody else meanwhile. */
static void case_areas(void)
{
	static uint8_t runstate[4096] __attribute__((aligned(4096)));
	static uint8_t info[4096] __attribute__((aligned(4096)));
	struct vcpu_register_runstate_memory_area area;
	struct vcpu_register_vcpu_info place = {.mfn = (uintptr_t)info / PAGE_SIZE, .offset = 64};
	struct xen_remove_from_physmap drop = {.domid = DOMID_SELF};
	long first, second, port;

	events_init();
	memset(&area, 0, sizeof(area));
	area.addr.p = (uintptr_t)runstate;
	check_equal("runstate area",
		    (uint64_t)hypercall3(__HYPERVISOR_vcpu_op, 5, 0, (uintptr_t)&area), 0);
	port = event_ipi(0);
	check_equal("vcpu_info area",
		    (uint64_t)hypercall3(__HYPERVISOR_vcpu_op, 10, 0, (uintptr_t)&place), 0);
	drop.gpfn = (uintptr_t)runstate / PAGE_SIZE;
	first = hypercall2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, (uintptr_t)&drop);
	drop.gpfn = (uintptr_t)info / PAGE_SIZE;
	second = hypercall2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, (uintptr_t)&drop);
	print("areas: dropping their pages answers %ld and %ld\n", first, second);
	for (unsigned i = 0; i < 200; i++) {
		event_send((uint32_t)port);
		hypercall2(__HYPERVISOR_sched_op, 0, 0);
	}
	ok("lives on without the pages");
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{"hello", case_hello}, {"count", case_count},   {"spin", case_spin}, {"flood", case_flood},
	{"hog", case_hog},     {"secret", case_secret}, {"scan", case_scan}, {"areas", case_areas},
};

void test_main(void)
{
	char wanted[32];

	for (unsigned i = 0; option("case", wanted, sizeof(wanted)) && i < ARRAY_SIZE(cases); i++) {
		if (strcmp(cases[i].name, wanted) == 0) {
			cases[i].run();
			return;
		}
	}
	broken("no such case");
}
