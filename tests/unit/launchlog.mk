# SPDX-License-Identifier: MIT
# The launch log: its records, its ring and its root, on the simulated machine.
LAUNCHLOG = tests/unit/launchlog_calls.c tests/unit/reload_calls.c $(WORLD)
UNIT += launchlog launchlog_ring launchlog_random
UNIT_SRC_launchlog        = tests/unit/launchlog.c $(LAUNCHLOG)
UNIT_SRC_launchlog_ring   = tests/unit/launchlog_ring.c $(LAUNCHLOG)
UNIT_SRC_launchlog_random = tests/unit/launchlog_random.c $(LAUNCHLOG)
$(patsubst %,$(B)/tests/unit/%,launchlog launchlog_ring launchlog_random): tests/unit/launchlog_calls.h \
	tests/unit/reload_calls.h | $(addprefix $(B)/policy/, cloud.bin split.bin lab.bin)
