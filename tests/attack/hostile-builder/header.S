/* SPDX-License-Identifier: MIT */
/* struct corbel_builder_header (abi/corbel.h) of the hostile builder. */
	.section .builder_header, "a"
	.quad 0x3162726f43756c42
	.long builder_entry
	.long builder_size
	.long builder_memory
	.long 1
	.section .note.GNU-stack, "", @progbits
