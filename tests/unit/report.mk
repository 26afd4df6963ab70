# SPDX-License-Identifier: MIT
# Unit test of the tenant's programs (tools/report).
UNIT += report
UNIT_SRC_report  := tests/unit/report.c tools/report/bind.c tools/report/envelope.c \
	measured-boot/lib/hex.c measured-boot/sha2.c
UNIT_LIBS_report := -lcrypto -lbearssl
$(B)/tests/unit/report: $(wildcard tools/report/*.h)
