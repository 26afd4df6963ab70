/* SPDX-License-Identifier: MIT */
/*
 * Test kernels: PVH entry in 32-bit mode to C in 64-bit mode, trap entries, the way to CPL 3 and
 * back, and a trip through 32-bit, 16-bit protected and real mode.  Identity map of the first 4 GiB
 * (user-accessible, so that tests at CPL 3 need no tables of their own), plus one window of 4 KiB
 * pages at 4 GiB (lib/cpu.h).
 */
	.section .note.Xen, "a", @note
	.long 4, 8, 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad start32

	.text
	.code32
	.global start32
start32:
	movl %eax, %ebp			/* EAX is not ours to lose: the tests look at it */
	rdtsc
	movl %eax, first_tsc
	movl %edx, first_tsc + 4
	movl %ebx, start_info_address
	movl %cr0, %eax
	movl %eax, entry_cr0
	movl %cr4, %eax
	movl %eax, entry_cr4
	movl $boot_stack_end, %esp
	pushfl
	popl entry_flags
	cld

	movl $page_pdpt + 7, page_pml4
	movl $page_pd + 7, %eax
	movl $page_pdpt, %edi
	movl $4, %ecx
1:	movl %eax, (%edi)
	addl $4096, %eax
	addl $8, %edi
	loop 1b
	movl $page_window_pd + 7, (%edi)
	movl $page_window_pt + 7, page_window_pd
	movl $0xe7, %eax		/* present, write, user, accessed, dirty, 2 MiB */
	movl $page_pd, %edi
	movl $2048, %ecx
1:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 1b

	movl %cr4, %eax
	orl $0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	movl %eax, %cr4
	movl $page_pml4, %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x900, %eax		/* LME, NXE */
	wrmsr
	movl %cr0, %eax
	orl $0x80010003, %eax		/* PG, WP, MP, PE */
	movl %eax, %cr0
	lgdt gdt_pointer
	ljmp $0x18, $start64

	.code64
start64:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movq $boot_stack_end, %rsp
	xorl %ebp, %ebp
	call guest_main
1:	cli
	hlt
	jmp 1b

/* Trap entries: 16 bytes each, so that entry = trap_entries + 16 * vector. */
	.balign 16
	.global trap_entries
trap_entries:
	vector = 0
	.rept 256
	.balign 16
	.if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || \
	    vector == 29 || vector == 30
	.else
	pushq $0
	.endif
	pushq $vector
	jmp trap_common
	vector = vector + 1
	.endr

trap_common:
	cld
	.irp reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	pushq %\reg
	.endr
	movq %rsp, %rdi
	movq %rsp, %rbp
	andq $-16, %rsp
	call trap_handle
	movq %rbp, %rsp
	.irp reg, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
	popq %\reg
	.endr
	addq $16, %rsp
	iretq

/* void user_enter(void (*entry)(void), void *stack): runs entry at CPL 3 until its first trap,
 * which trap_handle() turns into a return from here (see user_return). */
	.global user_enter, user_return
user_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushfq
	movq %rsp, user_kernel_stack
	pushq $0x23
	pushq %rsi
	pushq $0x2
	pushq $0x2b
	pushq %rdi
	iretq
user_return:
	movq user_kernel_stack, %rsp
	popfq
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

/* void compat_enter(void (*code32)(void)): calls 32-bit code in compatibility mode. */
	.global compat_enter
compat_enter:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, compat_stack
	movl %edi, %ebx
	pushq $0x08
	pushq $1f
	lretq
	.code32
1:	movl $low_stack_end, %esp
	call *%ebx
	ljmp $0x18, $2f
	.code64
2:	movq compat_stack, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret

/* The trip: copied to 0x8000 and called there by compat_enter (32-bit code).  Leaves paging, visits
 * 16-bit protected mode and real mode with one CPUID and one IN each, comes back.  Results at
 * 0x9000: u32 marks.  Interrupts stay off; PAE and LME stay on. */
	.global trip_start, trip_end
	.code32
#define TRIP(label) ((label) - trip_start + 0x8000)
trip_start:
	pushl %ebp
	movl %cr0, %eax
	pushl %eax
	andl $0x7fffffff, %eax
	movl %eax, %cr0			/* paging off: 32-bit flat */
	movl $0x40000000, %eax
	cpuid
	movl %ebx, 0x9000
	movl %esp, 0x9020
	ljmp $0x40, $TRIP(1f)
	.code16
1:	movw $0x48, %ax
	movw %ax, %ds
	movw %ax, %ss
	movl $0x40000000, %eax
	cpuid
	movl %ecx, 0x9004
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	ljmp $0, $TRIP(2f)
2:	xorw %ax, %ax			/* real mode */
	movw %ax, %ds
	movw %ax, %ss
	movw $0x7ff0, %sp
	call 3f
	movl $0x40000000, %eax
	cpuid
	movl %edx, 0x9008
	movw $0x42, %dx
	inb %dx, %al
	movzbl %al, %eax
	movl %eax, 0x900c
	movl %cr0, %eax
	orb $1, %al
	movl %eax, %cr0
	ljmpl $0x08, $TRIP(4f)
3:	movl $0x4c414552, 0x9010	/* "REAL": a call and a return on the 16-bit stack */
	ret
	.code32
4:	movw $0x10, %ax
	movw %ax, %ds
	movw %ax, %ss
	movl 0x9020, %esp
	popl %eax
	movl %eax, %cr0
	popl %ebp
	ret
trip_end:

/* Application processor: real mode at 0xA000 after SIPI with vector 0x0A.  Leaves a mark, one exit,
 * then halts for ever; 0x9100 is what the boot processor watches. */
	.global ap_start, ap_end
	.code16
ap_start:
	cli
	xorw %ax, %ax
	movw %ax, %ds
	movl $0x40000000, %eax
	cpuid
	movl %eax, 0x9104
	movl $0x41505550, 0x9100
1:	hlt
	jmp 1b
ap_end:
	.code64

	.data
	.balign 16
gdt:
	.quad 0
	.quad 0x00cf9b000000ffff	/* 08 32-bit code */
	.quad 0x00cf93000000ffff	/* 10 data */
	.quad 0x00af9b000000ffff	/* 18 64-bit code */
	.quad 0x00cff3000000ffff	/* 20 user data */
	.quad 0x00affb000000ffff	/* 28 user 64-bit code */
	.global gdt_tss
gdt_tss:
	.quad 0, 0			/* 30 TSS, filled in C */
	.quad 0x00009b000000ffff	/* 40 16-bit code */
	.quad 0x000093000000ffff	/* 48 16-bit data */
gdt_pointer:
	.word . - gdt - 1
	.quad gdt

	.global first_tsc, start_info_address, entry_cr0, entry_cr4, entry_flags
	.balign 8
first_tsc:		.quad 0
start_info_address:	.long 0
entry_cr0:		.long 0
entry_cr4:		.long 0
entry_flags:		.long 0

	.bss
	.balign 4096
	.global page_pml4, page_pd, page_window_pt, page_window_pd
page_pml4:	.skip 4096
page_pdpt:	.skip 4096
page_pd:	.skip 4 * 4096
page_window_pd:	.skip 4096
page_window_pt:	.skip 4096
	.skip 32768
boot_stack_end:
	.skip 4096
low_stack_end:
	.global user_kernel_stack
user_kernel_stack: .skip 8
compat_stack:	.skip 8

	.section .note.GNU-stack, "", @progbits
