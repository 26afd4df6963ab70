# SPDX-License-Identifier: MIT
# The monitor (in the hypervisor image) and the pipeline CIL -> policydb -> blob (on the build host).

HV_SRC += xsm/monitor/monitor.c xsm/monitor/floor.c

$(B)/policy/classes.cil: $(B)/tools/xsm-classes
	@mkdir -p $(@D)
	$< > $@

# A policy is the classes, base, and the folder of its name.  Only the one for attack tests goes
# without the invariants: breaking them is its purpose.
XSM_POLICIES  := cloud split lab blind apart empty all
XSM_BASE      := $(sort $(wildcard xsm/policy/base/*.cil))
XSM_BASE_all  := $(filter-out %/invariants.cil,$(XSM_BASE))

# secilc knows version 30 for target Xen at most, and leaves a cut file behind when it fails.
define XSM_POLICY_RULE
$(B)/policy/$(1).policydb: $(B)/policy/classes.cil $(or $(XSM_BASE_$(1)),$(XSM_BASE)) \
		$(sort $(wildcard xsm/policy/$(1)/*.cil))
	secilc -v -t xen -c 30 -f /dev/null -o $$@.new $$^
	@mv $$@.new $$@
endef
$(foreach p,$(XSM_POLICIES),$(eval $(call XSM_POLICY_RULE,$(p))))

$(B)/policy/%.bin: $(B)/policy/%.policydb $(B)/tools/corbel-lower
	$(B)/tools/corbel-lower $< $@

policy: $(XSM_POLICIES:%=$(B)/policy/%.bin)
.PHONY: policy

ALL += $(XSM_POLICIES:%=$(B)/policy/%.bin)
