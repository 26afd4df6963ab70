# SPDX-License-Identifier: MIT
# The only Makefile.  Each folder adds a fragment (*.mk) that appends to the lists below.
#
#   make            hypervisor, builder, policy, tools
#   make run        the whole chain on QEMU, OVMF, GRUB and swtpm; `make run </dev/null` judges it
#   make test       unit, guest, attack and system tests, one summary
#   make mutants    every suite that takes checks out one at a time, to see that a test notices
#   make image      the boot image build/esp.img
#   make lint|fuzz|bench|measure|tcb|clean|distclean
#
# Lists that fragments append to: HV_SRC, ALL, TESTBIN (what tests need besides ALL), BENCH
# (commands for `make bench`), UNIT with UNIT_SRC_x and UNIT_LIBS_x, FUZZ with FUZZ_SRC_x and
# FUZZ_LIBS_x, DOM0_TOOLS (programs for Dom0's /usr/bin).

B        := build
ifeq ($(origin CC),default)
CC       := gcc
endif
HOSTCC   ?= gcc
WARN     := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wundef
INC      := -I. -Ihypervisor -Ihypervisor/abi
XENDEF   := -D__XEN_TOOLS__ -D__XEN_INTERFACE_VERSION__=0x00041100
# Freestanding code: hypervisor, monitor, measurement core, builder.  No SSE: the FPU belongs to guests.
# -fbuiltin: small copies become moves instead of calls of memcpy().
FREE     := -std=gnu11 -O2 -g -ffreestanding -fbuiltin -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only \
            -mcmodel=small -fno-stack-protector -fcf-protection=none -fno-strict-aliasing \
            -fno-common -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections \
            -ffile-prefix-map=$(CURDIR)=. $(WARN) $(INC) $(XENDEF)
# The hypervisor alone: indirect calls go through thunks, which no branch history of a guest steers.
ifneq ($(findstring clang,$(notdir $(CC))),)
THUNKS   := -mretpoline -fno-jump-tables
else
THUNKS   := -mindirect-branch=thunk-inline -mindirect-branch-register -fno-jump-tables
endif
HOSTFLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE -ffile-prefix-map=$(CURDIR)=. $(WARN) $(INC) $(XENDEF)
SANFLAGS := -std=gnu11 -O1 -g -D_GNU_SOURCE -fsanitize=address,undefined -fno-sanitize-recover=all \
            $(WARN) $(INC) $(XENDEF) -DCORBEL_HOST_TEST

HV_SRC   :=# hypervisor image sources (.c and .S)
BUILDER_SRC :=
ALL      :=# what `make` builds
TESTBIN  :=# what tests need besides ALL
DOM0_TOOLS :=# programs for Dom0's /usr/bin
UNIT     :=# unit tests: UNIT_SRC_name, UNIT_LIBS_name
FUZZ     :=# libFuzzer targets: FUZZ_SRC_name

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

include $(filter-out tools/platform.mk, $(wildcard hypervisor/*.mk xsm/*.mk measured-boot/*.mk \
	builder-domain/*.mk tools/*.mk tools/*/*.mk tests/*.mk tests/*/*.mk tests/*/*/*.mk))

# ---- the hypervisor image -------------------------------------------------------------------
HV_OBJ := $(patsubst %,$(B)/hv/%.o,$(basename $(HV_SRC)))
-include $(HV_OBJ:.o=.d)

# What runs once or seldom is built for size: it is the larger part of what a reader of the image sees.
SELDOM := $(addprefix $(B)/hv/hypervisor/, boot/%.o launch/%.o device/%.o calls/domctl.o calls/sysctl.o calls/info.o \
	calls/hvm_op.o calls/console_op.o calls/vcpu_op.o calls/memory_op.o)
$(filter $(SELDOM), $(HV_OBJ)): FREE += -Os

$(B)/hv/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(FREE) $(THUNKS) -MMD -MP -c $< -o $@

$(B)/hv/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(CC) $(FREE) -D__ASSEMBLY__ -MMD -MP -c $< -o $@

$(B)/corbel.elf: $(HV_OBJ) hypervisor/boot/corbel.lds
	ld -m elf_x86_64 -nostdlib --gc-sections --fatal-warnings -z noexecstack -z max-page-size=4096 \
		-T hypervisor/boot/corbel.lds -o $@ $(HV_OBJ)

ifneq ($(strip $(HV_SRC)),)
ALL += $(B)/corbel.elf
endif

# ---- unit tests ---------------------------------------------------------------------------------
define UNIT_RULE
$(B)/tests/unit/$(1): $$(UNIT_SRC_$(1))
	@mkdir -p $$(@D)
	$$(HOSTCC) $$(SANFLAGS) -Itests/unit $$(UNIT_SRC_$(1)) -o $$@ -lcmocka $$(UNIT_LIBS_$(1))
endef
$(foreach t,$(UNIT),$(eval $(call UNIT_RULE,$(t))))

unit: $(UNIT:%=$(B)/tests/unit/%)
	@for t in $^; do CMOCKA_MESSAGE_OUTPUT=TAP $$t || exit 1; done

# ---- fuzz targets: what several of them need is compiled once ---------------------------------------
fuzz_objects = $(FUZZ_SRC_$(1):%.c=$(B)/tests/fuzz-objects/%.o)
-include $(patsubst %.o,%.d,$(sort $(foreach t,$(FUZZ),$(call fuzz_objects,$(t)))))

$(B)/tests/fuzz-objects/%.o: %.c
	@mkdir -p $(@D)
	clang $(SANFLAGS) -Itests/unit -Itests/fuzz -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@
define FUZZ_RULE
$(B)/tests/fuzz/$(1): $$(call fuzz_objects,$(1)) $(wildcard tests/fuzz/*.mk)
	@mkdir -p $$(@D)
	clang $$(SANFLAGS) -fsanitize=fuzzer $$(filter %.o,$$^) -o $$@ $$(FUZZ_LIBS_$(1))
endef
$(foreach t,$(FUZZ),$(eval $(call FUZZ_RULE,$(t))))

# ---- kernels, images, run, test, lint --------------------------------------------------------------
include tools/platform.mk

all: $(ALL)
.PHONY: all unit
