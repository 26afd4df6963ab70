# SPDX-License-Identifier: MIT
# Measurement core (in the hypervisor image).

HV_SRC += measured-boot/sha2.c measured-boot/tis.c measured-boot/tpm2.c measured-boot/measure.c \
	  measured-boot/eventlog.c
