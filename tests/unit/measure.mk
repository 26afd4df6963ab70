# SPDX-License-Identifier: MIT
# Unit tests of the measurement core; measure_chain runs it against a real swtpm.

UNIT += sha2
UNIT_SRC_sha2  := tests/unit/sha2.c measured-boot/sha2.c
UNIT_LIBS_sha2 := -lcrypto

UNIT += tpm
UNIT_SRC_tpm   := tests/unit/tpm.c tests/unit/fake_tis.c measured-boot/tis.c measured-boot/tpm2.c
