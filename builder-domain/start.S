/* SPDX-License-Identifier: MIT */
/*
 * Entry of the builder image: header, page tables, long mode, first call into C, and VMMCALL.
 * Entered in 32-bit flat protected mode with EBX = struct corbel_builder_start.  Afterwards the low
 * 4 GiB are mapped one to one: text is the only executable memory and not writable, page 0 and the
 * page below the stack are absent, so a null pointer or a stack overflow ends the instance.
 */
#ifdef CORBEL_TEST_BUILD
#define HEADER_FLAGS 1
#else
#define HEADER_FLAGS 0
#endif

#define PRESENT	     1
#define WRITABLE     2
#define LARGE	     0x80
#define NX	     0x8000000000000000
#define NX_HIGH	     0x80000000 /* the same in the upper half of an entry */

#define MSR_EFER     0xC0000080
#define MSR_FS_BASE  0xC0000100
#define GUARD	     0x28 /* of the stack, at %fs: System V ABI as gcc has it */
#define EFER_LME_NXE 0x900
#define CR4_PAE	     0x20
#define CR0_PG_WP    0x80010000
#define STACK_SIZE   0x8000

	.section .header, "ax"
	/* struct corbel_builder_header (abi/corbel.h) */
	.quad 0x3162726f43756c42
	.long header_entry
	.long header_size
	.long header_memory
	.long HEADER_FLAGS
	.quad CORBEL_BUILDER_SVN /* and padding */

	.text
	.code32
	.globl start32
start32:
	cld
	movl $bss_start, %edi
	movl $bss_end, %ecx
	subl %edi, %ecx
	xorl %eax, %eax
	rep stosb

	/* the first 2 MiB, which hold the image, page by page */
	xorl %ecx, %ecx
3:	movl %ecx, %eax
	shll $12, %eax
	movl $NX_HIGH, %edx
	cmpl $text_start, %eax
	jb 5f
	cmpl $read_only_end, %eax
	jae 5f
	orl $PRESENT, %eax
	cmpl $text_end + PRESENT, %eax
	jae 6f
	xorl %edx, %edx
	jmp 6f
5:	orl $PRESENT | WRITABLE, %eax
6:	movl %eax, low_table(, %ecx, 8)
	movl %edx, low_table + 4(, %ecx, 8)
	incl %ecx
	cmpl $512, %ecx
	jb 3b
	movl $0, low_table
	movl $stack_guard, %eax
	shrl $12, %eax
	movl $0, low_table(, %eax, 8)

	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $pml4, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME_NXE, %eax
	wrmsr
	movl %cr0, %eax
	orl $CR0_PG_WP, %eax
	movl %eax, %cr0
	lgdt gdt_pointer
	ljmp $8, $start64

	.code64
start64:
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $stack_top, %esp
	/* the signature library guards its frames */
	rdtsc
	movl %eax, thread + GUARD
	movl %edx, thread + GUARD + 4
	movl $MSR_FS_BASE, %ecx
	movl $thread, %eax
	xorl %edx, %edx
	wrmsr
	movl %ebx, %edi
	xorl %ebp, %ebp
	call builder_main
	ud2

/* long hypercall(unsigned number, uint64_t a, uint64_t b, uint64_t c) */
	.globl hypercall
hypercall:
	movl %edi, %eax
	movq %rsi, %rdi
	movq %rdx, %rsi
	movq %rcx, %rdx
	vmmcall
	ret

	.section .rodata
	.balign 8
gdt:
	.quad 0
	.quad 0x00AF9B000000FFFF /* 64-bit code */
	.quad 0x00CF93000000FFFF /* data */
gdt_pointer:
	.word . - gdt - 1
	.long gdt

	.data
	.balign 4096
pml4:
	.quad pdpt + PRESENT + WRITABLE
	.fill 511, 8, 0
pdpt:
	.set at, 0
	.rept 4
	.quad directory + at + PRESENT + WRITABLE
	.set at, at + 4096
	.endr
	.fill 508, 8, 0
	/* 4 GiB of 2 MiB pages: readable, writable, never executable */
directory:
	.quad low_table + PRESENT + WRITABLE
	.set at, 0x200000
	.rept 2047
	.quad NX | at | PRESENT | WRITABLE | LARGE
	.set at, at + 0x200000
	.endr

	.section .bss
	.balign 4096
low_table:
	.skip 4096
stack_guard:
	.skip 4096
	.skip STACK_SIZE
stack_top:
thread:		.skip GUARD + 8

	.section .note.GNU-stack, "", @progbits
