/* SPDX-License-Identifier: MIT */
/*
 * Where the CPU arrives on exceptions and interrupts: one 16-byte stub per vector, then the registers
 * are saved as struct trap_frame (cpu/trap.h).
 */
	.text
	.balign 16
	.globl trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	/* Vectors that push an error code, APM vol. 2 table 8-1: 8, 10-14, 17, 21, 29, 30. */
	.if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
	pushq	$0
	.endif
	pushq	$vector
	jmp	trap_common
	.set vector, vector + 1
	.endr

	.balign 16
trap_common:
	.irp	register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	pushq	%\register
	.endr
	cld
	movq	%rsp, %rdi
	movq	%rsp, %rbp
	andq	$-16, %rsp
	call	trap_handle
	movq	%rbp, %rsp
	.irp	register, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
	popq	%\register
	.endr
	addq	$16, %rsp
	iretq
	.section .note.GNU-stack, "", @progbits
