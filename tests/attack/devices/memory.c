/* SPDX-License-Identifier: MIT */
/* What the device reaches of memory that is nobody's loan. */
#include "tests/attack/devices/edu.h"
#include <xen/memory.h>

#define MIB (1ull << 20)

static uint8_t pages[2][PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t dropped[PAGE_SIZE] __attribute__((aligned(4096)));

/* Numbers of the host's frames, but for those that are also RAM here: a domain's gfns are no
 * frames. */
static const struct {
	const char *name;
	uint64_t address;
} places[] = {
	{"above RAM", 128 * MIB},
	{"the hypervisor's region by its frame", 0x1E400000},
	{"the machine's last megabyte of RAM", 511 * MIB},
	{"the configuration window", 0xB0000000},
	{"its own memory", CORBEL_PCI_WINDOW},
	{"the I/O APIC", 0xFEC00000},
	{"the TPM", 0xFED40000},
	{"the IOMMU", 0xFED80000},
	{"the flash", 0xFFFC0000},
	{"5 GiB", 5ull << 30},
	{"what no guest's address reaches", 1ull << 36},
};

static void check_own(void)
{
	for (unsigned i = 0; i < PAGE_SIZE; i++) {
		pages[0][i] = (uint8_t)(i * 7 + 1);
	}
	memset(pages[1], 0, PAGE_SIZE);
	edu_read((uintptr_t)pages[0], 4000);
	edu_write((uintptr_t)pages[1], 4000);
	check_true("it copies from one own page to another", !memcmp(pages[0], pages[1], 4000));
	check_true("and no further", pages[1][4000] == 0);
	memset(pages[1], 0, PAGE_SIZE);
	edu_write((uintptr_t)pages[1] - 100, 200);
	check_true("and across the edge of two",
		   !memcmp(pages[1], pages[0] + 100, 100) &&
			   !memcmp(pages[0] + PAGE_SIZE - 100, pages[0], 100));
	check_true("2^39 above an own page is not that page",
		   !edu_reaches((1ull << 39) + (uintptr_t)pages[0]));
}

/* A page that the domain gives up while the IOMMU remembers it. */
static void check_dropped(void)
{
	struct xen_remove_from_physmap drop = {.domid = DOMID_SELF,
					       .gpfn = (uintptr_t)dropped / PAGE_SIZE};

	check_true("a page is reached", edu_reaches((uintptr_t)dropped));
	check_equal("and given up",
		    (uint64_t)hypercall2(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap,
					 (uintptr_t)&drop),
		    0);
	check_true("then it is not reached any more", !edu_reaches((uintptr_t)dropped));
}

/* Pages that the hypervisor shares with the domain: there is always something in them. */
static void check_shared(void)
{
	volatile grant_entry_v1_t *entry = &grant_table[1];
	volatile uint64_t *ones = (void *)((uint64_t)CORBEL_PCI_WINDOW + EDU_SIZE + PAGE_SIZE);

	grant_give(1, DOMID_SELF, pages[0], true);
	check_true("shared_info is not reached", !edu_reaches((uintptr_t)shared_info));
	check_true("the grant table is not reached", !edu_reaches((uintptr_t)grant_table));
	check_true("and is as it was",
		   entry->frame == (uintptr_t)pages[0] / PAGE_SIZE && entry->domid == DOMID_SELF);
	grant_end(1);
	check_equal("between BARs are ones", *ones, ~0ull);
	check_true("which it does not reach", !edu_reaches((uintptr_t)ones));
	check_equal("and there they are", *ones, ~0ull);
}

void check_memory(void)
{
	check_own();
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		if (edu_reaches(places[i].address)) {
			not_ok(places[i].name, "reached at %lx", places[i].address);
		} else {
			ok("%s is not reached", places[i].name);
		}
	}
	check_equal("its memory is as it was", edu_word(), EDU_WORD);
	check_shared();
	check_dropped();
	check_true("what is its own is still reached", edu_works());
}
