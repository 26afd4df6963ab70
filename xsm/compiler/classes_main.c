/* SPDX-License-Identifier: MIT */
/*
 * xsm-classes: prints the generated part of every policy, for secilc.  Runs on the build host,
 * reads no input.
 */
#include "xsm/compiler/source.h"

int main(void)
{
	classes_print(stdout);
	return fflush(stdout) != 0;
}
