# SPDX-License-Identifier: MIT
# Fuzz target of the loader's information.

FUZZ += multiboot
FUZZ_SRC_multiboot := tests/fuzz/multiboot.c tests/unit/fake_boot.c hypervisor/core/format.c \
		      hypervisor/core/lib.c hypervisor/boot/multiboot.c hypervisor/boot/memmap.c

$(B)/tests/fuzz/multiboot: tests/unit/fake_boot.h $(wildcard hypervisor/boot/*.h)
