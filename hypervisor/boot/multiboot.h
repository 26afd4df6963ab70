/* SPDX-License-Identifier: MIT */
/*
 * Reading what the boot loader left: multiboot2 (2.0) information.  The loader is trusted, but a
 * malformed structure must give a message, not a wild read.
 */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H
#include "boot/boot.h"
#include "boot/memmap.h"

#define MULTIBOOT2_LOADED 0x36D76289u

/* What only the boot code needs to know. */
struct boot_loader {
	struct memory_map memory;  /* usable RAM: from the loader, or later from EFI */
	uint64_t efi_system_table; /* 0 = not given */
	uint64_t efi_image_handle;
	bool boot_services; /* not yet left */

	/* From efi.c: where firmware's event log lies, 0 = none; abi/corbel.h has the others. */
	uint64_t log_base, log_last, final_skip;
	const char *log_problem; /* why there is no log, or NULL */
};

/* Fills cmdline and module of `boot`, or refuses to start: what is wrong with what. */
void multiboot_parse(uint32_t magic, uint64_t address, struct boot_info *boot,
		     struct boot_loader *loader);

/* Readable memory at a host-physical address, or NULL; boot/main.c and the tests provide it. */
const void *boot_physical(uint64_t address, uint64_t size);
#endif
