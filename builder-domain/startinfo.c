/* SPDX-License-Identifier: MIT */
/*
 * PVH start information (<xen/arch-x86/hvm/start_info.h>): one page with the structure, the module
 * list and the memory map.  It lies below 1 GiB because Linux reads map and list through its first
 * page tables.
 */
#include <stdint.h>

#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>

#include "builder-domain/image.h"
#include "builder-domain/lib.h"
#include "builder-domain/tables.h"

struct start_page {
	struct hvm_start_info info;
	struct hvm_modlist_entry module;
	struct hvm_memmap_table_entry map[6];
};
_Static_assert(sizeof(struct start_page) <= 4096, "start info page");

/* Where a field of the page lies in the domain. */
#define GPA_OF(field) (START_INFO_GPA + __builtin_offsetof(struct start_page, field))

static void add_range(struct start_page *page, uint64_t start, uint64_t end, uint32_t type)
{
	page->map[page->info.memmap_entries] = (struct hvm_memmap_table_entry){
		.addr = start,
		.size = end - start,
		.type = type,
	};
	page->info.memmap_entries++;
}

void start_info_fill(uint8_t bytes[4096], const struct build_request *request,
		     const struct ram *ram, uint64_t initrd_gpa)
{
	struct start_page *page = (struct start_page *)bytes;
	struct hvm_start_info *info = &page->info;

	memset(bytes, 0, PAGE_SIZE);
	info->magic = XEN_HVM_START_MAGIC_VALUE;
	info->version = 1;
	if ((request->flags & CORBEL_RQF_DOM0) != 0) {
		info->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	}
	if (request->initrd_size != 0) {
		info->nr_modules = 1;
		info->modlist_paddr = GPA_OF(module);
		page->module.paddr = initrd_gpa;
		page->module.size = request->initrd_size;
	}
	info->cmdline_paddr = CMDLINE_GPA;
	info->rsdp_paddr = ACPI_GPA;
	info->memmap_paddr = GPA_OF(map);

	/* In ascending order and without a gap below 4 GiB's RAM: what is not listed is no
	 * memory. */
	add_range(page, 0, BOOT_AREA, XEN_HVM_MEMMAP_TYPE_RAM);
	add_range(page, BOOT_AREA, ACPI_GPA, XEN_HVM_MEMMAP_TYPE_RESERVED);
	add_range(page, ACPI_GPA, ACPI_GPA + PAGE_SIZE, XEN_HVM_MEMMAP_TYPE_ACPI);
	add_range(page, ACPI_GPA + PAGE_SIZE, BOOT_AREA_END, XEN_HVM_MEMMAP_TYPE_RESERVED);
	add_range(page, BOOT_AREA_END, ram->low_end, XEN_HVM_MEMMAP_TYPE_RAM);
	if (ram->high_end != 0) {
		add_range(page, RAM_HIGH_BASE, ram->high_end, XEN_HVM_MEMMAP_TYPE_RAM);
	}
}
