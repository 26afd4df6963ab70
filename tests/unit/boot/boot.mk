# SPDX-License-Identifier: MIT
# Unit tests of boot, cpu, diag and base, and of the heap.

BOOT_FAKE := tests/unit/sim/fake_boot.c hypervisor/base/format.c hypervisor/base/lib.c

UNIT += format memmap multiboot trace console panic heap
UNIT_SRC_format    := tests/unit/base/format.c hypervisor/base/format.c hypervisor/base/lib.c
UNIT_SRC_memmap    := tests/unit/boot/memmap.c $(BOOT_FAKE) hypervisor/boot/memmap.c \
		      hypervisor/boot/options.c
UNIT_SRC_multiboot := tests/unit/boot/multiboot.c $(BOOT_FAKE) hypervisor/boot/multiboot.c \
		      hypervisor/boot/memmap.c tools/direct/translate.c
UNIT_SRC_trace     := tests/unit/diag/trace.c $(BOOT_FAKE) hypervisor/diag/trace.c \
		      hypervisor/cpu/locks.c hypervisor/cpu/percpu.c hypervisor/cpu/clock.c
UNIT_SRC_console   := tests/unit/diag/console.c $(BOOT_FAKE) hypervisor/diag/console.c \
		      hypervisor/cpu/locks.c hypervisor/cpu/percpu.c
UNIT_SRC_panic     := tests/unit/diag/panic.c hypervisor/diag/panic.c hypervisor/base/format.c
UNIT_SRC_heap      := tests/unit/mm/heap.c $(BOOT_FAKE) hypervisor/mm/heap.c \
		      hypervisor/cpu/locks.c hypervisor/cpu/percpu.c

$(patsubst %,$(B)/tests/unit/%,format memmap multiboot trace console panic heap): tests/unit/sim/fake_boot.h \
	$(wildcard hypervisor/boot/*.h hypervisor/base/*.h hypervisor/diag/*.h hypervisor/cpu/*.h hypervisor/mm/*.h tools/direct/*.h)
