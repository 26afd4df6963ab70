# SPDX-License-Identifier: MIT
# Measurement core (in the hypervisor image) and the reference-value calculator.

HV_SRC += measured-boot/sha2.c measured-boot/tis.c measured-boot/tpm2.c measured-boot/measure.c \
	  measured-boot/eventlog.c

MEASURE_TOOL := $(B)/tools/corbel-measure
MEASURE_TOOL_SRC := $(wildcard measured-boot/tool/*.c) measured-boot/eventlog.c measured-boot/sha2.c

$(MEASURE_TOOL): $(MEASURE_TOOL_SRC) $(wildcard measured-boot/*.h measured-boot/tool/*.h)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $(MEASURE_TOOL_SRC) -o $@ -lcrypto
ALL += $(MEASURE_TOOL)

# Expected values of a boot image; the file names are those of tools/image/make-esp, whose tree
# lies beside the image.  Each line: pcr INDEX BANK HEX.
MEASURE_IMAGE ?= esp
$(B)/%.pcrs: $(B)/%.img $(MEASURE_TOOL)
	@$(MEASURE_TOOL) --text --hypervisor $(B)/$*/corbel/corbel.elf --cmdline "$(BOOT_ARGS)" \
		--module $(B)/$*/corbel/policy.bin policy --module $(B)/$*/corbel/builder.bin builder \
		--module $(B)/$*/corbel/plan.bin plan --module $(B)/$*/corbel/vmlinuz kernel \
		--module $(B)/$*/corbel/initrd.cpio initrd >$@
measure: $(B)/$(MEASURE_IMAGE).pcrs
	@cat $<
.PHONY: measure
