/* SPDX-License-Identifier: MIT */
/* The command line of corbel-verify. */
#ifndef MEASURED_BOOT_VERIFY_COMMAND_H
#define MEASURED_BOOT_VERIFY_COMMAND_H

/* What main() is given; returns the exit status.  Once in a process: it remembers what it said. */
int verify_command(int count, char **argument);
#endif
