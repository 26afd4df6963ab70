/* SPDX-License-Identifier: MIT */
/*
 * Entry of corbel-attest.  Apart, so that unit tests have an entry of their own.
 */
#include "measured-boot/attest/attest.h"

int main(int argc, char **argv)
{
	return attest_main(argc, argv);
}
