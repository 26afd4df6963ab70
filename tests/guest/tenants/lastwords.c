/* SPDX-License-Identifier: MIT */
/*
 * A tenant that says two lines and ends at once: with `end=crash` by an instruction that there is
 * not, otherwise in good order.
 */
#include "tests/guest/lib/xen.h"

const char test_title[] = "lastwords";

void test_main(void)
{
	print("FIRST-LINE no such configuration file\n");
	print("LAST-LINE giving up\n");
	if (strstr(boot.cmdline, "end=crash")) {
		__asm__ volatile("lidt %0; ud2" : : "m"((struct { uint8_t bytes[10]; }){{0}}));
	}
}
