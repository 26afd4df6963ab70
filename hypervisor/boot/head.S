/* SPDX-License-Identifier: MIT */
/*
 * The way in: multiboot2 with the EFI amd64 entry, 64-bit, on the loader's page tables, with boot
 * services alive; the direct loader of the tests (tools/direct) comes the same way without them.
 * hv_main(magic, address of the boot information) runs on the boot CPU's stack.  Also here: the boot
 * page tables, identity for the first 4 GiB, in use until hpt_init() loads the final ones.
 */
#define MB2_MAGIC 0xE85250D6

#define BOOT_STACK_TOP (4096 + 32768) /* struct cpu_stack: guard page, stack */

	.section .head, "ax"
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

	/* The ELF entry, where a loader on a BIOS goes: 32 bit, paging off. */
	.code32
	.globl bios_entry
bios_entry:
	cld
	movl	$bios_text, %esi
	movw	$0x3F8, %dx
1:	lodsb
	testb	%al, %al
	jz	2f
	outb	%al, %dx
	jmp	1b
2:	hlt
	jmp	2b

	.code64
efi_entry:
	cld
	movq	%rsp, firmware_stack(%rip)
	movl	%eax, %edi
	movl	%ebx, %esi
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
bios_text:
	.asciz "(corbel) cannot start: started by multiboot2 without EFI boot services: boot through UEFI\r\n"

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
