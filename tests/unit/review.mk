# SPDX-License-Identifier: MIT
# What a hostile reading of policies, owners and the audit trail found.
UNIT += review_policy
UNIT_SRC_review_policy = tests/unit/review_policy.c $(RELOAD)
$(B)/tests/unit/review_policy: tests/unit/reload_calls.h | $(B)/policy/cloud.bin
