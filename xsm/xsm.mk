# SPDX-License-Identifier: MIT
# The monitor (in the hypervisor image) and the pipeline CIL -> policydb -> blob (on the build host).

HV_SRC += xsm/monitor/monitor.c xsm/monitor/floor.c

XSM_MONITOR := xsm/monitor/monitor.c xsm/monitor/floor.c
XSM_LOWER   := xsm/compiler/source.c xsm/compiler/emit.c
XSM_HEADERS := $(wildcard xsm/monitor/*.h xsm/compiler/*.h) xsm/perms.def
# The shared libsepol does not export all that the lowering asks.
XSM_LIBS    := -l:libsepol.a

$(B)/tools/corbel-lower: xsm/compiler/lower.c $(XSM_LOWER) $(XSM_MONITOR) $(XSM_HEADERS)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $(filter %.c,$^) -o $@ $(XSM_LIBS)

$(B)/tools/xsm-classes: xsm/compiler/classes.c xsm/perms.def
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $< -o $@

$(B)/policy/classes.cil: $(B)/tools/xsm-classes
	@mkdir -p $(@D)
	$< > $@

# Sources of each policy, on top of classes and roles.  Only the one for attack tests goes without
# the invariants: breaking them is its purpose.
XSM_CIL_base  := xsm/policy/base.cil xsm/policy/invariants.cil
XSM_CIL_empty := xsm/policy/empty.cil xsm/policy/invariants.cil
XSM_CIL_all   := xsm/policy/base.cil xsm/policy/all.cil
XSM_POLICIES  := base empty all

# secilc knows version 30 for target Xen at most, and leaves a cut file behind when it fails.
define XSM_POLICY_RULE
$(B)/policy/$(1).policydb: $(B)/policy/classes.cil xsm/policy/roles.cil $(XSM_CIL_$(1))
	secilc -v -t xen -c 30 -f /dev/null -o $$@.new $$^
	@mv $$@.new $$@
endef
$(foreach p,$(XSM_POLICIES),$(eval $(call XSM_POLICY_RULE,$(p))))

$(B)/policy/%.bin: $(B)/policy/%.policydb $(B)/tools/corbel-lower
	$(B)/tools/corbel-lower $< $@

policy: $(XSM_POLICIES:%=$(B)/policy/%.bin)
.PHONY: policy

ALL += $(XSM_POLICIES:%=$(B)/policy/%.bin)
