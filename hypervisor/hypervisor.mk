# SPDX-License-Identifier: MIT
# The hypervisor's own files, floor by floor from the bottom (docs/ARCHITECTURE.md, tools/lint/floors.txt).
# head.S holds the multiboot headers, which the linker script puts first.

HV_SRC += $(addprefix hypervisor/base/, lib.c format.c host.c)
HV_SRC += $(addprefix hypervisor/cpu/, cpu.c percpu.c locks.c desc.c trap.c entry.S lapic.c clock.c time.c)
HV_SRC += $(addprefix hypervisor/diag/, uart.c console.c trace.c panic.c)
HV_SRC += $(addprefix hypervisor/mm/, hpt.c frames.c heap.c slots.c zero.c npt.c tlb.c iommu.c)
HV_SRC += $(addprefix hypervisor/virt/, cpuid.c msr.c pio.c vlapic.c)
HV_SRC += $(addprefix hypervisor/virt/svm/, svm.c exit.c entry.S)
HV_SRC += $(addprefix hypervisor/domain/, domain.c vcpu.c sched.c memory.c gcopy.c)
HV_SRC += $(addprefix hypervisor/gate/, gate.c policy.c answer.c)
HV_SRC += $(addprefix hypervisor/ipc/, event.c event_ops.c grant.c grant_map.c grant_ops.c pirq.c)
HV_SRC += $(addprefix hypervisor/launch/, life.c devices.c build.c builder.c policy.c policy_review.c launchlog.c)
HV_SRC += $(addprefix hypervisor/device/, pci.c function.c space.c msi.c)
HV_SRC += $(addprefix hypervisor/calls/, hypercall.c memory_op.c vcpu_op.c sched_op.c hvm_op.c info.c sysctl.c domctl.c \
	console_op.c)
HV_SRC += $(addprefix hypervisor/boot/, head.S main.c multiboot.c memmap.c options.c efi.c host.c loop.c)
