/* SPDX-License-Identifier: MIT */
/*
 * A PVH kernel of 64 KiB that says when its first instruction ran, in TSC ticks, and powers off.
 */
#include "tests/guest/lib/lib.h"

const char test_title[] = "tiny";

/* With the padding of tests/guest.mk the file has 64 KiB. */
__attribute__((used)) static const uint8_t filler[45056] = {1};

void test_main(void)
{
	__asm__ volatile("" : : "r"(filler));
	ok("first instruction at %lu", first_tsc);
}
