# SPDX-License-Identifier: MIT
# Unit tests of event channels and grant tables: the rules, and random operations against a model.

EVENT_TEST_SRC := tests/unit/event_calls.c tests/unit/fake_core.c hypervisor/core/event.c \
		  hypervisor/core/event_ops.c hypervisor/core/locks.c
GRANT_TEST_SRC := tests/unit/grant_calls.c tests/unit/fake_core.c hypervisor/core/grant.c \
		  hypervisor/core/grant_map.c hypervisor/core/grant_ops.c hypervisor/core/locks.c

UNIT += event event_random grant grant_random
UNIT_SRC_event        := tests/unit/event.c $(EVENT_TEST_SRC)
UNIT_SRC_event_random := tests/unit/event_random.c $(EVENT_TEST_SRC)
UNIT_SRC_grant        := tests/unit/grant.c $(GRANT_TEST_SRC)
UNIT_SRC_grant_random := tests/unit/grant_random.c $(GRANT_TEST_SRC)

$(patsubst %,$(B)/tests/unit/%,event event_random grant grant_random): tests/unit/fake_core.h \
	tests/unit/event_calls.h tests/unit/grant_calls.h \
	$(wildcard hypervisor/core/*.h hypervisor/mm/*.h)
