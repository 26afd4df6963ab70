# SPDX-License-Identifier: MIT
# Unit tests of the policy monitor and its compiler.

UNIT += xsm_monitor xsm_floor
UNIT_SRC_xsm_monitor := tests/unit/xsm_monitor.c tests/unit/xsm_fixture.c xsm/monitor/monitor.c xsm/monitor/floor.c
UNIT_SRC_xsm_floor   := tests/unit/xsm_floor.c tests/unit/xsm_fixture.c xsm/monitor/monitor.c xsm/monitor/floor.c
