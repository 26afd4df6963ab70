/* SPDX-License-Identifier: MIT */
/*
 * void svm_enter(struct vcpu_regs *regs, uint64_t guest_vmcb, uint64_t host_vmcb)
 *
 * One guest run.  Interrupts are off on entry and exit.  With GIF clear, IF is set before VMRUN so
 * that V_INTR_MASKING lets a physical interrupt end the run whatever the guest's IF says (APM vol. 2
 * 15.21.1); the NOP ends STI's shadow, which would else reach into the guest.  The interrupt is taken
 * between STGI and CLI, with the host's FS, GS and TR loaded again.
 */
	.text
	.globl svm_enter
	.type svm_enter, @function
svm_enter:
	.irp register, rbp, rbx, r12, r13, r14, r15, rdx, rdi
	push %\register
	.endr
	mov %rsi, %rax
	clgi
	vmload %rax
	/* As struct vcpu_regs has them. */
	.set at, 0
	.irp register, rbx, rcx, rdx, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rdi
	mov at(%rdi), %\register
	.set at, at + 8
	.endr
	sti
	nop
	vmrun %rax
	vmsave %rax
	/* RSP and RAX are the host's again; every other general register is the guest's. */
	xchg %rdi, (%rsp)
	.set at, 0
	.irp register, rbx, rcx, rdx, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	mov %\register, at(%rdi)
	.set at, at + 8
	.endr
	pop %rax
	mov %rax, at(%rdi)
	pop %rax
	vmload %rax
	/* No guest value is left for speculation to use. */
	.irp register, ecx, edx, esi, r8d, r9d, r10d, r11d
	xor %\register, %\register
	.endr
	.irp register, r15, r14, r13, r12, rbx, rbp
	pop %\register
	.endr
	/* What the guest left on the CPU's return stack must not steer a RET of ours: 32 entries that
	 * lead nowhere, before the first one and before an interrupt is taken. */
	.rept 32
	call 1f
	int3
1:
	.endr
	add $32 * 8, %rsp
	stgi
	nop
	cli
	ret
	.size svm_enter, . - svm_enter
	.section .note.GNU-stack, "", @progbits
