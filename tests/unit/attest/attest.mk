# SPDX-License-Identifier: MIT
# Unit tests of what Dom0 stores of the launch log and of its agent, with a fake hypervisor.
UNIT += launch_store attest attest_identity attest_fake attest_words attest_faults
UNIT_SRC_launch_store := tests/unit/attest/launch_store.c tests/unit/sim/fake_log.c tools/corbel/launchlog.c
UNIT_LIBS_launch_store := -Wl,--wrap=pwrite,--wrap=fsync

# Its evidence is read by the verifier's own parts.  attest_fake is attest.c again, with a TPM that
# needs no time, as the others have it that suites of mutants run.
ATTEST_TEST_SRC   = tests/unit/attest/attest_fixture.c tests/unit/sim/fake_log.c \
	$(filter-out %/main.c,$(ATTEST_SRC)) $(VERIFY_TEST)
ATTEST_SWTPM_SRC  = tests/unit/attest/attest_swtpm.c tests/unit/sim/swtpm.c $(ATTEST_TEST_SRC)
ATTEST_FAKE_SRC   = tests/unit/attest/attest_made_up.c tests/unit/sim/fake_esys.c $(ATTEST_TEST_SRC)
ATTEST_FAKE_LIBS  = -ltss2-mu -ltss2-rc -ljson-c -lcrypto -Wl,--wrap=clock_gettime,--wrap=nanosleep,--wrap=fsync
UNIT_SRC_attest           = tests/unit/attest/attest.c $(ATTEST_SWTPM_SRC)
UNIT_LIBS_attest          = $(ATTEST_LIBS)
UNIT_SRC_attest_identity  = tests/unit/attest/attest_identity.c $(ATTEST_SWTPM_SRC)
UNIT_LIBS_attest_identity = $(ATTEST_LIBS)
UNIT_SRC_attest_fake      = tests/unit/attest/attest.c $(ATTEST_FAKE_SRC)
UNIT_LIBS_attest_fake     = $(ATTEST_FAKE_LIBS)
UNIT_SRC_attest_words     = tests/unit/attest/attest_words.c $(ATTEST_FAKE_SRC)
UNIT_LIBS_attest_words    = $(ATTEST_FAKE_LIBS)
UNIT_SRC_attest_faults    = tests/unit/attest/attest_faults.c $(ATTEST_FAKE_SRC)
UNIT_LIBS_attest_faults   = $(ATTEST_FAKE_LIBS)

$(B)/tests/unit/launch_store $(filter $(B)/tests/unit/attest%,$(UNIT:%=$(B)/tests/unit/%)): \
	tests/unit/attest/attest_fixture.h tests/unit/sim/fake_log.h tests/unit/sim/swtpm.h tests/unit/sim/fake_esys.h \
	tools/corbel/launchlog.h hypervisor/abi/log.h $(wildcard measured-boot/attest/*.h \
	measured-boot/shared/*.h measured-boot/verify/*.h)
# Unit test of the boot log's pieces, which Dom0's tools join.
UNIT += rawlog
UNIT_SRC_rawlog := tests/unit/attest/rawlog.c tools/corbel/rawlog.c
$(B)/tests/unit/rawlog: tools/corbel/rawlog.h tools/corbel/host.h hypervisor/abi/corbel.h
# Unit test of the tenant's programs (tools/report).
UNIT += report
UNIT_SRC_report  := tests/unit/attest/report.c tools/report/bind.c tools/report/envelope.c tools/lib/files.c \
	tools/lib/hex.c measured-boot/shared/sha2.c
UNIT_LIBS_report := -lcrypto -lbearssl
$(B)/tests/unit/report: $(wildcard tools/report/*.h)
