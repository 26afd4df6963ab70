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
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	push %rdx
	push %rdi
	mov %rsi, %rax
	clgi
	vmload %rax
	mov 0x00(%rdi), %rbx
	mov 0x08(%rdi), %rcx
	mov 0x10(%rdi), %rdx
	mov 0x18(%rdi), %rsi
	mov 0x28(%rdi), %rbp
	mov 0x30(%rdi), %r8
	mov 0x38(%rdi), %r9
	mov 0x40(%rdi), %r10
	mov 0x48(%rdi), %r11
	mov 0x50(%rdi), %r12
	mov 0x58(%rdi), %r13
	mov 0x60(%rdi), %r14
	mov 0x68(%rdi), %r15
	mov 0x20(%rdi), %rdi
	sti
	nop
	vmrun %rax
	vmsave %rax
	/* RSP and RAX are the host's again; every other general register is the guest's. */
	xchg %rdi, (%rsp)
	mov %rbx, 0x00(%rdi)
	mov %rcx, 0x08(%rdi)
	mov %rdx, 0x10(%rdi)
	mov %rsi, 0x18(%rdi)
	mov %rbp, 0x28(%rdi)
	mov %r8, 0x30(%rdi)
	mov %r9, 0x38(%rdi)
	mov %r10, 0x40(%rdi)
	mov %r11, 0x48(%rdi)
	mov %r12, 0x50(%rdi)
	mov %r13, 0x58(%rdi)
	mov %r14, 0x60(%rdi)
	mov %r15, 0x68(%rdi)
	pop %rax
	mov %rax, 0x20(%rdi)
	pop %rax
	vmload %rax
	/* No guest value is left for speculation to use. */
	xor %ecx, %ecx
	xor %edx, %edx
	xor %esi, %esi
	xor %r8d, %r8d
	xor %r9d, %r9d
	xor %r10d, %r10d
	xor %r11d, %r11d
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	stgi
	nop
	cli
	ret
	.size svm_enter, . - svm_enter
	.section .note.GNU-stack, "", @progbits
