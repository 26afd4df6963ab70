# SPDX-License-Identifier: MIT
# Unit tests of event channels and grant tables.

UNIT += event grant
UNIT_SRC_event := tests/unit/event.c tests/unit/fake_core.c hypervisor/core/event.c \
		  hypervisor/core/event_ops.c hypervisor/core/locks.c

UNIT_SRC_grant := tests/unit/grant.c tests/unit/fake_core.c hypervisor/core/grant.c \
		  hypervisor/core/grant_map.c hypervisor/core/grant_ops.c hypervisor/core/locks.c

$(B)/tests/unit/event $(B)/tests/unit/grant: tests/unit/fake_core.h \
	$(wildcard hypervisor/core/*.h hypervisor/mm/*.h)
