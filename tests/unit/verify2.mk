# SPDX-License-Identifier: MIT
# Unit tests of the verifier's second half: Merkle trees, boot log, launch log, tenant.
VERIFY_RECORDED_SRC := tests/unit/verify_recorded.c tests/unit/verify_fixture.c
VERIFY_RECORDED_DEPS := $(wildcard tests/unit/verify_*.h measured-boot/verify/*.h measured-boot/lib/*.h)

UNIT += merkle
UNIT_SRC_merkle  := tests/unit/merkle.c measured-boot/lib/merkle.c measured-boot/lib/hex.c
UNIT_LIBS_merkle := -lcrypto

UNIT += verify_bootlog
UNIT_SRC_verify_bootlog  := tests/unit/verify_bootlog.c $(VERIFY_RECORDED_SRC) $(VERIFY_LIB_SRC)
UNIT_LIBS_verify_bootlog := $(VERIFY_LIBS)
$(B)/tests/unit/verify_bootlog: $(VERIFY_RECORDED_DEPS)

UNIT += verify_log
UNIT_SRC_verify_log  := tests/unit/verify_log.c $(VERIFY_RECORDED_SRC) $(VERIFY_LIB_SRC)
UNIT_LIBS_verify_log := $(VERIFY_LIBS)
$(B)/tests/unit/verify_log: $(VERIFY_RECORDED_DEPS)

UNIT += verify_boot
UNIT_SRC_verify_boot  := tests/unit/verify_boot.c $(VERIFY_RECORDED_SRC) $(VERIFY_LIB_SRC)
UNIT_LIBS_verify_boot := $(VERIFY_LIBS)
$(B)/tests/unit/verify_boot: $(VERIFY_RECORDED_DEPS)

UNIT += verify_tenant
UNIT_SRC_verify_tenant  := tests/unit/verify_tenant.c $(VERIFY_RECORDED_SRC) $(VERIFY_LIB_SRC)
UNIT_LIBS_verify_tenant := $(VERIFY_LIBS)
$(B)/tests/unit/verify_tenant: $(VERIFY_RECORDED_DEPS)
