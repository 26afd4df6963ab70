/* SPDX-License-Identifier: MIT */
/*
 * Entry of corbel-reference.  Apart, so that unit tests have an entry of their own.
 */
#include "measured-boot/reference/reference.h"

int main(int argc, char **argv)
{
	return reference_main(argc, argv);
}
