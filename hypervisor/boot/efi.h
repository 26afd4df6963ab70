/* SPDX-License-Identifier: MIT */
/*
 * Leaving UEFI boot services, with everything that can only be had from them: the memory map and
 * the firmware's TCG event log.
 */
#ifndef BOOT_EFI_H
#define BOOT_EFI_H
#include "boot/multiboot.h"

/* Refuses to go on when the firmware does not answer as UEFI 2.x must. */
void efi_leave(struct boot_loader *loader);
/* Second half, on our own page tables: copies the event log as it lies there. */
void efi_after(struct boot_loader *loader, struct boot_log *log);
#endif
