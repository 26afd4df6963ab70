# SPDX-License-Identifier: MIT
# Unit tests of memory, domains, dispatcher and the default-deny tables: the real files, compiled
# once, on a simulated machine (tests/unit/sim/machine.h).
MACHINE_SRC := tests/unit/sim/machine.c \
	hypervisor/mm/frames.c hypervisor/mm/heap.c hypervisor/mm/npt.c hypervisor/mm/tlb.c hypervisor/domain/gcopy.c \
	hypervisor/virt/svm/svm.c hypervisor/virt/svm/exit.c hypervisor/virt/cpuid.c hypervisor/virt/msr.c hypervisor/virt/pio.c hypervisor/virt/vlapic.c \
	hypervisor/domain/domain.c hypervisor/domain/vcpu.c hypervisor/domain/sched.c hypervisor/calls/hypercall.c hypervisor/domain/memory.c hypervisor/calls/hvm_op.c hypervisor/launch/build.c \
	 hypervisor/launch/builder.c hypervisor/ipc/event.c hypervisor/ipc/event_ops.c hypervisor/ipc/grant.c hypervisor/ipc/grant_map.c hypervisor/ipc/grant_ops.c hypervisor/calls/info.c hypervisor/calls/sysctl.c hypervisor/calls/domctl.c \
	 hypervisor/calls/console_op.c hypervisor/launch/policy.c hypervisor/launch/launchlog.c hypervisor/base/format.c hypervisor/cpu/locks.c hypervisor/base/lib.c hypervisor/diag/trace.c \
	hypervisor/cpu/percpu.c measured-boot/shared/sha2.c xsm/monitor/monitor.c xsm/monitor/floor.c
MACHINE_OBJ := $(MACHINE_SRC:%.c=$(B)/tests/machine/%.o)
MACHINE     := $(B)/tests/machine/machine.a
-include $(MACHINE_OBJ:.o=.d)

$(B)/tests/machine/%.o: %.c
	@mkdir -p $(@D)
	$(HOSTCC) $(SANFLAGS) -Itests/unit -MMD -MP -c $< -o $@
$(MACHINE): $(MACHINE_OBJ)
	@rm -f $@
	ar rcs $@ $^

UNIT += frames npt gcopy
UNIT_SRC_frames = tests/unit/mm/frames.c $(MACHINE)
UNIT_SRC_npt    = tests/unit/mm/npt.c $(MACHINE)
UNIT_SRC_gcopy  = tests/unit/domain/gcopy.c $(MACHINE)

WORLD := tests/unit/sim/world.c $(MACHINE)
UNIT += lifecycle
UNIT_SRC_lifecycle = tests/unit/domain/lifecycle.c tests/unit/xsm/xsm_fixture.c $(WORLD)
$(B)/tests/unit/lifecycle: tests/unit/domain/lifecycle.def | $(B)/policy/cloud.bin

UNIT += tlb
UNIT_SRC_tlb = tests/unit/mm/tlb.c $(WORLD)
$(B)/tests/unit/tlb: | $(B)/policy/cloud.bin

# For tests/system/mutants.
mutant-flags: $(MACHINE) $(B)/policy/cloud.bin
	@echo $(HOSTCC) $(filter-out -O1 -g -Werror -f%,$(SANFLAGS)) -O0 -Itests/unit
.PHONY: mutant-flags

UNIT += vlapic cpuid_msr
UNIT_SRC_vlapic    = tests/unit/virt/vlapic.c $(WORLD)
UNIT_SRC_cpuid_msr = tests/unit/virt/cpuid_msr.c $(WORLD)
$(B)/tests/unit/vlapic $(B)/tests/unit/cpuid_msr: | $(B)/policy/cloud.bin

UNIT += builds domains
UNIT_SRC_builds  = tests/unit/launch/builds.c $(WORLD)
UNIT_SRC_domains = tests/unit/domain/domains.c $(WORLD)
$(B)/tests/unit/builds $(B)/tests/unit/domains: | $(B)/policy/cloud.bin
