/* SPDX-License-Identifier: MIT */
/* Processor test: x2APIC registers and self-IPI, event upcalls, interrupt shadow, timers, HLT. */
#include "tests/guest/cpu/cpu_tests.h"
#include <xen/sched.h>
#include <xen/vcpu.h>

#define X2_ID    0x802
#define X2_LVR   0x803
#define X2_TPR   0x808
#define X2_EOI   0x80B
#define X2_LDR   0x80D
#define X2_SPIV  0x80F
#define X2_ISR   0x810
#define X2_IRR   0x820
#define X2_ICR   0x830
#define X2_SELF  0x83F
#define VECTOR_A 0xf6
#define VECTOR_B 0x41

static bool in_service;
static uint64_t upcall_rip;

static void on_interrupt(struct trap_frame *frame)
{
	uint64_t value = 0;

	if (frame->vector == CALLBACK_VECTOR) {
		shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
		shared_info->vcpu_info[0].evtchn_pending_sel = 0;
		upcall_rip = frame->rip;
		return;
	}
	msr_read(X2_ISR + (uint32_t)frame->vector / 32, &value);
	in_service = (value >> (frame->vector % 32) & 1) != 0;
	msr_write(X2_EOI, 0);
}

static void check_registers(void)
{
	uint64_t value = 1;

	check_true("APIC_BASE: enabled, x2APIC, boot processor",
		   msr_read(0x1B, &value) && (value & 0xd00) == 0xd00);
	check_true("APIC_BASE: the same value is accepted", msr_write(0x1B, value));
	check_true("APIC_BASE: leaving x2APIC is #GP", !msr_write(0x1B, value & ~0x400ull));
	check_true("APIC_BASE: moving it is #GP", !msr_write(0x1B, value + 0x100000));
	check_true("ID is 0", msr_read(X2_ID, &value) && value == 0);
	check_true("ID is read-only", !msr_write(X2_ID, 5));
	check_true("version", msr_read(X2_LVR, &value) && (value & 0xff) >= 0x10);
	check_true("LDR of id 0", msr_read(X2_LDR, &value) && value == 1);
	check_true("TPR keeps its value",
		   msr_write(X2_TPR, 0x20) && msr_read(X2_TPR, &value) && value == 0x20);
	check_true("TPR above 8 bits harms nothing",
		   (msr_write(X2_TPR, 0x1ff) || true) && msr_write(X2_TPR, 0));
	check_true("SPIV is writable", msr_write(X2_SPIV, 0x1ff));
	check_true("EOI takes only 0", !msr_write(X2_EOI, 1));
	check_true("reserved register is #GP", !msr_read(0x804, &value) && !msr_write(0x8FF, 0));
	check_true("ICR with a vector below 16 harms nothing", msr_write(X2_ICR, 0x40003) || true);
	check_true("ICR to a processor that is not there",
		   msr_write(X2_ICR, 0x12345ull << 32 | VECTOR_A));
}

static void send_self(uint32_t vector)
{
	msr_write(X2_SELF, vector);
}

void check_apic(void)
{
	uint64_t value = 0;

	irq_hook = on_interrupt;
	check_registers();
	send_self(VECTOR_A);
	check_true("self-IPI waits in IRR while IF is 0",
		   irq_count[VECTOR_A] == 0 && msr_read(X2_IRR + VECTOR_A / 32, &value) &&
			   (value >> (VECTOR_A % 32) & 1) != 0);
	irq_enable();
	__asm__ volatile("nop");
	irq_disable();
	check_equal("self-IPI is delivered once", irq_count[VECTOR_A], 1);
	check_true("and was in service", in_service);
	msr_write(X2_ICR, 0x40000 | VECTOR_A); /* shorthand self */
	irq_enable();
	__asm__ volatile("nop");
	irq_disable();
	check_equal("ICR with shorthand self is delivered", irq_count[VECTOR_A], 2);
	msr_write(X2_TPR, 0x50);
	send_self(VECTOR_B);
	irq_enable();
	cpuid(0, 0);
	irq_disable();
	check_equal("TPR holds a lower vector back", irq_count[VECTOR_B], 0);
	irq_enable();
	msr_write(X2_TPR, 0);
	__asm__ volatile("nop");
	irq_disable();
	check_equal("and lets it go when it falls", irq_count[VECTOR_B], 1);
}

/* ---- events ---------------------------------------------------------------------------------- */

static uint32_t upcalls(void)
{
	return irq_count[CALLBACK_VECTOR];
}

static void raise(uint32_t port)
{
	event_pending(port);
	shared_info->vcpu_info[0].evtchn_pending_sel = 0;
	shared_info->vcpu_info[0].evtchn_upcall_pending = 0;
	event_send(port);
}

static void check_upcall(uint32_t port)
{
	uint32_t before = upcalls();

	raise(port);
	check_true("event sets pending, selector and upcall flag",
		   (shared_info->evtchn_pending[port / 64] >> port % 64 & 1) != 0 &&
			   (shared_info->vcpu_info[0].evtchn_pending_sel >> port / 64 & 1) != 0 &&
			   shared_info->vcpu_info[0].evtchn_upcall_pending != 0);
	cpuid(0, 0);
	check_equal("no upcall while IF is 0", upcalls(), before);
	irq_enable();
	__asm__ volatile("nop");
	irq_disable();
	check_equal("one upcall when IF rises", upcalls(), before + 1);
	check_equal("no second upcall for the same event", upcalls(), before + 1);
}

static void check_shadow(uint32_t port)
{
	uint32_t before = upcalls();
	uint64_t after_cpuid;

	raise(port);
	__asm__ volatile("sti; cli" : : : "memory");
	check_equal("STI shadow: STI, CLI lets nothing in", upcalls(), before);
	/* CPUID lies in the shadow and exits: the upcall must come after it, not before. */
	__asm__ volatile("xor %%eax, %%eax\n\tsti\n\tcpuid\n1:\tcli\n\tlea 1b(%%rip), %0"
			 : "=r"(after_cpuid)
			 :
			 : "rax", "rbx", "rcx", "rdx", "memory");
	check_equal("STI shadow holds over an exit: one upcall", upcalls(), before + 1);
	check_equal("and it came right after the instruction", upcall_rip, after_cpuid);
}

static void check_halt(uint32_t port)
{
	uint32_t before = upcalls();

	raise(port);
	__asm__ volatile("sti; hlt; cli" : : : "memory");
	check_equal("STI, HLT with an event pending wakes at once", upcalls(), before + 1);
}

static void check_masked(uint32_t port)
{
	uint32_t before = upcalls();

	event_pending(port);
	shared_info->vcpu_info[0].evtchn_pending_sel = 0;
	shared_info->evtchn_mask[port / 64] |= 1ul << port % 64;
	event_send(port);
	irq_enable();
	cpuid(0, 0);
	irq_disable();
	check_equal("a masked port gives no upcall", upcalls(), before);
	event_unmask(port);
	irq_enable();
	__asm__ volatile("nop");
	irq_disable();
	check_equal("unmask of a pending port does", upcalls(), before + 1);
}

static void check_timer(void)
{
	struct vcpu_set_singleshot_timer shot = {.flags = 0};
	long port = event_virq(VIRQ_TIMER, 0);
	uint64_t start;
	uint32_t before;

	check_true("VIRQ_TIMER binds", port > 0);
	check_equal("a second bind is -EEXIST", (uint64_t)event_virq(VIRQ_TIMER, 0),
		    (uint64_t)-XEN_EEXIST);
	if (port <= 0) {
		return;
	}
	start = now_ns();
	shot.timeout_abs_ns = start + 3000000;
	check_equal("single-shot timer is set",
		    (uint64_t)hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_set_singleshot_timer, 0,
					 (uintptr_t)&shot),
		    0);
	check_true("it fires", event_wait((uint32_t)port, 2000000000ull));
	check_true("not early", now_ns() >= shot.timeout_abs_ns);
	hypercall1(__HYPERVISOR_set_timer_op, now_ns() - 1);
	check_true("set_timer_op in the past fires at once", event_wait((uint32_t)port, 50000000));
	event_unmask((uint32_t)port);
	before = upcalls();
	hypercall1(__HYPERVISOR_set_timer_op, now_ns() + 2000000);
	__asm__ volatile("sti; hlt; cli" : : : "memory");
	check_equal("HLT sleeps until the timer's upcall", upcalls(), before + 1);
	hypercall1(__HYPERVISOR_set_timer_op, now_ns() + 5000000);
	hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_stop_singleshot_timer, 0, 0);
	event_pending((uint32_t)port);
	sleep_ns(20000000);
	check_true("a stopped timer stays silent", !event_pending((uint32_t)port));
	event_close((uint32_t)port);
}

void check_events(void)
{
	long port;

	events_init();
	port = event_ipi(0);
	if (port <= 0) {
		not_ok("bind_ipi", "%ld", port);
		return;
	}
	event_unmask((uint32_t)port);
	check_upcall((uint32_t)port);
	check_shadow((uint32_t)port);
	check_halt((uint32_t)port);
	check_masked((uint32_t)port);
	event_close((uint32_t)port);
	check_true("a closed port is refused", event_send((uint32_t)port) < 0);
	check_timer();
}
