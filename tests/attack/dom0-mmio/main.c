/* SPDX-License-Identifier: MIT */
/*
 * T12, T27: Dom0 touches one device page (`address=HEX`, `write=1`) that is not its
 * own.  Nothing is mapped there, so this ends Dom0 and with it the machine: the launcher expects
 * status 35 and the hypervisor's word.
 */
#include "tests/guest/lib/lib.h"

const char test_title[] = "device pages from Dom0";

static uint64_t hex(const char *text)
{
	uint64_t value = 0;

	for (; *text != 0; text++) {
		uint8_t c = (uint8_t)*text;

		value = value << 4 | (c <= '9' ? c - 48u : (c & ~0x20u) - 55u);
	}
	return value;
}

void test_main(void)
{
	char text[32];
	volatile uint32_t *at;

	if (option("address", text, sizeof(text)) == NULL) {
		broken("no address= in the command line");
	}
	at = (volatile uint32_t *)hex(text);
	if (option("write", text, sizeof(text)) != NULL) {
		*at = 0;
		not_ok(text, "written");
	} else {
		not_ok(text, "reads %x", *at);
	}
}
