# SPDX-License-Identifier: MIT
FUZZ += tpm_response
FUZZ_SRC_tpm_response := tests/fuzz/tpm_response.c tests/unit/sim/fake_tis.c measured-boot/image/measure.c \
			 measured-boot/shared/eventlog.c measured-boot/image/tis.c measured-boot/image/tpm2.c \
			 measured-boot/shared/sha2.c
