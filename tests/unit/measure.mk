# SPDX-License-Identifier: MIT
# Unit tests of the measurement core; measure runs it against a real swtpm.

UNIT += sha2
UNIT_SRC_sha2  := tests/unit/sha2.c measured-boot/sha2.c
UNIT_LIBS_sha2 := -lcrypto

UNIT += tpm
UNIT_SRC_tpm   := tests/unit/tpm.c tests/unit/fake_tis.c measured-boot/tis.c measured-boot/tpm2.c \
		  measured-boot/eventlog.c measured-boot/sha2.c

UNIT += measure
UNIT_SRC_measure := tests/unit/measure.c tests/unit/measure_expected.c \
		    tests/unit/fake_tis.c tests/unit/swtpm.c \
		    measured-boot/measure.c measured-boot/eventlog.c measured-boot/tis.c \
		    measured-boot/tpm2.c measured-boot/sha2.c
UNIT_LIBS_measure := -lcrypto

UNIT += measure_calc
UNIT_SRC_measure_calc := tests/unit/measure_calc.c measured-boot/reference/calc.c \
			 measured-boot/reference/output.c xsm/tool/files.c \
			 $(filter-out tests/unit/measure%,$(UNIT_SRC_measure))
UNIT_LIBS_measure_calc := -lcrypto

UNIT += checkpoint
UNIT_SRC_checkpoint := tests/unit/checkpoint.c $(filter-out tests/unit/measure%,$(UNIT_SRC_measure))
UNIT_LIBS_checkpoint := -lcrypto
