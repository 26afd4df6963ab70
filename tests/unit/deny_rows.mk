# SPDX-License-Identifier: MIT
# One deny test per row of the hypercall table (tests/unit/deny_rows.c).
UNIT += deny_rows
UNIT_SRC_deny_rows  = $(addprefix tests/unit/deny_rows, .c _steps.c _picture.c) $(WORLD)
UNIT_LIBS_deny_rows = -Wl,--wrap=heap_init,--wrap=frames_init,--wrap=trace_add
$(B)/tests/unit/deny_rows: tests/unit/deny_rows.def tests/unit/deny_rows.h \
	hypervisor/abi/hypercalls.def | $(B)/policy/cloud.bin
