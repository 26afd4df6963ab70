# SPDX-License-Identifier: MIT
# corbel-plan: text launch plan to canonical request bytes.
PLAN_SRC := tools/plan/plan.c tools/plan/parse.c tools/plan/encode.c tools/lib/files.c tools/lib/devices.c

$(B)/tools/corbel-plan: $(PLAN_SRC) $(wildcard tools/plan/*.h tools/lib/*.h hypervisor/abi/*.h builder-domain/abi.h)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $(PLAN_SRC) -o $@

ALL += $(B)/tools/corbel-plan
