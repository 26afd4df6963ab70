# SPDX-License-Identifier: MIT
# Programs of the policy author and of the build: corbel-policy, corbel-lower, xsm-classes.

XSM_MONITOR := xsm/monitor/monitor.c xsm/monitor/floor.c
XSM_LOWER   := xsm/compiler/source.c xsm/compiler/emit.c
XSM_HEADERS := $(wildcard xsm/monitor/*.h xsm/compiler/*.h) xsm/perms.def
XSM_TOOL    := $(wildcard xsm/tool/*.c) tools/lib/files.c tools/lib/p256.c
# The shared libsepol does not export all that the lowering asks.
XSM_LIBS    := -l:libsepol.a

$(B)/tools/corbel-lower: xsm/compiler/lower.c tools/lib/files.c tools/lib/files.h $(XSM_LOWER) $(XSM_MONITOR) $(XSM_HEADERS)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $(filter %.c,$^) -o $@ $(XSM_LIBS)

$(B)/tools/xsm-classes: xsm/compiler/classes_main.c xsm/compiler/classes.c $(XSM_HEADERS)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $(filter %.c,$^) -o $@

$(B)/tools/corbel-policy: $(XSM_TOOL) xsm/compiler/classes.c $(XSM_LOWER) $(XSM_MONITOR) \
		$(XSM_HEADERS) $(wildcard xsm/tool/*.h tools/lib/*.h hypervisor/abi/*.h hypervisor/abi/*.def builder-domain/abi.h)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $(filter %.c,$^) -o $@ $(XSM_LIBS) -ljson-c -lcrypto

ALL += $(B)/tools/corbel-policy
