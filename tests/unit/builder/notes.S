/* SPDX-License-Identifier: MIT */
/* A kernel that halts; its PVH note follows another note, whose value of 4 bytes needs padding if
 * notes are aligned to 8. */
	.text
	.globl start
start:	hlt
	jmp start

	.section .note.first, "a", @note
	.balign ALIGN
	.long 4, 4, 6
	.asciz "Xen"
	.long 0x12345678
	.balign ALIGN
	.long 4, 8, 18
	.asciz "Xen"
	.quad start
	.balign ALIGN

	.section .note.GNU-stack, "", @progbits
