# SPDX-License-Identifier: MIT
# Measurement core (in the hypervisor image).

HV_SRC += measured-boot/shared/sha2.c measured-boot/image/tis.c measured-boot/image/tpm2.c measured-boot/image/measure.c \
	  measured-boot/shared/eventlog.c
