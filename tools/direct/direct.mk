# SPDX-License-Identifier: MIT
# The direct loader: build/corbel-mb1.elf is what QEMU's -kernel starts, for tests and benchmarks.

DIRECT_OBJ := $(patsubst %,$(B)/direct/%.o,start main translate)
-include $(DIRECT_OBJ:.o=.d)

$(B)/direct/%.o: tools/direct/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(FREE) -MMD -MP -c $< -o $@

$(B)/direct/%.o: tools/direct/%.S Makefile
	@mkdir -p $(@D)
	$(CC) $(FREE) -MMD -MP -c $< -o $@

$(B)/corbel-mb1.elf: $(B)/corbel.elf $(DIRECT_OBJ) tools/direct/direct.lds tools/direct/link
	tools/direct/link $(B)/direct $< $@

ALL += $(B)/corbel-mb1.elf
