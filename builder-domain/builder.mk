# SPDX-License-Identifier: MIT
# The builder image, twice: the product, and a test build that also honours the crash request.
BUILDER_SRC := builder-domain/start.S builder-domain/main.c builder-domain/modules.c \
	builder-domain/ring.c builder-domain/build.c builder-domain/devices.c builder-domain/load.c builder-domain/kind.c builder-domain/elf.c \
	builder-domain/bzimage.c builder-domain/acpi.c builder-domain/startinfo.c \
	builder-domain/request.c builder-domain/window.c builder-domain/hypercall.c \
	builder-domain/signature.c builder-domain/owner.c builder-domain/policy.c \
	builder-domain/text.c builder-domain/machine.c
# third-party: of it only what verifies P-256, about 15 KiB
# (silent when the compiler is still to be installed)
BEARSSL := $(shell $(CC) -print-file-name=libbearssl.a 2>/dev/null)
# also in the hypervisor image, where `make tcb` counts them
BUILDER_SHARED_SRC := measured-boot/shared/sha2.c hypervisor/base/format.c hypervisor/base/lib.c

BUILDER_OBJ      := $(patsubst %,$(B)/builder/%.o,$(basename $(BUILDER_SRC) $(BUILDER_SHARED_SRC)))
BUILDER_TEST_OBJ := $(patsubst %,$(B)/builder-test/%.o,$(basename $(BUILDER_SRC) $(BUILDER_SHARED_SRC)))
# The DSDT's AML, without the 36 bytes of its header: iasl puts its version there, and nothing of the day.
BUILDER_DSDT := $(B)/builder/dsdt.c
$(B)/builder/dsdt.aml: builder-domain/dsdt.asl
	@mkdir -p $(@D)
	iasl -we -p $(basename $@) $< >$(basename $@).log 2>&1 || { cat $(basename $@).log >&2; exit 1; }

$(BUILDER_DSDT): $(B)/builder/dsdt.aml
	{ echo '#include "builder-domain/tables.h"'; echo 'const uint8_t dsdt_body[] = {'; \
	tail -c +37 $< | od -An -v -w12 -tu1 | sed 's/ *\([0-9][0-9]*\)/ \1,/g'; \
	echo '};'; echo 'const uint32_t dsdt_body_size = sizeof(dsdt_body);'; \
	echo '_Static_assert(sizeof(dsdt_body) <= DSDT_BODY_MAX, "ACPI page");'; } >$@

$(B)/builder/dsdt.o: $(BUILDER_DSDT) builder-domain/tables.h
	$(CC) $(FREE) -c $< -o $@
BUILDER_OBJ      += $(B)/builder/dsdt.o
BUILDER_TEST_OBJ += $(B)/builder/dsdt.o
-include $(BUILDER_OBJ:.o=.d) $(BUILDER_TEST_OBJ:.o=.d)

$(B)/builder/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(FREE) -MMD -MP -c $< -o $@

$(B)/builder/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(CC) $(FREE) -D__ASSEMBLY__ -imacros hypervisor/abi/log.h -MMD -MP -c $< -o $@

$(B)/builder-test/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(FREE) -DCORBEL_TEST_BUILD -MMD -MP -c $< -o $@

$(B)/builder-test/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(CC) $(FREE) -DCORBEL_TEST_BUILD -D__ASSEMBLY__ -imacros hypervisor/abi/log.h -MMD -MP -c $< -o $@

BUILDER_LINK = ld -m elf_x86_64 -nostdlib --gc-sections --fatal-warnings -z noexecstack \
	-z max-page-size=4096 -T builder-domain/builder.lds -o $@ $(filter %.o %.a,$^)
# The instance leaves FPU and vector registers off.
BUILDER_CHECK = ! objdump -d $@ | grep -E '%([xyz]?mm|st)'

$(B)/builder.elf: $(BUILDER_OBJ) $(BEARSSL) builder-domain/builder.lds
	$(BUILDER_LINK)
	$(BUILDER_CHECK)

$(B)/builder-test.elf: $(BUILDER_TEST_OBJ) $(BEARSSL) builder-domain/builder.lds
	$(BUILDER_LINK)
	$(BUILDER_CHECK)

$(B)/builder.bin $(B)/builder-test.bin: $(B)/%.bin: $(B)/%.elf
	objcopy -O binary $< $@

ALL += $(B)/builder.bin $(B)/builder-test.bin
