# SPDX-License-Identifier: MIT
# Unit tests of the builder and of corbel-plan: their real files on the host.
UNIT += builder_request builder_kernel builder_acpi plan_text builder_flow builder_refuse \
	builder_refuse_test builder_devices builder_signature builder_owner builder_policy

UNIT_SRC_builder_request := tests/unit/builder/builder_request.c builder-domain/request.c \
	builder-domain/text.c hypervisor/base/format.c tools/plan/encode.c
UNIT_SRC_builder_kernel := tests/unit/builder/builder_kernel.c builder-domain/elf.c builder-domain/kind.c \
	builder-domain/bzimage.c builder-domain/text.c hypervisor/base/format.c
UNIT_SRC_builder_acpi := tests/unit/builder/builder_acpi.c builder-domain/acpi.c $(BUILDER_DSDT)
UNIT_SRC_builder_signature := tests/unit/builder/builder_signature.c tests/unit/sim/signing.c \
	builder-domain/signature.c measured-boot/shared/sha2.c
UNIT_LIBS_builder_signature := -lbearssl -lcrypto
UNIT_SRC_plan_text := tests/unit/builder/plan_text.c tools/plan/parse.c tools/lib/devices.c

# whole builds; the refusals once as the product and once with the crash request honoured
BUILDER_FLOW_SRC = tests/unit/builder/builder_fixture.c tests/unit/builder/builder_sim.c tools/plan/encode.c \
	builder-domain/main.c $(filter-out %.S %/main.c %/machine.c,$(BUILDER_SRC)) \
	$(BUILDER_SHARED_SRC) $(BUILDER_DSDT)
UNIT_SRC_builder_flow = tests/unit/builder/builder_flow.c $(BUILDER_FLOW_SRC)
UNIT_SRC_builder_refuse = tests/unit/builder/builder_refuse.c $(BUILDER_FLOW_SRC)
UNIT_SRC_builder_devices = tests/unit/builder/builder_devices.c $(BUILDER_FLOW_SRC)
UNIT_LIBS_builder_devices := -lbearssl
UNIT_SRC_builder_refuse_test = $(UNIT_SRC_builder_refuse)
UNIT_SRC_builder_owner = tests/unit/builder/builder_owner.c tests/unit/sim/signing.c $(BUILDER_FLOW_SRC)
UNIT_SRC_builder_policy = tests/unit/builder/builder_policy.c tests/unit/sim/signing.c $(BUILDER_FLOW_SRC)
UNIT_LIBS_builder_owner := -lbearssl -lcrypto
UNIT_LIBS_builder_policy := -lbearssl -lcrypto
UNIT_LIBS_builder_flow := -lbearssl
UNIT_LIBS_builder_refuse := -lbearssl
UNIT_LIBS_builder_refuse_test := -DCORBEL_TEST_BUILD -lbearssl

# Kernels whose notes lie as binutils lays them out in a segment of p_align 4 or 8.
$(B)/tests/notes/align%.elf: tests/unit/builder/notes.S tests/unit/builder/notes.lds
	@mkdir -p $(@D)
	$(CC) -DALIGN=$* -c $< -o $(@:.elf=.o)
	ld -m elf_x86_64 -static -n -T tests/unit/builder/notes.lds -o $@ $(@:.elf=.o)
NOTES := $(B)/tests/notes/align4.elf $(B)/tests/notes/align8.elf
$(B)/tests/unit/builder_kernel: $(NOTES)

# For tests/system/mutants-builder: the compiler, then TEST@SOURCES@LIBRARIES; those that find most first.
BUILDER_MUTANT_TESTS := builder_kernel builder_request builder_acpi builder_signature builder_refuse \
	builder_devices builder_flow builder_owner builder_policy
builder-mutants: $(NOTES)
	@echo $(HOSTCC) $(filter-out -fsanitize% -fno-sanitize%,$(SANFLAGS)) -w -Itests/unit
	@$(foreach t,$(BUILDER_MUTANT_TESTS),echo "$(t)@$(UNIT_SRC_$(t))@$(UNIT_LIBS_$(t))";)
.PHONY: builder-mutants
