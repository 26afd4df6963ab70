# SPDX-License-Identifier: MIT
# Boot and CPU layer of the hypervisor image.  head.S holds the multiboot headers, which the linker
# script puts first.

HV_SRC += hypervisor/boot/head.S hypervisor/boot/main.c hypervisor/boot/multiboot.c \
	  hypervisor/boot/memmap.c hypervisor/boot/options.c \
	  hypervisor/boot/efi.c \
	  hypervisor/cpu/cpu.c hypervisor/cpu/percpu.c hypervisor/cpu/desc.c hypervisor/cpu/trap.c \
	  hypervisor/cpu/entry.S hypervisor/cpu/lapic.c hypervisor/cpu/clock.c hypervisor/cpu/time.c \
	  hypervisor/cpu/pci.c hypervisor/cpu/uart.c hypervisor/mm/hpt.c \
	  hypervisor/core/lib.c hypervisor/core/format.c hypervisor/core/locks.c \
	  hypervisor/core/trace.c hypervisor/core/console.c hypervisor/core/panic.c
