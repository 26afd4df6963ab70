/* SPDX-License-Identifier: MIT */
/* Exceptions and interrupts in the hypervisor (trap.h).  Takes no lock but through
 * printk() and device_interrupt(). */
#include "cpu/trap.h"
#include "base/lib.h"
#include "diag/panic.h"
#include "cpu/asm.h"
#include "cpu/lapic.h"
#include "cpu/percpu.h"
#include "cpu/time.h"
#include "cpu/upcalls.h"

#define FIRST_INTERRUPT 32

static void print_registers(const struct trap_frame *f)
{
	printk("rip %lx cs %lx rflags %lx rsp %lx ss %lx", f->rip, f->cs, f->rflags, f->rsp, f->ss);
	printk("rax %lx rbx %lx rcx %lx rdx %lx", f->rax, f->rbx, f->rcx, f->rdx);
	printk("rsi %lx rdi %lx rbp %lx r8 %lx", f->rsi, f->rdi, f->rbp, f->r8);
	printk("r9 %lx r10 %lx r11 %lx r12 %lx", f->r9, f->r10, f->r11, f->r12);
	printk("r13 %lx r14 %lx r15 %lx", f->r13, f->r14, f->r15);
	printk("cr0 %lx cr2 %lx cr3 %lx cr4 %lx", read_cr0(), read_cr2(), read_cr3(), read_cr4());
}

static __attribute__((noreturn)) void trap_fatal(const struct trap_frame *frame)
{
	panic_begin();
	printk("trap %lu at %lx on cpu %u, error code %lx", frame->vector, frame->rip,
	       this_cpu()->id, frame->error);
	print_registers(frame);
	panic_end(frame->rsp);
}

void trap_handle(const struct trap_frame *frame)
{
	if (frame->vector < FIRST_INTERRUPT) {
		trap_fatal(frame);
	}
	if (frame->vector == VECTOR_SPURIOUS) {
		return; /* not in service: no EOI (APM vol. 2 section 16.4.7) */
	}
	if (frame->vector == VECTOR_TIMER) {
		this_cpu()->need_resched = true;
	} else if (!device_interrupt((unsigned)frame->vector)) {
		printk("warning: unexpected interrupt, vector %lu", frame->vector);
	}
	lapic_eoi();
}
