/* SPDX-License-Identifier: MIT */
/* Between the files of boot/: options, refusals, the way on. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H
#include "base/must_check.h"
#include "base/boot_info.h"

#define CORBEL_VERSION "0.1"

/* Value of `name=` or presence of the bare word in the command line. */
MUST_CHECK bool boot_option(const struct boot_info *boot, const char *name, char *value,
			    uint32_t size);
void boot_options_check(const struct boot_info *boot); /* warns about words it does not know */
/* Says what is wrong with the machine or its set-up, then stops: not a crash of the hypervisor. */
__attribute__((noreturn, format(printf, 1, 2))) void boot_refuse(const char *fmt, ...);

/* boot/host.c: runs with final page tables, traps, time; never returns. */
__attribute__((noreturn)) void core_main(struct boot_info *boot);
#endif
