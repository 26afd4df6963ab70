# SPDX-License-Identifier: MIT
# corbel-attest: Dom0's agent, run by `corbel attest'.  Its hypercalls go through tools/corbel/host.h,
# so that tests link the same sources, ATTEST_SRC, with another transport than host_xen.c.
ATTEST_SRC  := $(wildcard measured-boot/attest/*.c) tools/corbel/launchlog.c tools/corbel/rawlog.c \
	       tools/lib/merkle.c tools/lib/hex.c \
	       measured-boot/verify/json.c measured-boot/verify/json_scan.c tools/lib/files.c
ATTEST_LIBS := -ltss2-esys -ltss2-mu -ltss2-rc -ltss2-tctildr -ljson-c -lcrypto

$(B)/tools/corbel-attest: $(ATTEST_SRC) tools/corbel/host_xen.c $(wildcard measured-boot/attest/*.h \
		measured-boot/shared/*.h measured-boot/verify/*.h hypervisor/abi/*.h builder-domain/abi.h) \
		$(addprefix tools/corbel/, host.h launchlog.h rawlog.h) tools/lib/files.h
	@mkdir -p $(@D)
	$(HOSTCC) $(HOSTFLAGS) $(ATTEST_SRC) tools/corbel/host_xen.c -o $@ $(ATTEST_LIBS) \
		-lxencall -lxengnttab -lxenevtchn

ALL += $(B)/tools/corbel-attest
DOM0_TOOLS += $(B)/tools/corbel-attest
