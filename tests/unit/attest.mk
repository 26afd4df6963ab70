# SPDX-License-Identifier: MIT
# Unit tests of what Dom0 stores of the launch log and of its agent, with a fake hypervisor.
UNIT += launch_store attest
UNIT_SRC_launch_store := tests/unit/launch_store.c tests/unit/fake_log.c tools/corbel/launchlog.c
UNIT_LIBS_launch_store := -Wl,--wrap=pwrite,--wrap=fsync

# Its evidence is read by the verifier's own parts.
UNIT_SRC_attest = tests/unit/attest.c tests/unit/fake_log.c tests/unit/swtpm.c \
	$(filter-out %/main.c,$(ATTEST_SRC)) \
	$(addprefix measured-boot/verify/, verdict.c evidence.c hosts.c certificate.c ak.c quote.c \
	enroll.c credential.c)
UNIT_LIBS_attest := -ltss2-esys -ltss2-mu -ltss2-rc -ltss2-tctildr -ljson-c -lcrypto

$(B)/tests/unit/launch_store $(B)/tests/unit/attest: tests/unit/fake_log.h tests/unit/swtpm.h \
	tools/corbel/launchlog.h hypervisor/abi/log.h $(wildcard measured-boot/attest/*.h \
	measured-boot/lib/*.h measured-boot/verify/*.h)
