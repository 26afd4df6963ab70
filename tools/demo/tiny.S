/* SPDX-License-Identifier: MIT */
/*
 * The smallest PVH guest: an ELF file with the entry note and one instruction that matters.  The
 * demo has it built to show that the next build works; it asks the hypervisor for nothing.
 */
#include <xen/elfnote.h>

	.section .note.pvh, "a", @note
	.align 4
	.long 2f - 1f
	.long 4
	.long XEN_ELFNOTE_PHYS32_ENTRY
1:	.asciz "Xen"
2:	.align 4
	.long _start

	.text
	.code32
	.globl _start
_start:
	cli
1:	hlt
	jmp 1b
	.section .note.GNU-stack, "", @progbits
