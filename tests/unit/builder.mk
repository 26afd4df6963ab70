# SPDX-License-Identifier: MIT
# Unit tests of the builder and of corbel-plan: their real files on the host.
UNIT += builder_request builder_kernel builder_acpi plan_text builder_flow builder_refuse \
	builder_refuse_test builder_signature builder_owner builder_policy

UNIT_SRC_builder_request := tests/unit/builder_request.c builder-domain/request.c \
	builder-domain/text.c hypervisor/core/format.c tools/plan/encode.c
UNIT_SRC_builder_kernel := tests/unit/builder_kernel.c builder-domain/elf.c \
	builder-domain/bzimage.c builder-domain/text.c hypervisor/core/format.c
UNIT_SRC_builder_acpi := tests/unit/builder_acpi.c builder-domain/acpi.c
UNIT_SRC_builder_signature := tests/unit/builder_signature.c tests/unit/signing.c \
	builder-domain/signature.c measured-boot/sha2.c
UNIT_LIBS_builder_signature := -lbearssl -lcrypto
UNIT_SRC_plan_text := tests/unit/plan_text.c tools/plan/parse.c

# whole builds; the refusals once as the product and once with the crash request honoured
BUILDER_FLOW_SRC = tests/unit/builder_fixture.c tests/unit/builder_sim.c tools/plan/encode.c \
	builder-domain/main.c $(filter-out %.S %/main.c %/machine.c,$(BUILDER_SRC)) \
	$(BUILDER_SHARED_SRC)
UNIT_SRC_builder_flow = tests/unit/builder_flow.c $(BUILDER_FLOW_SRC)
UNIT_SRC_builder_refuse = tests/unit/builder_refuse.c $(BUILDER_FLOW_SRC)
UNIT_SRC_builder_refuse_test = $(UNIT_SRC_builder_refuse)
UNIT_SRC_builder_owner = tests/unit/builder_owner.c tests/unit/signing.c $(BUILDER_FLOW_SRC)
UNIT_SRC_builder_policy = tests/unit/builder_policy.c tests/unit/signing.c $(BUILDER_FLOW_SRC)
UNIT_LIBS_builder_owner := -lbearssl -lcrypto
UNIT_LIBS_builder_policy := -lbearssl -lcrypto
UNIT_LIBS_builder_flow := -lbearssl
UNIT_LIBS_builder_refuse := -lbearssl
UNIT_LIBS_builder_refuse_test := -DCORBEL_TEST_BUILD -lbearssl
