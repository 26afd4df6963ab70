# SPDX-License-Identifier: MIT
# Policies replaced while domains run, owners, and grants to numbers that were given again.
RELOAD := tests/unit/reload_calls.c $(WORLD)
UNIT += reload
UNIT_SRC_reload = tests/unit/reload.c $(RELOAD)
$(B)/tests/unit/reload: tests/unit/reload_calls.h | \
	$(addprefix $(B)/policy/, cloud.bin split.bin lab.bin empty.bin)
UNIT += reload_random
UNIT_SRC_reload_random = tests/unit/reload_random.c $(RELOAD)
$(B)/tests/unit/reload_random: tests/unit/reload_calls.h | \
	$(addprefix $(B)/policy/, cloud.bin split.bin lab.bin)
UNIT += owners
UNIT_SRC_owners = tests/unit/owners.c $(RELOAD)
$(B)/tests/unit/owners: tests/unit/reload_calls.h | $(addprefix $(B)/policy/, cloud.bin lab.bin)
