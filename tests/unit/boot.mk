# SPDX-License-Identifier: MIT
# Unit tests of the boot and CPU layer and of the core's helpers.

BOOT_FAKE := tests/unit/fake_boot.c hypervisor/core/format.c hypervisor/core/lib.c

UNIT += format memmap multiboot trace console
UNIT_SRC_format    := tests/unit/format.c hypervisor/core/format.c hypervisor/core/lib.c
UNIT_SRC_memmap    := tests/unit/memmap.c $(BOOT_FAKE) hypervisor/boot/memmap.c \
		      hypervisor/boot/options.c
UNIT_SRC_multiboot := tests/unit/multiboot.c $(BOOT_FAKE) hypervisor/boot/multiboot.c \
		      hypervisor/boot/memmap.c tools/direct/translate.c
UNIT_SRC_trace     := tests/unit/trace.c $(BOOT_FAKE) hypervisor/core/trace.c \
		      hypervisor/core/locks.c hypervisor/cpu/percpu.c hypervisor/cpu/clock.c
UNIT_SRC_console   := tests/unit/console.c $(BOOT_FAKE) hypervisor/core/console.c \
		      hypervisor/core/locks.c hypervisor/cpu/percpu.c

$(patsubst %,$(B)/tests/unit/%,format memmap multiboot trace console): tests/unit/fake_boot.h \
	$(wildcard hypervisor/boot/*.h hypervisor/core/*.h hypervisor/cpu/*.h tools/direct/*.h)
