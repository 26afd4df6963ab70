# SPDX-License-Identifier: MIT
# Fuzz target of the configuration parser, with libxlutil beside it.
FUZZ += config
FUZZ_SRC_config := tests/fuzz/config.c tests/unit/cli/xlutil.c tools/corbel/config.c tools/corbel/config_parse.c \
	tools/lib/files.c
FUZZ_LIBS_config := -l:libxlutil.a
