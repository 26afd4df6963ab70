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

UNIT += reference_tenant
UNIT_SRC_reference_tenant = tests/unit/reference/reference_tenant.c measured-boot/reference/tenant.c \
	measured-boot/reference/output.c tools/lib/files.c tools/lib/p256.c tools/sign/manifest.c \
	tools/corbel/config.c tools/corbel/config_parse.c tools/corbel/guest.c tools/corbel/guest_keys.c
UNIT_LIBS_reference_tenant := -lcrypto
