/* SPDX-License-Identifier: MIT */
/*
 * Entry of the CLI.  `xl` is a link to the same program: only the name printed
 * in messages differs.
 */
#include "tools/corbel/corbel.h"

int main(int argc, char **argv)
{
	return tool_main(argc, argv);
}
