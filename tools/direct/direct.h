/* SPDX-License-Identifier: MIT */
/*
 * The direct loader: stands between QEMU's -kernel (multiboot 1) and the hypervisor, which knows
 * only multiboot 2.  For tests and benchmarks: no firmware services, nothing measured.  It is no
 * part of a host's image.  The hypervisor's image is linked into it at its place
 * (tools/direct/link).
 */
#ifndef DIRECT_DIRECT_H
#define DIRECT_DIRECT_H
#include <stddef.h>
#include <stdint.h>

#define MULTIBOOT1_LOADED 0x2BADB002u
#define DIRECT_LIMIT      65536u /* bytes of multiboot 2 information at most */

/* Writes into `info` what the multiboot 1 information at `address` says: command line, modules,
 * memory map as an EFI one.  NULL, or why it cannot. */
const char *direct_translate(uint8_t info[DIRECT_LIMIT], uint32_t magic, uint32_t address);

/* Readable memory at a host-physical address; start of physical memory in the loader itself. */
const void *direct_physical(uint32_t address);
/* Called by start.S: where the multiboot 2 information is. */
uint32_t direct_main(uint32_t magic, uint32_t address);
#endif
