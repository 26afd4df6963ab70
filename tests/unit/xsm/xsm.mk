# SPDX-License-Identifier: MIT
# Unit tests of the policy monitor and its compiler.

UNIT += xsm_monitor xsm_floor xsm_lower

XSM_TEST := tests/unit/xsm/xsm_fixture.c xsm/monitor/monitor.c xsm/monitor/floor.c
UNIT_SRC_xsm_monitor := tests/unit/xsm/xsm_monitor.c $(XSM_TEST)
UNIT_SRC_xsm_floor   := tests/unit/xsm/xsm_floor.c $(XSM_TEST)
UNIT_SRC_xsm_lower   := tests/unit/xsm/xsm_lower.c xsm/compiler/source.c xsm/compiler/emit.c \
                        xsm/monitor/monitor.c xsm/monitor/floor.c tools/lib/files.c
UNIT_LIBS_xsm_lower  := -l:libsepol.a

$(B)/tests/unit/xsm_monitor $(B)/tests/unit/xsm_floor $(B)/tests/unit/xsm_lower: \
	$(wildcard xsm/monitor/*.h xsm/compiler/*.h) tests/unit/xsm/xsm_fixture.h xsm/perms.def

# A policy that tells tenants apart, and the shipped ones, for the sweep.
$(B)/policy/tenants.policydb: $(B)/policy/classes.cil tests/unit/xsm/xsm_tenants.cil
	secilc -v -t xen -c 30 -f /dev/null -o $@.new $^
	@mv $@.new $@
$(B)/tests/unit/xsm_lower: | $(B)/policy/tenants.policydb $(XSM_POLICIES:%=$(B)/policy/%.bin)
# What the verbs of corbel-policy stand on.
UNIT += policy_verbs
UNIT_SRC_policy_verbs  := tests/unit/xsm/policy_verbs.c \
	$(patsubst %,xsm/tool/%.c,authored calls compile expect floor folder forms graph model names \
	propose reason reason_print report rights trace words) tools/lib/files.c tools/lib/p256.c \
	xsm/compiler/classes.c xsm/compiler/source.c xsm/compiler/emit.c \
	xsm/monitor/monitor.c xsm/monitor/floor.c \
	tools/sign/manifest.c builder-domain/signature.c measured-boot/shared/sha2.c
UNIT_LIBS_policy_verbs := -l:libsepol.a -ljson-c -lcrypto -lbearssl

$(B)/tests/unit/policy_verbs: $(wildcard xsm/tool/*.h xsm/compiler/*.h xsm/monitor/*.h) xsm/perms.def \
	tools/sign/manifest.h builder-domain/signature.h
