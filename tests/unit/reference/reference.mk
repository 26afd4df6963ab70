# SPDX-License-Identifier: MIT
# Unit tests of corbel-reference: boot loader images, their configuration, launch plans.
REFERENCE_TEST_SRC := tests/unit/reference/reference_said.c measured-boot/reference/output.c \
	tools/lib/files.c

UNIT += reference_pe reference_grub reference_plan
UNIT_SRC_reference_pe := tests/unit/reference/reference_pe.c measured-boot/reference/pe.c \
	measured-boot/reference/grub.c measured-boot/reference/calc.c measured-boot/shared/eventlog.c \
	measured-boot/shared/sha2.c $(REFERENCE_TEST_SRC)
UNIT_LIBS_reference_pe := -lcrypto
UNIT_SRC_reference_grub := tests/unit/reference/reference_grub.c measured-boot/reference/grub.c \
	$(REFERENCE_TEST_SRC)
UNIT_SRC_reference_plan := tests/unit/reference/reference_plan.c measured-boot/reference/plan.c \
	builder-domain/request.c builder-domain/text.c hypervisor/base/format.c \
	tools/plan/encode.c $(REFERENCE_TEST_SRC)
