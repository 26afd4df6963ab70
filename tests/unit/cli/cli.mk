# SPDX-License-Identifier: MIT
# Unit tests of the CLI: its real files with a fake machine behind tools/corbel/host.h.
UNIT += cli_config cli_disks cli_vifs cli_pci cli_xlutil cli_output cli_session cli_console cli_attach cli_hidden cli_store cli_lifecycle cli_policy cli_said cli_trace cli_log cli_tree cli_served

CLI_TEST_SRC := $(filter-out tools/corbel/main.c tools/corbel/host_xen.c,$(CORBEL_SRC)) \
	tests/unit/cli/cli_drainer.c tests/unit/cli/cli_host.c tests/unit/cli/cli_policy_host.c \
	tests/unit/cli/cli_xenstore.c
UNIT_SRC_cli_config  := tests/unit/cli/cli_config.c $(GUEST_SRC) \
	tools/corbel/owner.c tools/plan/encode.c tools/lib/files.c measured-boot/shared/sha2.c
UNIT_SRC_cli_disks  := tests/unit/cli/cli_disks.c tests/unit/cli/xlutil.c $(GUEST_SRC) \
	tools/corbel/owner.c tools/plan/encode.c tools/lib/files.c measured-boot/shared/sha2.c
UNIT_LIBS_cli_disks := -l:libxlutil.a
UNIT_SRC_cli_vifs := tests/unit/cli/cli_vifs.c tests/unit/cli/xlutil.c $(GUEST_SRC) \
	tools/corbel/owner.c tools/plan/encode.c tools/lib/files.c measured-boot/shared/sha2.c
UNIT_LIBS_cli_vifs := -l:libxlutil.a
UNIT_SRC_cli_pci := tests/unit/cli/cli_pci.c tests/unit/cli/xlutil.c $(GUEST_SRC) \
	tools/corbel/owner.c tools/plan/encode.c tools/lib/files.c measured-boot/shared/sha2.c
UNIT_LIBS_cli_pci := -l:libxlutil.a
UNIT_SRC_cli_xlutil  := tests/unit/cli/cli_xlutil.c tests/unit/cli/xlutil.c tools/corbel/config.c \
	tools/corbel/config_parse.c tools/lib/files.c
UNIT_LIBS_cli_xlutil := -l:libxlutil.a
UNIT_SRC_cli_output  := tests/unit/cli/cli_output.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_output := -lyajl_s -pthread
UNIT_SRC_cli_session  := tests/unit/cli/cli_session.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_session := -lyajl_s -pthread
UNIT_SRC_cli_console  := tests/unit/cli/cli_console.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_console := -lyajl_s -pthread
UNIT_SRC_cli_attach  := tests/unit/cli/cli_attach.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_attach := -lyajl_s -pthread
UNIT_SRC_cli_hidden  := tests/unit/cli/cli_hidden.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_hidden := -lyajl_s -pthread
UNIT_SRC_cli_store  := tests/unit/cli/cli_store.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_store := -lyajl_s -pthread
UNIT_SRC_cli_lifecycle  := tests/unit/cli/cli_lifecycle.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_lifecycle := -lyajl_s -pthread
UNIT_SRC_cli_policy  := tests/unit/cli/cli_policy.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_policy := -lyajl_s -pthread
UNIT_SRC_cli_said  := tests/unit/cli/cli_said.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_said := -lyajl_s -pthread
UNIT_SRC_cli_trace  := tests/unit/cli/cli_trace.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_trace := -lyajl_s -pthread
UNIT_SRC_cli_log  := tests/unit/cli/cli_log.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_log := -lyajl_s -pthread
UNIT_SRC_cli_tree  := tests/unit/cli/cli_tree.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_tree := -lyajl_s -pthread
UNIT_SRC_cli_served  := tests/unit/cli/cli_served.c $(CLI_TEST_SRC)
UNIT_LIBS_cli_served := -lyajl_s -pthread
