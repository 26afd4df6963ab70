# SPDX-License-Identifier: MIT
# Fuzz targets of the builder's parsers and of the plan's text form.
FUZZ += elf bzimage request plan signed

FUZZ_SRC_elf := tests/fuzz/elf.c builder-domain/elf.c builder-domain/kind.c builder-domain/text.c \
	hypervisor/base/format.c
FUZZ_SRC_bzimage := tests/fuzz/bzimage.c builder-domain/bzimage.c builder-domain/elf.c builder-domain/kind.c \
	builder-domain/text.c hypervisor/base/format.c
FUZZ_SRC_request := tests/fuzz/request.c builder-domain/request.c builder-domain/text.c \
	hypervisor/base/format.c tools/plan/encode.c
FUZZ_SRC_plan := tests/fuzz/plan.c tools/plan/parse.c tools/plan/encode.c tools/lib/devices.c
FUZZ_SRC_signed := tests/fuzz/signed.c builder-domain/policy.c builder-domain/owner.c \
	builder-domain/hypercall.c builder-domain/text.c hypervisor/base/format.c measured-boot/shared/sha2.c
