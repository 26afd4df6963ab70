/* SPDX-License-Identifier: MIT */
/* corbel-verify: command.c is all of it. */
#include "measured-boot/verify/command.h"

int main(int count, char **argument)
{
	return verify_command(count, argument);
}
