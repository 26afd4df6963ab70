/* SPDX-License-Identifier: MIT */
/*
 * What the boot code hands over, built from multiboot2 tags and EFI; every pointer in it is
 * host-physical and identity-mapped in the boot page tables only.
 */
#ifndef BASE_BOOT_INFO_H
#define BASE_BOOT_INFO_H
#include <stdbool.h>
#include <stdint.h>
#include "abi/corbel.h"

#define BOOT_LOG_MAX     65536u /* of firmware's event log, its head included */
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
	uint8_t bytes[BOOT_LOG_MAX - sizeof(struct corbel_boot_log)];
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
	bool masters_stopped;      /* no PCI function is a bus master any more */
	bool tpm;                  /* one answers as FIFO (TIS), and may be used */
	uint64_t iommu; /* where its registers are, mapped there too; 0: none that is used */
	struct boot_log log;
};
#endif
