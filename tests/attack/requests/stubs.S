/* SPDX-License-Identifier: MIT */
/* Unpackers of hostile bzImages: 32-bit code, loaded at 1 MiB, paging off.  Position-independent. */
	.text
	.code32
	.macro stub name
	.balign 16
	.global stub_\name, stub_\name\()_end
stub_\name:
	movl $0x90000, %esp
	.endm
	.macro end name
stub_\name\()_end:
	.endm
	/* Copies the bytes between two labels of this stub to an address. */
	.macro put from, to, address
	call 77f
77:	popl %esi
	addl $(\from - 77b), %esi
	movl $\address, %edi
	movl $(\to - \from), %ecx
	cld
	rep movsb
	.endm
	.macro leave_for address
	movl $\address, %eax
	jmp *%eax
	.endm

stub hypercall
	movl $17, %eax
	xorl %edi, %edi
	vmmcall
	leave_for 0x1000000
end hypercall

stub halt
	cli
	hlt
	leave_for 0x1000000
end halt

stub halt_on
	sti
	hlt
	leave_for 0x1000000
end halt_on

stub triple
	movl $0, 0x80000
	movl $0, 0x80004
	lidt 0x80000
	int3
end triple

	/* Any place of the trapped block is the end of unpacking; without a note there is no kernel. */
stub past
	leave_for 0x1000b53
end past

	/* 16 MiB seen at 1 GiB. */
stub mapped
	movl $0x83, 0x80000
	movl $0x1000083, 0x80400
	movl $0x80000, %eax
	movl %eax, %cr3
	movl $0x10, %eax		/* CR4.PSE */
	movl %eax, %cr4
	movl %cr0, %eax
	orl $0x80000000, %eax
	movl %eax, %cr0
	leave_for 0x40000000
end mapped

stub user
	movl $0x0000ffff, 0x80018	/* code and data of CPL 3 */
	movl $0x00cffa00, 0x8001c
	movl $0x0000ffff, 0x80020
	movl $0x00cff200, 0x80024
	movw $0x27, 0x80040
	movl $0x80000, 0x80042
	lgdt 0x80040
	pushl $0x23
	pushl $0x90000
	pushl $2
	pushl $0x1b
	pushl $0x1000000
	iret
end user

stub far
	movb $0xf4, 0x1200000		/* HLT */
	leave_for 0x1200000
end far

stub outside
	movl $1, 0x90000000
	leave_for 0x1000000
end outside

stub string
	movl $0x80, %edx
	outsb
	leave_for 0x1000000
end string

stub nothing
	leave_for 0x1000000
end nothing

/* INIT and STARTUP to everybody, then as if nothing had happened: no note follows. */
stub startup
	movl $0x830, %ecx
	xorl %edx, %edx
	movl $0xc4500, %eax
	wrmsr
	movl $0xc460a, %eax
	wrmsr
	leave_for 0x1000000
end startup

stub two_notes
	put 1f, 2f, 0x1000020
	put 1f, 2f, 0x1000100
	leave_for 0x1000000
1:	.long 4, 8, 18, 0x6e6558, 0x1000200, 0
2:
end two_notes

stub far_note
	put 1f, 2f, 0x1000020
	leave_for 0x1000000
1:	.long 4, 8, 18, 0x6e6558, 0x100000, 0
2:
end far_note

stub note_after_window
	put 1f, 2f, 0x1400000
	leave_for 0x1000000
1:	.long 4, 8, 18, 0x6e6558, 0x1000200, 0
2:
end note_after_window

/* The one that behaves: its kernel switches itself off. */
stub good
	put 1f, 2f, 0x1000020
	put 3f, 4f, 0x1000200
	leave_for 0x1000000
1:	.long 4, 8, 18, 0x6e6558, 0x1000200, 0
2:
3:	cli
	hlt
	jmp 3b
4:
end good

	/* The same, but it leaves its unpacker where Linux 6.12 does. */
stub late
	put 1f, 2f, 0x1000020
	put 3f, 4f, 0x1000200
	leave_for 0x1000b53
1:	.long 4, 8, 18, 0x6e6558, 0x1000200, 0
2:
3:	cli
	hlt
	jmp 3b
4:
end late
	.section .note.GNU-stack, "", @progbits
