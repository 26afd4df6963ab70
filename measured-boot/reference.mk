# SPDX-License-Identifier: MIT
# corbel-reference: what a verifier is to expect of a host image, a domain, a firmware.

REFERENCE_TOOL := $(B)/tools/corbel-reference
REFERENCE_SRC  := $(wildcard measured-boot/reference/*.c) \
	builder-domain/request.c builder-domain/text.c \
	hypervisor/base/format.c tools/sign/manifest.c tools/lib/p256.c tools/lib/files.c \
	$(wildcard tools/corbel/config*.c tools/corbel/guest*.c) tools/lib/devices.c

$(REFERENCE_TOOL): $(REFERENCE_SRC) $(B)/libcorbel-verify.a $(wildcard measured-boot/shared/*.h measured-boot/reference/*.h \
		hypervisor/abi/*.h builder-domain/*.h tools/sign/*.h)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $(REFERENCE_SRC) $(B)/libcorbel-verify.a -o $@ $(VERIFY_LIBS)
ALL += $(REFERENCE_TOOL)

# Of the boot image, made with POLICY= and HV_ARGS= as `make image` makes it, with DOM0=debian and the words of
# `make host-image`: .pcrs has lines `pcr INDEX BANK HEX`, .reference.json is for corbel-verify.
MEASURE_IMAGE ?= $(if $(filter debian,$(DOM0)),esp-host,esp)
$(B)/%.pcrs: $(B)/%.img $(REFERENCE_TOOL)
	@$(REFERENCE_TOOL) host --text $< >$@
$(B)/%.reference.json: $(B)/%.img $(REFERENCE_TOOL)
	@$(REFERENCE_TOOL) host $< -o $@
measure: $(B)/$(MEASURE_IMAGE).pcrs
	@cat $<
reference: $(B)/$(MEASURE_IMAGE).reference.json
.PHONY: measure reference
