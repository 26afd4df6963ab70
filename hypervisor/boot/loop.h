/* SPDX-License-Identifier: MIT */
/* The host's loop (boot/loop.c): what a CPU does between two runs of a guest. */
#ifndef BOOT_LOOP_H
#define BOOT_LOOP_H

__attribute__((noreturn)) void host_loop(void);
#endif
