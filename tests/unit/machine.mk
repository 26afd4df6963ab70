# SPDX-License-Identifier: MIT
# Unit tests of memory, domains, dispatcher and the default-deny tables: the real files, compiled
# once, on a simulated machine (tests/unit/machine.h).
MACHINE_SRC := tests/unit/machine.c \
	$(addprefix hypervisor/mm/, frames.c heap.c npt.c tlb.c gcopy.c) \
	$(addprefix hypervisor/virt/, svm.c svm_exit.c cpuid.c msr.c pio.c vlapic.c) \
	$(addprefix hypervisor/core/, domain.c vcpu.c sched.c hypercall.c memory.c hvm.c build.c \
	builder.c event.c event_ops.c grant.c grant_map.c grant_ops.c info.c sysctl.c domctl.c \
	console_op.c policy.c launchlog.c format.c locks.c lib.c trace.c) \
	hypervisor/cpu/percpu.c measured-boot/sha2.c xsm/monitor/monitor.c xsm/monitor/floor.c
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
UNIT_SRC_frames = tests/unit/frames.c $(MACHINE)
UNIT_SRC_npt    = tests/unit/npt.c $(MACHINE)
UNIT_SRC_gcopy  = tests/unit/gcopy.c $(MACHINE)

WORLD := tests/unit/world.c $(MACHINE)
UNIT += lifecycle
UNIT_SRC_lifecycle = tests/unit/lifecycle.c tests/unit/xsm_fixture.c $(WORLD)
$(B)/tests/unit/lifecycle: tests/unit/lifecycle.def | $(B)/policy/cloud.bin

UNIT += tlb
UNIT_SRC_tlb = tests/unit/tlb.c $(WORLD)
$(B)/tests/unit/tlb: | $(B)/policy/cloud.bin

# For tests/system/mutants.
mutant-flags: $(MACHINE) $(B)/policy/cloud.bin
	@echo $(HOSTCC) $(filter-out -O1 -g -Werror -f%,$(SANFLAGS)) -O0 -Itests/unit
.PHONY: mutant-flags

UNIT += vlapic cpuid_msr
UNIT_SRC_vlapic    = tests/unit/vlapic.c $(WORLD)
UNIT_SRC_cpuid_msr = tests/unit/cpuid_msr.c $(WORLD)
$(B)/tests/unit/vlapic $(B)/tests/unit/cpuid_msr: | $(B)/policy/cloud.bin

UNIT += builds domains
UNIT_SRC_builds  = tests/unit/builds.c $(WORLD)
UNIT_SRC_domains = tests/unit/domains.c $(WORLD)
$(B)/tests/unit/builds $(B)/tests/unit/domains: | $(B)/policy/cloud.bin
