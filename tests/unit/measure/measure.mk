# SPDX-License-Identifier: MIT
# Unit tests of the measurement core; measure runs it against a real swtpm.

UNIT += sha2
UNIT_SRC_sha2  := tests/unit/measure/sha2.c measured-boot/shared/sha2.c
UNIT_LIBS_sha2 := -lcrypto

UNIT += tpm
UNIT_SRC_tpm   := tests/unit/measure/tpm.c tests/unit/sim/fake_tis.c measured-boot/image/tis.c measured-boot/image/tpm2.c \
		  measured-boot/shared/eventlog.c measured-boot/shared/sha2.c

UNIT += measure
UNIT_SRC_measure := tests/unit/measure/measure.c tests/unit/measure/measure_expected.c \
		    tests/unit/sim/fake_tis.c tests/unit/sim/swtpm.c \
		    measured-boot/image/measure.c measured-boot/shared/eventlog.c measured-boot/image/tis.c \
		    measured-boot/image/tpm2.c measured-boot/shared/sha2.c
UNIT_LIBS_measure := -lcrypto

UNIT += measure_calc
UNIT_SRC_measure_calc := tests/unit/measure/measure_calc.c measured-boot/reference/calc.c \
			 measured-boot/reference/output.c tools/lib/files.c \
			 $(filter-out tests/unit/measure%,$(UNIT_SRC_measure))
UNIT_LIBS_measure_calc := -lcrypto

UNIT += checkpoint
UNIT_SRC_checkpoint := tests/unit/measure/checkpoint.c $(filter-out tests/unit/measure%,$(UNIT_SRC_measure))
UNIT_LIBS_checkpoint := -lcrypto

UNIT += hex
UNIT_SRC_hex  := tests/unit/measure/hex.c tools/lib/hex.c
UNIT_LIBS_hex := -lcrypto

UNIT += eventlog
UNIT_SRC_eventlog := tests/unit/measure/eventlog.c measured-boot/shared/eventlog.c measured-boot/shared/sha2.c
