/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary loader information.  Physical memory from FAKE_MEMORY_BASE on, with the information at
 * its start; before it a byte that says nothing.
 */
#include <stdlib.h>
#include "tests/unit/sim/fake_boot.h"
#include "boot/multiboot.h"
#include "base/lib.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_result(const struct boot_info *boot, const struct boot_loader *loader, bool good)
{
	if (good == (fake_panic_text[0] != 0) || boot->cmdline[sizeof(boot->cmdline) - 1] != 0) {
		abort();
	}
	for (unsigned i = 0; good && i < BOOT_MODULES; i++) {
		if (boot->module[i].size == 0 || (boot->module[i].base & 4095) != 0) {
			abort();
		}
	}
	for (uint32_t i = 1; i < loader->memory.count; i++) {
		if (loader->memory.region[i - 1].base + loader->memory.region[i - 1].size >=
		    loader->memory.region[i].base) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_info boot;
	static struct boot_loader loader;

	if (size < 1) {
		return 0;
	}
	memset(&boot, 0, sizeof(boot));
	memset(&loader, 0, sizeof(loader));
	fake_memory = data + 1;
	fake_memory_size = size - 1;
	fake_panic_text[0] = 0;
	bool good = !PANICS(multiboot_parse(MULTIBOOT2_LOADED, FAKE_MEMORY_BASE, &boot, &loader));

	check_result(&boot, &loader, good);
	return 0;
}
