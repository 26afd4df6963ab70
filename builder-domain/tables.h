/* SPDX-License-Identifier: MIT */
/*
 * What the builder itself puts into a new domain: where, and the pages' contents.  The same fixed
 * places in every domain, all inside [BOOT_AREA, BOOT_AREA_END), so that nothing depends on its
 * size.
 */
#ifndef BUILDER_TABLES_H
#define BUILDER_TABLES_H
#include <stdint.h>

#include "builder-domain/request.h"
#include "builder-domain/window.h"

#define STUB_ZERO_PAGE_GPA 0xC0000u /* only while the stub runs, wiped after it */
#define STUB_CMDLINE_GPA   0xC1000u
#define ACPI_GPA           0xE0000u
#define START_INFO_GPA     0xE1000u
#define CMDLINE_GPA        0xE2000u
#define CONSOLE_GPA        0xE3000u
#define STORE_GPA          0xE4000u

/* What dsdt.asl says of the root bridge, compiled (build/builder/dsdt.c): AML without a header. */
extern const uint8_t dsdt_body[];
extern const uint32_t dsdt_body_size;
#define DSDT_BODY_MAX 3072u

/* Fills one page with RSDP, XSDT, FADT, MADT and DSDT for `vcpus` processors, to lie at gpa.  The
 * DSDT is empty but for a domain that has PCI devices. */
void acpi_fill(uint8_t page[4096], uint32_t gpa, uint32_t vcpus, int has_devices);

/* Fills one page with start info, module list and memory map, to lie at START_INFO_GPA. */
void start_info_fill(uint8_t page[4096], const struct build_request *request, const struct ram *ram,
		     uint64_t initrd_gpa);
#endif
