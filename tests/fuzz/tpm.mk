# SPDX-License-Identifier: MIT
FUZZ += tpm_response
FUZZ_SRC_tpm_response := tests/fuzz/tpm_response.c tests/unit/fake_tis.c measured-boot/measure.c \
			 measured-boot/eventlog.c measured-boot/tis.c measured-boot/tpm2.c \
			 measured-boot/sha2.c
FUZZ_LIBS_tpm_response := -Itests/unit
