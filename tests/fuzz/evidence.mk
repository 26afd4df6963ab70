# SPDX-License-Identifier: MIT
# Fuzz target of the verifier: evidence, boot logs and records.

FUZZ += evidence
FUZZ_SRC_evidence  = tests/fuzz/evidence.c $(VERIFY_WORLD_SRC)
FUZZ_LIBS_evidence = $(VERIFY_LIBS)
