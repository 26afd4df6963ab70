# SPDX-License-Identifier: MIT
# Fuzz target of the loader's information and the firmware's event log.

FUZZ += multiboot
FUZZ_SRC_multiboot := tests/fuzz/multiboot.c tests/unit/fake_boot.c hypervisor/core/format.c \
		      hypervisor/core/lib.c hypervisor/boot/multiboot.c hypervisor/boot/memmap.c \
		      hypervisor/boot/tcglog.c measured-boot/eventlog.c measured-boot/sha2.c

$(B)/tests/fuzz/multiboot: tests/unit/fake_boot.h $(wildcard hypervisor/boot/*.h)
