# SPDX-License-Identifier: MIT
# Fuzz target of the dispatcher and every handler, on the simulated machine (tests/unit/machine.mk).
FUZZ += dispatcher
FUZZ_SRC_dispatcher = tests/fuzz/dispatcher.c tests/unit/world.c $(MACHINE_SRC)
FUZZ_LIBS_dispatcher := -Itests/unit -lcmocka
$(B)/tests/fuzz/dispatcher: | $(B)/policy/base.bin
