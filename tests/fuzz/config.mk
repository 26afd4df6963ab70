# SPDX-License-Identifier: MIT
# Fuzz target of the configuration parser, with libxlutil beside it.
FUZZ += config
FUZZ_SRC_config := tests/fuzz/config.c tests/unit/cli/xlutil.c tools/corbel/config.c tools/corbel/config_parse.c
FUZZ_LIBS_config := -Itests/unit -l:libxlutil.a
$(B)/tests/fuzz/config: tests/unit/cli/xlutil.h tools/corbel/config.h
