# SPDX-License-Identifier: MIT
# Unit tests of the device parts.
UNIT += pci
UNIT_SRC_pci := tests/unit/device/pci.c
$(B)/tests/unit/pci: hypervisor/device/pci.c $(wildcard hypervisor/device/*.h hypervisor/cpu/*.h)
# Of main.c and host.c it runs one function each; the rest, and what that needs, is thrown away.
UNIT += masters
UNIT_SRC_masters := tests/unit/boot/masters.c tests/unit/sim/fake_boot.c hypervisor/base/format.c \
	hypervisor/base/lib.c hypervisor/base/host.c
UNIT_LIBS_masters := -ffunction-sections -fdata-sections -Wl,--gc-sections
$(B)/tests/unit/masters: $(wildcard hypervisor/boot/*.[ch] hypervisor/device/*.[ch])
UNIT += iommu
UNIT_SRC_iommu = tests/unit/device/iommu.c $(MACHINE)
$(B)/tests/unit/iommu: hypervisor/mm/iommu.c $(wildcard hypervisor/mm/*.h)
UNIT += devices pci_space
UNIT_SRC_devices = tests/unit/device/devices.c $(WORLD)
UNIT_SRC_pci_space = tests/unit/device/pci_space.c $(WORLD)
$(B)/tests/unit/devices $(B)/tests/unit/pci_space: tests/unit/device/card.h | $(B)/policy/all.bin
