# SPDX-License-Identifier: MIT
# Fuzz target of the verifier: evidence, boot logs and records.

FUZZ += evidence
FUZZ_SRC_evidence  = tests/fuzz/evidence.c $(VERIFY_WORLD_SRC)
FUZZ_LIBS_evidence = -Itests/unit $(VERIFY_LIBS)

$(B)/tests/fuzz/evidence: $(wildcard tests/unit/verify/verify_*.h measured-boot/verify/*.h)
