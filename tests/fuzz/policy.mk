# SPDX-License-Identifier: MIT
# Fuzz target of the policy parser.

FUZZ += policy_blob
FUZZ_SRC_policy_blob := tests/fuzz/policy_blob.c xsm/monitor/monitor.c xsm/monitor/floor.c
