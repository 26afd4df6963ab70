# SPDX-License-Identifier: MIT
# One deny test per row of the hypercall table (tests/unit/gate/deny_rows.c).
UNIT += deny_rows
UNIT_SRC_deny_rows  = tests/unit/gate/deny_rows.c tests/unit/gate/deny_rows_steps.c tests/unit/gate/deny_rows_picture.c $(WORLD)
UNIT_LIBS_deny_rows = -Wl,--wrap=heap_init,--wrap=frames_init,--wrap=trace_add
$(B)/tests/unit/deny_rows: tests/unit/gate/deny_rows.def tests/unit/gate/deny_rows.h \
	hypervisor/abi/hypercalls.def | $(B)/policy/cloud.bin
