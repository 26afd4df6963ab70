# SPDX-License-Identifier: MIT
# Unit tests of the verifier's first half: inputs, identity, quote, enrolment.
VERIFY_TEST_SRC := tests/unit/verify_fixture.c measured-boot/lib/hex.c measured-boot/lib/merkle.c \
	$(addprefix measured-boot/verify/, verdict.c evidence.c json.c json_scan.c hosts.c \
	certificate.c ak.c quote.c)
VERIFY_TEST_DEPS := tests/unit/verify_fixture.h $(wildcard measured-boot/verify/*.h measured-boot/lib/*.h)

UNIT += verify_quote
UNIT_SRC_verify_quote  := tests/unit/verify_quote.c tests/unit/verify_expect.c $(VERIFY_TEST_SRC)
UNIT_LIBS_verify_quote := -ljson-c -ltss2-mu -lcrypto
$(B)/tests/unit/verify_quote: $(VERIFY_TEST_DEPS)

UNIT += verify_identity
UNIT_SRC_verify_identity  := tests/unit/verify_identity.c tests/unit/verify_expect.c $(VERIFY_TEST_SRC)
UNIT_LIBS_verify_identity := -ljson-c -ltss2-mu -lcrypto
$(B)/tests/unit/verify_identity: $(VERIFY_TEST_DEPS)

UNIT += verify_inputs
UNIT_SRC_verify_inputs  := tests/unit/verify_inputs.c $(VERIFY_TEST_SRC)
UNIT_LIBS_verify_inputs := -ljson-c -ltss2-mu -lcrypto
$(B)/tests/unit/verify_inputs: $(VERIFY_TEST_DEPS)

# with a real software TPM
UNIT += verify_enroll
UNIT_SRC_verify_enroll  := tests/unit/verify_enroll.c tests/unit/swtpm.c $(VERIFY_TEST_SRC) \
	measured-boot/verify/enroll.c measured-boot/verify/credential.c
UNIT_LIBS_verify_enroll := -ljson-c -ltss2-mu -lcrypto
$(B)/tests/unit/verify_enroll: $(VERIFY_TEST_DEPS) tests/unit/swtpm.h

# the whole judgement
VERIFY_WORLD_SRC := tests/unit/verify_world.c tests/unit/verify_fixture.c $(VERIFY_LIB_SRC)
UNIT += verify_judge
UNIT_SRC_verify_judge  := tests/unit/verify_judge.c $(VERIFY_WORLD_SRC)
UNIT_LIBS_verify_judge := -ljson-c -ltss2-mu -lcrypto
$(B)/tests/unit/verify_judge: $(VERIFY_TEST_DEPS) tests/unit/verify_world.h
