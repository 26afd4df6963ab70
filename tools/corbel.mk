# SPDX-License-Identifier: MIT
# The CLI that runs in Dom0: one static program, so that the Dom0 image needs no libraries.

# A domain's configuration, which other tools read too.
GUEST_SRC   := $(wildcard tools/corbel/config*.c tools/corbel/guest*.c) tools/lib/devices.c

CORBEL_SRC  := $(wildcard tools/corbel/*.c) tools/plan/encode.c tools/lib/files.c tools/lib/devices.c xsm/monitor/monitor.c measured-boot/shared/sha2.c
CORBEL_OBJ  := $(CORBEL_SRC:%.c=$(B)/host/%.o)
CORBEL_LIBS := -lxencall -lxengnttab -lxenevtchn -lxenstore -lxentoolcore -lxentoollog -lyajl_s

-include $(CORBEL_OBJ:.o=.d)

$(B)/host/tools/corbel/%.o: tools/corbel/%.c
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) -MMD -MP -c $< -o $@

$(B)/host/tools/plan/%.o: tools/plan/%.c
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) -MMD -MP -c $< -o $@

# The hypervisor's own parser and hash, and what all host tools share.
$(B)/host/tools/lib/files.o $(B)/host/tools/lib/devices.o $(B)/host/xsm/monitor/monitor.o $(B)/host/measured-boot/shared/sha2.o: $(B)/host/%.o: %.c
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) -MMD -MP -c $< -o $@

$(B)/tools/corbel: $(CORBEL_OBJ)
	@mkdir -p $(@D)
	$(HOSTCC) -static -o $@ $(CORBEL_OBJ) $(CORBEL_LIBS)

ALL += $(B)/tools/corbel
