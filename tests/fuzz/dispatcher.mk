# SPDX-License-Identifier: MIT
# Fuzz target of the hypercall dispatcher with all its handlers, on the machine of the unit tests.
FUZZ += dispatcher
FUZZ_SRC_dispatcher = tests/fuzz/dispatcher.c tests/fuzz/dispatcher_steps.c \
	tests/fuzz/dispatcher_check.c tests/unit/sim/world.c \
	$(filter-out hypervisor/calls/hypercall.c,$(MACHINE_SRC))
FUZZ_LIBS_dispatcher := -Itests/unit -Itests/fuzz

$(B)/tests/fuzz/dispatcher: hypervisor/calls/hypercall.c tests/fuzz/dispatcher.h tests/unit/sim/world.h tests/unit/sim/machine.h \
	$(wildcard hypervisor/*/*.h) | $(B)/policy/cloud.bin
