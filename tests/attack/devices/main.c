/* SPDX-License-Identifier: MIT */
/*
 * T13, T14, T15: Dom0 with a device of its own that does whatever it is told.  It reaches Dom0's
 * RAM and what was lent to Dom0, with the rights that it was lent with and for as long; nothing
 * else in the machine, and no interrupt but the one that was bound; and Dom0 sees and changes no
 * other device.  What the device reads and writes is compared, for it is never told of a refusal.
 */
#include "tests/attack/devices/edu.h"
#include "tests/guest/lib/tenant.h"

const char test_title[] = "a hostile Dom0 with a device";

void test_main(void)
{
	ring_client_init();
	check_equal("its device is there", config_read(EDU, 0), EDU_ID);
	edu_open();
	check_equal("and its memory", edu_word(), EDU_WORD);
	check_memory();
	check_lent();
	check_config();
	check_interrupts();
	check_true("the host and the device go on", edu_works());
}
