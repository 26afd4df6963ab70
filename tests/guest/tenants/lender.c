/* SPDX-License-Identifier: MIT */
/*
 * Lends Dom0 one page for reading and writing and one for reading; for each byte that comes in on
 * its console it says what is in them, and whether the rest of its memory is as it was.
 */
#include "tests/guest/tenants/lender.h"
#include "tests/guest/lib/xen.h"
#include <xen/hvm/params.h>
#include <xen/io/console.h>

const char test_title[] = "lender";

#define OWN_FROM 0x400000ul

static uint8_t open_page[PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t shut_page[PAGE_SIZE] __attribute__((aligned(4096)));

static uint64_t pattern(uint64_t at)
{
	return at * 0x9E3779B97F4A7C15ull | 1;
}

static bool is_kept(void)
{
	for (uint64_t at = OWN_FROM; at < boot.ram_end - (1ul << 20); at += 64) {
		if (*(volatile uint64_t *)at != pattern(at)) {
			return false;
		}
	}
	return true;
}

void test_main(void)
{
	volatile struct xencons_interface *ring;
	uint64_t gfn = 0;

	hvm_get_param(HVM_PARAM_CONSOLE_PFN, &gfn);
	ring = (void *)(gfn * PAGE_SIZE);
	events_init();
	grants_init();
	for (uint64_t at = OWN_FROM; at < boot.ram_end - (1ul << 20); at += 64) {
		*(volatile uint64_t *)at = pattern(at);
	}
	memset(open_page, LENDER_OPEN, sizeof(open_page));
	memset(shut_page, LENDER_SHUT, sizeof(shut_page));
	grant_give(LENDER_REF_OPEN, 0, open_page, false);
	grant_give(LENDER_REF_SHUT, 0, shut_page, true);
	print("lent\n");
	for (unsigned looks = 0;; looks++) {
		while (ring->in_prod == looks) {
			sleep_ns(20000000);
		}
		print("look %u: open %x, shut %x, own memory %s\n", looks, open_page[100],
		      shut_page[100], is_kept() ? "kept" : "changed");
	}
}
