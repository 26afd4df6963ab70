# SPDX-License-Identifier: MIT
# What the verbs of corbel-policy stand on.
UNIT += policy_verbs
UNIT_SRC_policy_verbs  := tests/unit/policy_verbs.c \
	$(patsubst %,xsm/tool/%.c,compile files floor folder graph model p256 propose reason \
	report rights trace words) \
	xsm/compiler/classes.c xsm/compiler/source.c xsm/compiler/emit.c \
	xsm/monitor/monitor.c xsm/monitor/floor.c \
	tools/sign/manifest.c builder-domain/signature.c measured-boot/sha2.c
UNIT_LIBS_policy_verbs := -l:libsepol.a -ljson-c -lcrypto -lbearssl

$(B)/tests/unit/policy_verbs: $(wildcard xsm/tool/*.h xsm/compiler/*.h xsm/monitor/*.h) xsm/perms.def \
	tools/sign/manifest.h builder-domain/signature.h
