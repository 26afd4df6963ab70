# SPDX-License-Identifier: MIT
# Fuzz target of the hypercall dispatcher with all its handlers, on the machine of the unit tests.
FUZZ += dispatcher
FUZZ_SRC_dispatcher = tests/fuzz/dispatcher.c tests/fuzz/dispatcher_steps.c \
	tests/fuzz/dispatcher_check.c tests/unit/sim/world.c \
	$(filter-out hypervisor/calls/hypercall.c,$(MACHINE_SRC))
$(B)/tests/fuzz/dispatcher: | $(B)/policy/cloud.bin
