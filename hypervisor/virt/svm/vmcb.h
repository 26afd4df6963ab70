/* SPDX-License-Identifier: MIT */
/* The virtual machine control block (AMD APM vol. 2 appendix B), one page, little endian. */
#ifndef VIRT_SVM_VMCB_H
#define VIRT_SVM_VMCB_H
#include <stddef.h>
#include <stdint.h>
#include "cpu/cpu.h"

struct vmcb_segment {
	uint16_t selector, attributes;
	uint32_t limit;
	uint64_t base;
};

struct vmcb {
	/* control area */
	uint16_t intercept_cr_read, intercept_cr_write, intercept_dr_read, intercept_dr_write;
	uint32_t intercept_exceptions;
	uint32_t intercept_misc1, intercept_misc2, intercept_misc3;
	uint8_t reserved1[0x3c - 0x18];
	uint16_t pause_threshold, pause_count;
	uint64_t iopm_base, msrpm_base, tsc_offset;
	uint32_t asid;
	uint8_t tlb_control, reserved2[3];
	uint64_t v_interrupt;      /* VINTR_* */
	uint64_t interrupt_shadow; /* bit 0 */
	uint64_t exit_code, exit_info1, exit_info2, exit_int_info;
	uint64_t np_enable;
	uint64_t avic_apic_bar, ghcb;
	uint64_t event_injection;
	uint64_t nested_cr3;
	uint64_t lbr_control;
	uint32_t clean, reserved3;
	uint64_t next_rip;
	uint8_t fetched_length, fetched_bytes[15];
	uint8_t reserved4[0x400 - 0xe0];
	/* state save area */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved5[0x4cb - 0x4a0];
	uint8_t cpl;
	uint32_t reserved6;
	uint64_t efer;
	uint8_t reserved7[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t reserved8[0x5d8 - 0x580];
	uint64_t rsp;
	uint8_t reserved9[0x5f8 - 0x5e0];
	uint64_t rax, star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
	uint8_t reserved10[0x668 - 0x648];
	uint64_t g_pat;
	uint8_t reserved11[0x1000 - 0x670];
} __attribute__((packed, aligned(4096)));

#define PIN(field, at) _Static_assert(offsetof(struct vmcb, field) == (at), #field)
PIN(iopm_base, 0x40);
PIN(asid, 0x58);
PIN(v_interrupt, 0x60);
PIN(exit_code, 0x70);
PIN(np_enable, 0x90);
PIN(event_injection, 0xa8);
PIN(nested_cr3, 0xb0);
PIN(next_rip, 0xc8);
PIN(es, 0x400);
PIN(tr, 0x490);
PIN(cpl, 0x4cb);
PIN(efer, 0x4d0);
PIN(cr4, 0x548);
PIN(rip, 0x578);
PIN(rsp, 0x5d8);
PIN(rax, 0x5f8);
PIN(cr2, 0x640);
PIN(g_pat, 0x668);
_Static_assert(sizeof(struct vmcb) == 4096, "one page");

/* v_interrupt */
#define VINTR_IRQ        (1ull << 8)
#define VINTR_IGNORE_TPR (1ull << 20)
#define VINTR_MASKING    (1ull << 24)
/* event_injection, exit_int_info (15.20, 15.7.2) */
#define EVENT_VALID     (1ull << 31)
#define EVENT_ERROR     (1ull << 11)
#define EVENT_EXTERNAL  (0ull << 8)
#define EVENT_EXCEPTION (3ull << 8)
/* exit_code of a VMRUN that failed; QEMU writes 32 bits of the architectural -1 */
#define EXIT_INVALID  0xFFFFFFFFu
#define EXIT_CPUID    0x72
#define EXIT_MSR      0x7C
#define EXIT_VMMCALL  0x81
#define EXIT_NPF      0x400u
#define EXIT_SHUTDOWN 0x7F
/* nested page fault, exit_info1 (15.25.6) */
#define NPF_PRESENT (1ull << 0)
#define NPF_WRITE   (1ull << 1)
#define NPF_FETCH   (1ull << 4)

#define EFER_SCE   (1ull << 0)
#define EFER_FFXSR (1ull << 14)
#define RFLAGS_IF  (1ull << 9)
#endif
