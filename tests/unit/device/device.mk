# SPDX-License-Identifier: MIT
# Unit tests of the device parts.
UNIT += pci
UNIT_SRC_pci := tests/unit/device/pci.c
$(B)/tests/unit/pci: hypervisor/device/pci.c $(wildcard hypervisor/device/*.h hypervisor/cpu/*.h)
