# SPDX-License-Identifier: MIT
# Event channels, grant tables and the calls that inform.

HV_SRC += hypervisor/core/event.c hypervisor/core/event_ops.c \
	  hypervisor/core/grant.c hypervisor/core/grant_map.c hypervisor/core/grant_ops.c \
	  hypervisor/core/info.c hypervisor/core/sysctl.c hypervisor/core/domctl.c \
	  hypervisor/core/console_op.c
