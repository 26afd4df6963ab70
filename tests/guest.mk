# SPDX-License-Identifier: MIT
# Test kernels (PVH ELF): tests/{guest,attack,bench}/NAME/*.c with tests/guest/lib; each is started as
# Dom0.  Tenant images: tests/guest/tenants/NAME.c.  See tests/README.md.

TK_FLAGS := $(filter-out -fbuiltin,$(FREE))
TK_LIB   := $(patsubst %,$(B)/tk/%.o,$(basename $(wildcard tests/guest/lib/*.c tests/guest/lib/*.S)))
TK_LDS   := tests/guest/lib/guest.lds
TK_LINK   = ld -m elf_x86_64 -nostdlib --gc-sections --fatal-warnings -z noexecstack \
	-z max-page-size=4096 -T $(TK_LDS) -o $@ $(filter %.o,$^)

$(B)/tk/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(TK_FLAGS) -MMD -MP -c $< -o $@

$(B)/tk/%.o: %.S Makefile
	@mkdir -p $(@D)
	$(CC) $(TK_FLAGS) -D__ASSEMBLY__ -MMD -MP -c $< -o $@

# The bench measures the real monitor and the real hash.
TK_MORE_bench_basic := xsm/monitor/monitor.c xsm/monitor/floor.c measured-boot/shared/sha2.c

# TEST_KERNEL: 1 = kind, 2 = name
define TEST_KERNEL
TK_OBJ_$(1)_$(2) := $$(patsubst %,$(B)/tk/%.o,$$(basename $$(TK_MORE_$(1)_$(2)) \
	$$(wildcard tests/$(1)/$(2)/*.c tests/$(1)/$(2)/*.S)))
-include $$(TK_OBJ_$(1)_$(2):.o=.d)
$(B)/tests/$(1)/$(2).elf: $$(TK_OBJ_$(1)_$(2)) $(TK_LIB) $(TK_LDS)
	@mkdir -p $$(@D)
	$$(TK_LINK)
TESTBIN += $(B)/tests/$(1)/$(2).elf
endef
$(foreach kind,guest attack bench,$(foreach main,$(wildcard tests/$(kind)/*/main.c),\
	$(eval $(call TEST_KERNEL,$(kind),$(notdir $(patsubst %/main.c,%,$(main)))))))

# Stripped: what a tenant costs to build is part of what is measured.
$(B)/tests/tenant/%.elf: $(B)/tk/tests/guest/tenants/%.o $(TK_LIB) $(TK_LDS)
	@mkdir -p $(@D)
	$(TK_LINK) -s
# The size that the bench names.
$(B)/tests/tenant/bench-tiny.elf: $(B)/tk/tests/guest/tenants/bench-tiny.o $(TK_LIB) $(TK_LDS)
	@mkdir -p $(@D)
	$(TK_LINK) -s
	truncate -s 64K $@
TESTBIN += $(patsubst tests/guest/tenants/%.c,$(B)/tests/tenant/%.elf,$(wildcard tests/guest/tenants/*.c))
-include $(TK_LIB:.o=.d)

# A test kernel in the builder's place: flat image with the builder's header.
$(B)/tests/attack/hostile-builder.elf: TK_LDS := tests/guest/lib/builder.lds
$(B)/tests/attack/hostile-builder.elf: tests/guest/lib/builder.lds
$(B)/tests/attack/hostile-builder.bin: $(B)/tests/attack/hostile-builder.elf
	objcopy -O binary $< $@
TESTBIN += $(B)/tests/attack/hostile-builder.bin

# For tests/system/mutants-boot.
kernel-mutant-flags:
	@echo $(CC) $(FREE) $(THUNKS)
kernel-objects: $(B)/corbel.elf
	@echo $(HV_OBJ)
.PHONY: kernel-mutant-flags kernel-objects
