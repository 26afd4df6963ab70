# SPDX-License-Identifier: MIT
# Fuzz target of the boot log's pieces, which Dom0's tools join.
FUZZ += rawlog
FUZZ_SRC_rawlog := tests/fuzz/rawlog.c tools/corbel/rawlog.c
