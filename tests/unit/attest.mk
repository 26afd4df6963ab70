# SPDX-License-Identifier: MIT
# Unit tests of what Dom0 stores of the launch log and of its agent, with a fake hypervisor.
UNIT += launch_store
UNIT_SRC_launch_store := tests/unit/launch_store.c tests/unit/fake_log.c tools/corbel/launchlog.c
UNIT_LIBS_launch_store := -Wl,--wrap=pwrite,--wrap=fsync
$(B)/tests/unit/launch_store: tests/unit/fake_log.h tools/corbel/launchlog.h hypervisor/abi/log.h
