/* SPDX-License-Identifier: MIT */
/*
 * The two ways in: multiboot1 (32-bit, paging off, unmeasured; QEMU's -kernel) and multiboot2 with
 * the EFI amd64 entry (64-bit, firmware's page tables, boot services alive).  Both end in
 * hv_main(magic, address of the boot information) on the boot CPU's stack.  Also here: the boot page
 * tables, identity for the first 4 GiB, in use until hpt_init() loads the final ones.
 */
#define MB1_MAGIC 0x1BADB002
#define MB1_FLAGS 3 /* modules on page boundaries, memory map wanted */
#define MB2_MAGIC 0xE85250D6

#define BOOT_CS   0x08
#define BOOT_DS   0x10
#define BOOT_STACK_TOP (4096 + 32768) /* struct cpu_stack: guard page, stack */

#define CR0_PE    (1 << 0)
#define CR0_WP    (1 << 16)
#define CR0_PG    (1 << 31)
#define CR4_PAE   (1 << 5)
#define MSR_EFER  0xC0000080
#define EFER_LME  (1 << 8)

	.section .head, "ax"
	.balign 8
	.long MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)

	.balign 8
mb2_header:
	.long MB2_MAGIC, 0, mb2_header_end - mb2_header
	.long -(MB2_MAGIC + (mb2_header_end - mb2_header))
	/* information request: command line, modules, EFI system table, EFI image handle */
	.balign 8
	.short 1, 0
	.long 8 + 4 * 4
	.long 1, 3, 12, 20
	/* modules on page boundaries */
	.balign 8
	.short 6, 0
	.long 8
	/* do not leave EFI boot services */
	.balign 8
	.short 7, 0
	.long 8
	/* EFI amd64 entry address */
	.balign 8
	.short 9, 0
	.long 12
	.long efi_entry
	.balign 8
	.short 0, 0
	.long 8
mb2_header_end:

	.code32
	.globl multiboot1_entry
multiboot1_entry:
	cli
	cld
	movl	%eax, %ebp
	movl	%ebx, %esi
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	btl	$29, %edx
	jnc	no_long_mode

	movl	$boot_pml4, %eax
	movl	%eax, %cr3
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	$(CR0_PG | CR0_WP | CR0_PE | 0x30), %eax /* 0x30: ET, NE */
	movl	%eax, %cr0
	lgdt	boot_gdt_pointer
	ljmp	$BOOT_CS, $long_mode

no_long_mode:
	movl	$no_long_mode_text, %esi
	movw	$0x3F8, %dx
1:	lodsb
	testb	%al, %al
	jz	2f
	outb	%al, %dx
	jmp	1b
2:	hlt
	jmp	2b

	.code64
long_mode:
	movl	$BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%ebp, %edi
	movl	%esi, %esi
	jmp	enter_main

efi_entry:
	cld
	movq	%rsp, firmware_stack(%rip)
	movl	%eax, %edi
	movl	%ebx, %esi
enter_main:
	movq	$(cpu_stacks + BOOT_STACK_TOP), %rsp
	xorl	%ebp, %ebp
	call	hv_main
	ud2

/* void firmware_call(void (*function)(void *), void *argument): on the firmware's own stack, which
 * UEFI promises to be large enough for its services; ours is not. */
	.text
	.globl firmware_call
firmware_call:
	pushq	%rbp
	movq	%rsp, %rbp
	movq	firmware_stack(%rip), %rsp
	andq	$-16, %rsp
	movq	%rdi, %rax
	movq	%rsi, %rdi
	call	*%rax
	movq	%rbp, %rsp
	popq	%rbp
	ret

	.section .rodata
no_long_mode_text:
	.asciz "(corbel) this CPU has no long mode\r\n"
	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00AF9B000000FFFF /* 64-bit code */
	.quad 0x00CF93000000FFFF /* data */
boot_gdt_pointer:
	.short boot_gdt_pointer - boot_gdt - 1
	.quad boot_gdt

	.data
	.balign 8
firmware_stack:
	.quad 0
	/* Written by the CPU (accessed and dirty bits), so not in rodata. */
	.balign 4096
	.globl boot_pml4
boot_pml4:
	.quad boot_pdpt + 3
	.fill 511, 8, 0
boot_pdpt:
	.quad boot_pd + 3, boot_pd + 0x1003, boot_pd + 0x2003, boot_pd + 0x3003
	.fill 508, 8, 0
boot_pd:
	.set i, 0
	.rept 2048
	.quad (i << 21) + 0x83
	.set i, i + 1
	.endr
	.section .note.GNU-stack, "", @progbits
