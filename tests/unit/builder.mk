# SPDX-License-Identifier: MIT
# Unit tests of the builder: its real files on the host.
UNIT += builder_flow builder_flow_test

BUILDER_HOST_SRC := $(filter-out %.S %/main.c %/mem.c %/machine.c,$(BUILDER_SRC)) builder-domain/main.c
UNIT_SRC_builder_flow := tests/unit/builder_flow.c tests/unit/builder_sim.c tools/plan/encode.c \
	$(BUILDER_HOST_SRC)
UNIT_SRC_builder_flow_test := $(UNIT_SRC_builder_flow)
UNIT_LIBS_builder_flow_test := -DCORBEL_TEST_BUILD
