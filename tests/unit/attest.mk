# SPDX-License-Identifier: MIT
# Unit tests of what Dom0 stores of the launch log and of its agent, with a fake hypervisor.
UNIT += launch_store attest attest_identity
UNIT_SRC_launch_store := tests/unit/launch_store.c tests/unit/fake_log.c tools/corbel/launchlog.c
UNIT_LIBS_launch_store := -Wl,--wrap=pwrite,--wrap=fsync

# Its evidence is read by the verifier's own parts.
ATTEST_TEST_SRC = tests/unit/attest_fixture.c tests/unit/fake_log.c tests/unit/swtpm.c \
	$(filter-out %/main.c,$(ATTEST_SRC)) $(VERIFY_TEST)
UNIT_SRC_attest           = tests/unit/attest.c $(ATTEST_TEST_SRC)
UNIT_LIBS_attest          = $(ATTEST_LIBS)
UNIT_SRC_attest_identity  = tests/unit/attest_identity.c $(ATTEST_TEST_SRC)
UNIT_LIBS_attest_identity = $(ATTEST_LIBS)

$(B)/tests/unit/launch_store $(B)/tests/unit/attest $(B)/tests/unit/attest_identity: \
	tests/unit/attest_fixture.h tests/unit/fake_log.h tests/unit/swtpm.h \
	tools/corbel/launchlog.h hypervisor/abi/log.h $(wildcard measured-boot/attest/*.h \
	measured-boot/lib/*.h measured-boot/verify/*.h)
