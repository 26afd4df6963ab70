# SPDX-License-Identifier: MIT
# Unit tests of event channels.

UNIT += event
UNIT_SRC_event := tests/unit/event.c tests/unit/fake_core.c hypervisor/core/event.c \
		  hypervisor/core/event_ops.c hypervisor/core/locks.c

$(B)/tests/unit/event: tests/unit/fake_core.h \
	$(wildcard hypervisor/core/*.h hypervisor/mm/*.h)
