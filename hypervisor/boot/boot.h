/* SPDX-License-Identifier: MIT */
/*
 * What the boot code hands over, built from multiboot2 tags and EFI; every pointer in it is
 * host-physical and identity-mapped in the boot page tables only.
 */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H
#include <stdbool.h>
#include <stdint.h>
#include "abi/corbel.h"
#include "measured-boot/image/measure.h"

#define CORBEL_VERSION   "0.1"
#define BOOT_MAX_REGIONS 96
#define BOOT_MODULES     5

enum boot_module_id { MODULE_policy, MODULE_builder, MODULE_plan, MODULE_kernel, MODULE_initrd };

struct boot_module {
	uint64_t base, size; /* host-physical, page aligned base; size in bytes, > 0 */
};

struct boot_region { /* usable RAM, page aligned, sorted, disjoint; image, boot stack, MBI, modules,
		      * low 1 MiB and the hypervisor region are not in it */
	uint64_t base, size;
};

/* As CORBEL_OP_boot_log gives it, without Corbel's own records; all zero: firmware gave none. */
struct boot_log {
	struct corbel_boot_log head;
	uint8_t bytes[MEASURE_FW_LOG_MAX - sizeof(struct corbel_boot_log)];
};

struct boot_info {
	bool efi; /* came through the measured EFI entry with boot services */
	char cmdline[256];
	struct boot_module module[BOOT_MODULES];
	uint32_t region_count;
	struct boot_region region[BOOT_MAX_REGIONS];
	uint64_t ram_top;          /* end of the highest usable RAM */
	uint64_t hv_base, hv_size; /* hypervisor region for frame table and heap, 2 MiB aligned,
				    * below 4 GiB, mapped RW+NX identity in the final tables */
	uint64_t hv_free;          /* first unused byte of the hypervisor region */
	bool tpm;                  /* one answers as FIFO (TIS), and may be used */
	struct boot_log log;
};

/* Value of `name=` or presence of the bare word in the command line. */
bool boot_option(const struct boot_info *boot, const char *name, char *value, uint32_t size);
void boot_options_check(const struct boot_info *boot); /* warns about words it does not know */
/* Says what is wrong with the machine or its set-up, then stops: not a crash of the hypervisor. */
__attribute__((noreturn, format(printf, 1, 2))) void boot_refuse(const char *fmt, ...);

/* Provided by core/: runs with final page tables, traps, time; never returns. */
__attribute__((noreturn)) void core_main(struct boot_info *boot);
#endif
