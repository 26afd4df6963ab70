# SPDX-License-Identifier: MIT
# Unit tests of what Dom0 stores of the launch log and of its agent, with a fake hypervisor.
UNIT += launch_store attest attest_identity
UNIT_SRC_launch_store := tests/unit/attest/launch_store.c tests/unit/sim/fake_log.c tools/corbel/launchlog.c
UNIT_LIBS_launch_store := -Wl,--wrap=pwrite,--wrap=fsync

# Its evidence is read by the verifier's own parts.
ATTEST_TEST_SRC = tests/unit/attest/attest_fixture.c tests/unit/sim/fake_log.c tests/unit/sim/swtpm.c \
	$(filter-out %/main.c,$(ATTEST_SRC)) $(VERIFY_TEST)
UNIT_SRC_attest           = tests/unit/attest/attest.c $(ATTEST_TEST_SRC)
UNIT_LIBS_attest          = $(ATTEST_LIBS)
UNIT_SRC_attest_identity  = tests/unit/attest/attest_identity.c $(ATTEST_TEST_SRC)
UNIT_LIBS_attest_identity = $(ATTEST_LIBS)

$(B)/tests/unit/launch_store $(B)/tests/unit/attest $(B)/tests/unit/attest_identity: \
	tests/unit/attest/attest_fixture.h tests/unit/sim/fake_log.h tests/unit/sim/swtpm.h \
	tools/corbel/launchlog.h hypervisor/abi/log.h $(wildcard measured-boot/attest/*.h \
	measured-boot/shared/*.h measured-boot/verify/*.h)
# Unit test of the boot log's pieces, which Dom0's tools join.
UNIT += rawlog
UNIT_SRC_rawlog := tests/unit/attest/rawlog.c tools/corbel/rawlog.c
$(B)/tests/unit/rawlog: tools/corbel/rawlog.h tools/corbel/host.h hypervisor/abi/corbel.h
# Unit test of the tenant's programs (tools/report).
UNIT += report
UNIT_SRC_report  := tests/unit/attest/report.c tools/report/bind.c tools/report/envelope.c tools/lib/files.c \
	measured-boot/shared/hex.c measured-boot/shared/sha2.c
UNIT_LIBS_report := -lcrypto -lbearssl
$(B)/tests/unit/report: $(wildcard tools/report/*.h)
