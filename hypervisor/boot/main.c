/* SPDX-License-Identifier: MIT */
/*
 * From the entry point to core_main(): hv_main() is the boot as a list.  Everything here runs once,
 * on the boot CPU, with interrupts off (but for firmware's own until its boot services are left).
 * What the machine lacks is said by name before anything is built on it.
 */
#include "boot/boot.h"
#include "boot/efi.h"
#include "boot/multiboot.h"
#include "diag/console.h"
#include "base/lib.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/desc.h"
#include "cpu/lapic.h"
#include "device/pci.h"
#include "cpu/time.h"
#include "diag/uart.h"
#include "base/addr.h"
#include "mm/hpt.h"
#include "measured-boot/image/tis.h"

#define MIB             (1ul << 20)
#define GIB             (1ul << 30)
#define LOW_MEMORY      (1 * MIB)
#define MEMORY_NEEDED   (256 * MIB)
#define FIRMWARE_SHARE  (32 * MIB) /* of those, firmware may keep this much */
#define HEAP_SIZE       (48 * MIB)
#define HEAP_SIZE_SMALL (24 * MIB) /* below 1 GiB of RAM */
#define FRAME_ENTRY     16         /* bytes of frame table per 4 KiB frame */

extern const char image_start[], image_end[];

extern const char boot_pml4[]; /* head.S */
__attribute__((noreturn)) void hv_main(uint32_t magic, uint64_t information);

static struct boot_info boot;
static struct boot_loader loader;

/* The boot page tables map the first 4 GiB one to one. */
const void *boot_physical(uint64_t address, uint64_t size)
{
	return address == 0 || address >= 4 * GIB || size > 4 * GIB - address
		       ? 0
		       : (const void *)address;
}

void boot_refuse(const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vformat(text, sizeof(text), fmt, args);
	va_end(args);
	printk("cannot start: %s", text);
	machine_stop(false);
}

static void read_loader(uint32_t magic, uint64_t information)
{
	multiboot_parse(magic, information, &boot, &loader);
	boot.efi = loader.boot_services;
	printk("command line: '%s'", boot.cmdline);
	boot_options_check(&boot);
	for (unsigned i = 0; i < BOOT_MODULES; i++) {
		const struct boot_module *module = &boot.module[i];

		if (module->base < (uintptr_t)image_end &&
		    module->base + module->size > (uintptr_t)image_start) {
			boot_refuse("module %u overlaps the hypervisor", i);
		}
		printk("module %u at %lx, %lu bytes", i, module->base, module->size);
	}
}

static void leave_firmware(void)
{
	struct tis tis = {.base = (volatile uint8_t *)TIS_BASE};

	if (boot.efi) {
		efi_leave(&loader);
	}
	write_cr3((uintptr_t)boot_pml4);
	desc_init(0);
	if (boot.efi) {
		efi_after(&loader, &boot.log);
		printk("entry: EFI, boot services left");
		if (loader.log_problem != 0) {
			printk("warning: %s", loader.log_problem);
		}
	} else {
		printk("entry: direct, unmeasured (no EFI): for tests only");
	}
	boot.tpm = !boot_option(&boot, "notpm", 0, 0) && tis_probe(&tis) == 0;
}

static void check_cpu(void)
{
	char missing[64];

	cpu_missing_features(missing, sizeof(missing));
	if (missing[0] != 0) {
		boot_refuse("this CPU lacks %s", missing);
	}
}

/* Takes out of the usable memory all that is in use. */
static void reserve_memory(void)
{
	struct memory_map *memory = &loader.memory;
	uint64_t total = memmap_total(memory);

	if (total + FIRMWARE_SHARE < MEMORY_NEEDED) {
		boot_refuse("too little memory: %lu MiB usable, a machine of %lu MiB is needed",
			    total / MIB, MEMORY_NEEDED / MIB);
	}
	boot.ram_top = memmap_top(memory);
	memmap_remove(memory, 0, LOW_MEMORY);
	memmap_remove(memory, (uintptr_t)image_start, (uint64_t)(image_end - image_start));
	if (boot.iommu) {
		memmap_remove(memory, boot.iommu, IOMMU_REGISTERS);
	}
	for (unsigned i = 0; i < BOOT_MODULES; i++) {
		memmap_remove(memory, boot.module[i].base, boot.module[i].size);
	}
}

static void choose_region(void)
{
	struct memory_map *memory = &loader.memory;
	uint64_t heap = memmap_total(memory) < GIB ? HEAP_SIZE_SMALL : HEAP_SIZE;
	uint64_t size = ROUND_UP((boot.ram_top >> PAGE_SHIFT) * FRAME_ENTRY + heap, BLOCK_SIZE);

	boot.hv_base = memmap_take(memory, size, BLOCK_SIZE, 16 * MIB, 4 * GIB);
	if (boot.hv_base == 0) {
		boot_refuse("no %lu MiB of memory in one piece below 4 GiB", size / MIB);
	}
	boot.hv_size = size;
	boot.hv_free = boot.hv_base;
	boot.region_count = memory->count;
	memcpy(boot.region, memory->region, sizeof(boot.region));
	printk("memory: %lu MiB in %u regions up to %lx, hypervisor %lu MiB at %lx",
	       memmap_total(memory) / MIB, memory->count, boot.ram_top, size / MIB, boot.hv_base);
	if (memory->dropped != 0) {
		printk("warning: memory map too long, %lu KiB given up", memory->dropped / 1024);
	}
}

static void stop_bus_masters(void)
{
	struct pci_stopped stopped = pci_stop_bus_masters();

	boot.masters_stopped = stopped.stuck == 0;
	printk("bus masters stopped: %u", stopped.masters - stopped.stuck);
	if (stopped.stuck) {
		printk("warning: %u bus masters stay on: this host has devices", stopped.stuck);
	}
}

/* One that serves all of segment 0 is used: two would each see a part. */
static void find_iommu(void)
{
	struct pci_iommus found = pci_find_iommus();

	if (found.count == 0) {
		printk("no IOMMU: no domain gets a device");
		return;
	}
	if (found.count > 1) {
		printk("warning: %u IOMMUs, and one is supported: none is used", found.count);
		return;
	}
	if (found.registers == 0 || found.registers > HPT_IDENTITY_END - IOMMU_REGISTERS) {
		printk("warning: the IOMMU's registers at %lx cannot be used", found.registers);
		return;
	}
	pci_enable_iommu(&found);
	boot.iommu = found.registers;
}

/* The list. */
void hv_main(uint32_t magic, uint64_t information)
{
	cpu_set_percpu(0);
	uart_init();
	printk("Corbel %s", CORBEL_VERSION);
	read_loader(magic, information);
	leave_firmware();
	check_cpu();
	stop_bus_masters();
	find_iommu();
	reserve_memory();
	choose_region();
	hpt_init(&boot);
	hpt_audit();
	lapic_init();
	time_init();
	core_main(&boot);
}
