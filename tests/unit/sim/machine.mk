# SPDX-License-Identifier: MIT
# Unit tests of memory, domains, dispatcher and the default-deny tables: the real files, compiled
# once, on a simulated machine (tests/unit/sim/machine.h).
MACHINE_ROOMS := $(addprefix hypervisor/, mm/% virt/% domain/% gate/% ipc/% launch/% calls/% \
	device/%)
MACHINE_SRC := tests/unit/sim/machine.c tests/unit/sim/fake_iommu.c tests/unit/sim/fake_pci.c \
	$(filter-out %.S %/hpt.c %/slots.c %/pci.c, $(filter $(MACHINE_ROOMS), $(HV_SRC))) \
	$(addprefix hypervisor/, base/format.c base/lib.c base/host.c cpu/locks.c cpu/percpu.c diag/trace.c) \
	measured-boot/shared/sha2.c xsm/monitor/monitor.c xsm/monitor/floor.c
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
	@echo $(UNIT_SRC_masters) $(UNIT_LIBS_masters)
.PHONY: mutant-flags

UNIT += vlapic cpuid_msr svm
UNIT_SRC_svm       = tests/unit/virt/svm.c $(WORLD)
UNIT_SRC_vlapic    = tests/unit/virt/vlapic.c $(WORLD)
UNIT_SRC_cpuid_msr = tests/unit/virt/cpuid_msr.c $(WORLD)
$(B)/tests/unit/vlapic $(B)/tests/unit/cpuid_msr $(B)/tests/unit/svm: | $(B)/policy/cloud.bin

UNIT += builds domains
UNIT_SRC_builds  = tests/unit/launch/builds.c $(WORLD)
UNIT_SRC_domains = tests/unit/domain/domains.c $(WORLD)
$(B)/tests/unit/builds $(B)/tests/unit/domains: | $(B)/policy/cloud.bin

UNIT += sched
UNIT_SRC_sched = tests/unit/domain/sched.c $(WORLD)
$(B)/tests/unit/sched: | $(B)/policy/cloud.bin
