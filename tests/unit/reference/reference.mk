# SPDX-License-Identifier: MIT
# Unit tests of corbel-reference: boot loader images, their configuration, launch plans.
REFERENCE_TEST_SRC := tests/unit/reference/reference_said.c measured-boot/reference/output.c \
	tools/lib/files.c

UNIT += reference_pe reference_grub reference_plan reference_output reference_mods
UNIT_SRC_reference_pe := tests/unit/reference/reference_pe.c measured-boot/reference/pe.c \
	measured-boot/reference/grub.c measured-boot/reference/calc.c measured-boot/shared/eventlog.c \
	measured-boot/shared/sha2.c $(REFERENCE_TEST_SRC)
UNIT_LIBS_reference_pe := -lcrypto
UNIT_SRC_reference_grub := tests/unit/reference/reference_grub.c measured-boot/reference/grub.c \
	$(REFERENCE_TEST_SRC)
UNIT_SRC_reference_plan := tests/unit/reference/reference_plan.c measured-boot/reference/plan.c \
	builder-domain/request.c builder-domain/text.c hypervisor/base/format.c \
	tools/plan/encode.c $(REFERENCE_TEST_SRC)
UNIT_SRC_reference_output := tests/unit/reference/reference_output.c measured-boot/reference/calc.c \
	measured-boot/shared/eventlog.c measured-boot/shared/sha2.c $(REFERENCE_TEST_SRC)
UNIT_LIBS_reference_output := -lcrypto
UNIT_SRC_reference_mods := tests/unit/reference/reference_mods.c measured-boot/reference/pe.c \
	measured-boot/reference/calc.c measured-boot/shared/eventlog.c measured-boot/shared/sha2.c \
	$(REFERENCE_TEST_SRC)
UNIT_LIBS_reference_mods := -lcrypto

# These call the whole program.
REFERENCE_CALL_OBJ := $(patsubst %.c,$(B)/tests/verify/%.o,tests/unit/reference/reference_call.c \
	$(filter-out %/main.c,$(REFERENCE_SRC)) $(VERIFY_LIB_SRC))
REFERENCE_CALL     := $(B)/tests/verify/reference.a
-include $(REFERENCE_CALL_OBJ:.o=.d)
$(REFERENCE_CALL): $(REFERENCE_CALL_OBJ)
	@rm -f $@
	ar rcs $@ $^
REFERENCE_CALLS := reference_tenant reference_firmware reference_host
UNIT += $(REFERENCE_CALLS)
$(foreach t,$(REFERENCE_CALLS),$(eval UNIT_SRC_$(t) = tests/unit/reference/$(t).c $(REFERENCE_CALL)))
UNIT_SRC_reference_host += tools/plan/encode.c
$(foreach t,$(REFERENCE_CALLS),$(eval UNIT_LIBS_$(t) = $$(VERIFY_LIBS)))
