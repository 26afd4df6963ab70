/* SPDX-License-Identifier: MIT */
/*
 * Entry of the direct loader (direct.h): QEMU's -kernel starts it by multiboot 1 in 32-bit mode.  It
 * switches to long mode with the first 4 GiB mapped one to one, lets main.c write the multiboot 2
 * information and enters the hypervisor as GRUB does on EFI.
 */
#define MB1_MAGIC 0x1BADB002
#define MB1_FLAGS 3 /* modules on page boundaries, memory map wanted */
#define MB2_LOADED 0x36D76289

#define CS64      0x08
#define DS64      0x10
#define CR0_PE    (1 << 0)
#define CR0_WP    (1 << 16)
#define CR0_PG    (1 << 31)
#define CR4_PAE   (1 << 5)
#define MSR_EFER  0xC0000080
#define EFER_LME  (1 << 8)

	.section .head, "ax"
	.balign 8
	.long MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)

	.code32
	.globl direct_entry
direct_entry:
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

	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	$(CR0_PG | CR0_WP | CR0_PE | 0x30), %eax /* 0x30: ET, NE */
	movl	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$CS64, $long_mode

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
	movl	$DS64, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$stack_top, %esp
	movl	%ebp, %edi
	movl	%esi, %esi
	call	direct_main
	movl	%eax, %ebx
	movl	$MB2_LOADED, %eax
	movl	$hypervisor_entry, %ecx /* from the linker's command line */
	jmp	*%rcx

	.section .rodata
no_long_mode_text:
	.asciz "(direct) this CPU has no long mode\r\n"
	.balign 8
gdt:
	.quad 0
	.quad 0x00AF9B000000FFFF /* 64-bit code */
	.quad 0x00CF93000000FFFF /* data */
gdt_pointer:
	.short gdt_pointer - gdt - 1
	.quad gdt

	.data
	.balign 4096
pml4:
	.quad pdpt + 3
	.fill 511, 8, 0
pdpt:
	.quad pd + 3, pd + 0x1003, pd + 0x2003, pd + 0x3003
	.fill 508, 8, 0
pd:
	.set i, 0
	.rept 2048
	.quad (i << 21) + 0x83
	.set i, i + 1
	.endr

	.bss
	.balign 16
	.fill 16384
stack_top:
	.section .note.GNU-stack, "", @progbits
