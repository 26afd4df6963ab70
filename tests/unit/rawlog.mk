# SPDX-License-Identifier: MIT
# Unit test of the boot log's pieces, which Dom0's tools join.
UNIT += rawlog
UNIT_SRC_rawlog := tests/unit/rawlog.c tools/corbel/rawlog.c
$(B)/tests/unit/rawlog: tools/corbel/rawlog.h tools/corbel/host.h hypervisor/abi/corbel.h
