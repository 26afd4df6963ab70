# SPDX-License-Identifier: MIT
# Unit tests of event channels and grant tables: the rules, and random operations against a model.

EVENT_TEST_SRC := tests/unit/ipc/event_calls.c tests/unit/sim/fake_core.c hypervisor/ipc/event.c \
		  hypervisor/ipc/event_ops.c hypervisor/cpu/locks.c
GRANT_TEST_SRC := tests/unit/ipc/grant_calls.c tests/unit/sim/fake_core.c hypervisor/ipc/grant.c \
		  hypervisor/ipc/grant_map.c hypervisor/ipc/grant_ops.c hypervisor/cpu/locks.c

UNIT += event event_random grant grant_random
UNIT_SRC_event        := tests/unit/ipc/event.c $(EVENT_TEST_SRC)
UNIT_SRC_event_random := tests/unit/ipc/event_random.c $(EVENT_TEST_SRC)
UNIT_SRC_grant        := tests/unit/ipc/grant.c $(GRANT_TEST_SRC)
UNIT_SRC_grant_random := tests/unit/ipc/grant_random.c $(GRANT_TEST_SRC)

$(patsubst %,$(B)/tests/unit/%,event event_random grant grant_random): tests/unit/sim/fake_core.h \
	tests/unit/ipc/event_calls.h tests/unit/ipc/grant_calls.h \
	$(wildcard hypervisor/*/*.h)
