# SPDX-License-Identifier: MIT
# Fuzz target of the loader's information.

FUZZ += multiboot
FUZZ_SRC_multiboot := tests/fuzz/multiboot.c tests/unit/sim/fake_boot.c hypervisor/base/format.c \
		      hypervisor/base/lib.c hypervisor/boot/multiboot.c hypervisor/boot/memmap.c
