# SPDX-License-Identifier: MIT
# Memory, domains, hypercalls, virtualisation.
HV_SRC += $(addprefix hypervisor/mm/, frames.c heap.c slots.c npt.c tlb.c gcopy.c) \
	$(addprefix hypervisor/virt/, svm.c svm_exit.c svm_entry.S cpuid.c msr.c pio.c vlapic.c) \
	$(addprefix hypervisor/core/, main.c domain.c vcpu.c sched.c hypercall.c memory.c hvm.c \
	build.c builder.c policy.c launchlog.c)
