# SPDX-License-Identifier: MIT
# Unit tests of the CLI: its real files with a fake machine behind tools/corbel/host.h.
UNIT += cli_config cli_output cli_session cli_console cli_lifecycle

CLI_TEST_SRC := $(filter-out tools/corbel/main.c tools/corbel/host_xen.c,$(CORBEL_SRC)) \
	tests/unit/cli_host.c
UNIT_SRC_cli_config  := tests/unit/cli_config.c tools/corbel/config.c tools/corbel/guest.c \
	tools/plan/encode.c
UNIT_SRC_cli_output  := tests/unit/cli_output.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_output := -lyajl_s -pthread
UNIT_SRC_cli_session  := tests/unit/cli_session.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_session := -lyajl_s -pthread
UNIT_SRC_cli_console  := tests/unit/cli_console.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_console := -lyajl_s -pthread
UNIT_SRC_cli_lifecycle  := tests/unit/cli_lifecycle.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_lifecycle := -lyajl_s -pthread
