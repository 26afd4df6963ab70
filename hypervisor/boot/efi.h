/* SPDX-License-Identifier: MIT */
/*
 * Leaving UEFI boot services, with everything that can only be had from them: the memory map and
 * the firmware's TCG event log.
 */
#ifndef BOOT_EFI_H
#define BOOT_EFI_H
#include "boot/multiboot.h"

struct efi_result {
	struct memory_map memory; /* what may be used from now on */
	uint64_t rsdp;            /* 0 = none */
	/* The event log in firmware's memory: two pieces to be joined; 0 = none. */
	uint64_t log_base, log_size;
	uint64_t final_base, final_size;
	uint64_t final_skip;     /* bytes of the final events that the log has as well */
	const char *log_problem; /* why there is no log, or NULL */
};

/* Refuses to go on when the firmware does not answer as UEFI 2.x must. */
void efi_leave(const struct boot_loader *loader, struct efi_result *result);
/* Second half, on our own page tables: the log's last records and the ACPI pointer. */
void efi_after(const struct boot_loader *loader, struct efi_result *result);
#endif
