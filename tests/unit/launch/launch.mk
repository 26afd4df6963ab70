# SPDX-License-Identifier: MIT
# Policies replaced while domains run, owners, and grants to numbers that were given again.
RELOAD = tests/unit/launch/reload_calls.c $(WORLD)
UNIT += reload
UNIT_SRC_reload = tests/unit/launch/reload.c $(RELOAD)
$(B)/tests/unit/reload: tests/unit/launch/reload_calls.h | \
	$(addprefix $(B)/policy/, cloud.bin split.bin lab.bin empty.bin)
UNIT += standing
UNIT_SRC_standing = tests/unit/launch/standing.c $(RELOAD)
$(B)/tests/unit/standing: tests/unit/launch/reload_calls.h | \
	$(addprefix $(B)/policy/, cloud.bin apart.bin)
UNIT += reload_random
UNIT_SRC_reload_random = tests/unit/launch/reload_random.c $(RELOAD)
$(B)/tests/unit/reload_random: tests/unit/launch/reload_calls.h | \
	$(addprefix $(B)/policy/, cloud.bin split.bin lab.bin)
UNIT += owners
UNIT_SRC_owners = tests/unit/launch/owners.c $(RELOAD)
$(B)/tests/unit/owners: tests/unit/launch/reload_calls.h | $(addprefix $(B)/policy/, cloud.bin lab.bin)
# What a hostile reading of policies, owners and the audit trail found.
UNIT += review_policy
UNIT_SRC_review_policy = tests/unit/launch/review_policy.c $(RELOAD)
$(B)/tests/unit/review_policy: tests/unit/launch/reload_calls.h | $(B)/policy/cloud.bin
# The launch log: its records, its ring and its root, on the simulated machine.
LAUNCHLOG = tests/unit/launch/launchlog_calls.c tests/unit/launch/reload_calls.c $(WORLD)
UNIT += entropy
UNIT_SRC_entropy = tests/unit/launch/entropy.c $(WORLD)
UNIT += launchlog launchlog_ring launchlog_random
UNIT_SRC_launchlog        = tests/unit/launch/launchlog.c $(LAUNCHLOG)
UNIT_SRC_launchlog_ring   = tests/unit/launch/launchlog_ring.c $(LAUNCHLOG)
UNIT_SRC_launchlog_random = tests/unit/launch/launchlog_random.c $(LAUNCHLOG)
$(patsubst %,$(B)/tests/unit/%,launchlog launchlog_ring launchlog_random): tests/unit/launch/launchlog_calls.h \
	tests/unit/launch/reload_calls.h | $(addprefix $(B)/policy/, cloud.bin split.bin lab.bin)
UNIT += build_device
UNIT_SRC_build_device = tests/unit/launch/build_device.c $(WORLD)
$(B)/tests/unit/build_device: | $(B)/policy/cloud.bin
