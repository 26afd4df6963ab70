/* SPDX-License-Identifier: MIT */
/*
 * What a guest's exits mean.  One table; an exit that is not in it ends the domain, never the host.
 * Instruction lengths are the shortest encodings: TCG offers no next-RIP, and a guest that adds
 * prefixes confuses only itself.
 */
#include "virt/svm/svm.h"
#include "diag/trace.h"
#include "cpu/asm.h"
#include "cpu/percpu.h"
#include "cpu/trap.h"

/* Exits 0x40 to 0x5F are exceptions by vector. */
#define EXIT_EXCEPTION 0x40
#define VECTOR_DB      1
#define VECTOR_AC      17

#define IOIO_IN      (1u << 0)
#define IOIO_STRING  (1u << 2)
#define IOIO_REPEAT  (1u << 3)
#define IOIO_SIZE(i) (((i) >> 4) & 7)
#define IOIO_PORT(i) ((uint16_t)((i) >> 16))

/* Not inlined into svm_exit(): each saves what it needs, and no other's. */
#define SEPARATE __attribute__((noinline))

static enum virt_action exit_interrupt(struct virt_vcpu *v)
{
	(void)v; /* taken on the host between STGI and CLI */
	return VIRT_RESUME;
}

static enum virt_action exit_window(struct virt_vcpu *v)
{
	v->kicked = true; /* deliver_pending() clears V_IRQ and the intercept */
	return VIRT_RESUME;
}

static enum virt_action exit_ud(struct virt_vcpu *v)
{
	v->vmcb->event_injection = EVENT_VALID | EVENT_EXCEPTION | 6;
	return VIRT_RESUME;
}

static enum virt_action exit_gp(struct virt_vcpu *v)
{
	v->vmcb->event_injection = EVENT_VALID | EVENT_EXCEPTION | EVENT_ERROR | 13;
	return VIRT_RESUME;
}

static SEPARATE enum virt_action exit_cpuid(struct virt_vcpu *v)
{
	struct cpuid_regs r;

	guest_cpuid(v, (uint32_t)v->vmcb->rax, (uint32_t)v->regs.rcx, &r);
	v->vmcb->rax = r.a;
	v->regs.rbx = r.b;
	v->regs.rcx = r.c;
	v->regs.rdx = r.d;
	virt_skip(v, 2);
	return VIRT_RESUME;
}

static enum virt_action exit_invd(struct virt_vcpu *v)
{
	if (virt_cpl(v)) {
		return exit_gp(v);
	}
	virt_skip(v, 2); /* dropping caches without write-back is not for guests */
	return VIRT_RESUME;
}

static enum virt_action exit_halt(struct virt_vcpu *v)
{
	virt_skip(v, 1);
	return vcpu_halts(v);
}

static enum virt_action exit_port(struct virt_vcpu *v)
{
	struct vmcb *c = v->vmcb;
	uint32_t info = (uint32_t)c->exit_info1;
	unsigned size = IOIO_SIZE(info);

	if (info & (IOIO_STRING | IOIO_REPEAT)) {
		vcpu_crash(v, "string I/O", IOIO_PORT(info));
		return VIRT_STOP;
	}
	if (info & IOIO_IN) {
		/* A 32-bit result clears the upper half of RAX, smaller ones leave the rest. */
		uint64_t mask = size < 4 ? (1ull << 8 * size) - 1 : ~0ull;

		c->rax = (c->rax & ~mask) | (guest_port_in(v, IOIO_PORT(info), size) & mask);
	} else {
		guest_port_out(v, IOIO_PORT(info), size, (uint32_t)c->rax);
	}
	c->rip = c->exit_info2; /* the one exit that tells the next RIP */
	c->interrupt_shadow = 0;
	return VIRT_RESUME;
}

static SEPARATE enum virt_action exit_msr(struct virt_vcpu *v)
{
	struct vmcb *c = v->vmcb;
	uint32_t msr = (uint32_t)v->regs.rcx;
	uint64_t value = (v->regs.rdx << 32) | (uint32_t)c->rax;
	bool write = c->exit_info1;

	if (!(write ? guest_wrmsr(v, msr, value) : guest_rdmsr(v, msr, &value))) {
		return exit_gp(v);
	}
	if (!write) {
		c->rax = (uint32_t)value;
		v->regs.rdx = value >> 32;
	}
	virt_skip(v, 2);
	return VIRT_RESUME;
}

static enum virt_action exit_vmmcall(struct virt_vcpu *v)
{
	if (virt_cpl(v)) {
		return exit_ud(v); /* VMMCALL exits from any privilege level */
	}
	return hypercall_dispatch(v);
}

static enum virt_action exit_nested_fault(struct virt_vcpu *v)
{
	uint64_t info = v->vmcb->exit_info1;
	const struct virt_fault fault = {.gpa = v->vmcb->exit_info2,
					 .present = info & NPF_PRESENT,
					 .fetch = info & NPF_FETCH,
					 .write = info & NPF_WRITE};

	return vcpu_nested_fault(v, &fault);
}

static enum virt_action exit_fatal(struct virt_vcpu *v)
{
	bool shutdown = v->vmcb->exit_code == EXIT_SHUTDOWN;

	vcpu_crash(v, shutdown ? "triple fault" : "task switch", v->vmcb->rip);
	return VIRT_STOP;
}

static enum virt_action exit_invalid(struct virt_vcpu *v)
{
	/* It may have failed before its flush. */
	svm_drop_asids();
	/* INV-SVM-1: the save area may hold the host's RIP, RSP and CR3 now. */
	memset((uint8_t *)v->vmcb + 0x400, 0, PAGE_SIZE - 0x400);
	vcpu_crash(v, "invalid processor state", 0);
	return VIRT_STOP;
}

/* #DB and #AC are taken back and given again: a guest whose delivery of them faults with them for
 * ever would else keep the CPU from every interrupt. */
static enum virt_action exit_exception(struct virt_vcpu *v)
{
	uint64_t vector = v->vmcb->exit_code - EXIT_EXCEPTION;

	if (v->vmcb->exit_int_info & EVENT_VALID) {
		vcpu_crash(v, "exception while one was delivered", v->vmcb->rip);
		return VIRT_STOP;
	}
	v->vmcb->event_injection =
		EVENT_VALID | EVENT_EXCEPTION | vector | (vector == VECTOR_AC ? EVENT_ERROR : 0);
	return VIRT_RESUME;
}

static enum virt_action exit_machine_check(struct virt_vcpu *v)
{
	panic("machine check while domain %u ran", v->domid);
}

/* Only state that the host saves and restores may be switched on. */
static enum virt_action exit_xsetbv(struct virt_vcpu *v)
{
	uint64_t value = v->regs.rdx << 32 | (uint32_t)v->vmcb->rax;

	if (virt_cpl(v) || (uint32_t)v->regs.rcx || !svm_set_xcr0(value)) {
		return exit_gp(v);
	}
	virt_skip(v, 3);
	return VIRT_RESUME;
}

static enum virt_action (*const exits[])(struct virt_vcpu *v) = {
	[EXIT_EXCEPTION + VECTOR_DB] = exit_exception,
	[EXIT_EXCEPTION + VECTOR_AC] = exit_exception,
	[EXIT_EXCEPTION + VECTOR_MC] = exit_machine_check,
	[0x60 ... 0x62] = exit_interrupt, /* INTR, NMI, SMI: the host's, taken by its own handler */
	[0x64] = exit_window,
	[0x6F] = exit_gp, /* RDPMC */
	[0x76] = exit_invd,
	[0x78] = exit_halt,
	[0x7A] = exit_ud, /* INVLPGA */
	[0x7B] = exit_port,
	[0x7D] = exit_fatal, /* task switch */
	[EXIT_SHUTDOWN] = exit_fatal,
	[0x80] = exit_ud,          /* VMRUN */
	[0x82 ... 0x86] = exit_ud, /* VMLOAD VMSAVE STGI CLGI SKINIT */
	[0x89] = exit_invd,        /* WBINVD: flushing everybody's caches is not for guests */
	[0x8A ... 0x8C] = exit_ud, /* MONITOR MWAIT */
	[0x8D] = exit_xsetbv,
	[0x8E] = exit_ud, /* RDPRU */
};

/* What no processor ever sets (APM vol. 1 3.1.4), and what a guest's CMPXCHG16B leaves on QEMU
 * 7.2: an operand of the instruction before it.  Run again with that, the guest would be in VM86
 * mode or single-stepping: then only arithmetic flags and IF are taken over. */
#define RFLAGS_NEVER 0xFFFFFFFFFFC08028ull
#define RFLAGS_KEPT  0xAD5ull

static void mend_rflags(struct vmcb *c)
{
	if (__builtin_expect((c->rflags & RFLAGS_NEVER) != 0, 0)) {
		c->rflags = (c->rflags & RFLAGS_KEPT) | 2;
	}
}

/* The exits that are not on the fast path of svm_exit(). */
static SEPARATE enum virt_action other_exit(struct virt_vcpu *v, uint32_t code)
{
	mend_rflags(v->vmcb);
	if (code < ARRAY_SIZE(exits) && exits[code]) {
		return exits[code](v);
	}
	if (code == EXIT_NPF) {
		return exit_nested_fault(v);
	}
	if (code == EXIT_INVALID) {
		return exit_invalid(v);
	}
	vcpu_crash(v, "unknown exit", code);
	return VIRT_STOP;
}

/* By name where it matters: an indirect call costs a thunk (docs/THREAT-MODEL.md, T53). */
static inline enum virt_action act_on_exit(struct virt_vcpu *v)
{
	uint32_t code = (uint32_t)v->vmcb->exit_code;

	if (code == EXIT_VMMCALL) {
		return exit_vmmcall(v);
	}
	if (code == EXIT_CPUID) {
		return exit_cpuid(v);
	}
	if (code == EXIT_MSR) {
		return exit_msr(v);
	}
	return other_exit(v, code);
}

static __attribute__((noinline, cold)) enum virt_action traced_exit(struct virt_vcpu *v)
{
	trace_add((struct corbel_trace){.kind = CORBEL_TRACE_exit,
					.subject = v->domid,
					.object = v->domid,
					.vcpu = (uint16_t)v->id,
					.result = (int32_t)v->vmcb->exit_code,
					.arg = v->vmcb->rip});
	return act_on_exit(v);
}

enum virt_action svm_exit(struct virt_vcpu *v)
{
	if (__builtin_expect(trace_verbose, 0)) {
		return traced_exit(v);
	}
	return act_on_exit(v);
}
