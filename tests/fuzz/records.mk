# SPDX-License-Identifier: MIT
# Fuzz targets of the verifier's parsers, each behind what vouches for its input.

FUZZ += bootlog
FUZZ_SRC_bootlog  = tests/fuzz/bootlog.c $(VERIFY_LIB_SRC)
FUZZ_LIBS_bootlog = $(VERIFY_LIBS)

FUZZ += records
FUZZ_SRC_records  = tests/fuzz/records.c $(VERIFY_RECORDED_SRC) $(VERIFY_LIB_SRC)
FUZZ_LIBS_records = $(VERIFY_LIBS)
