/* SPDX-License-Identifier: MIT */
/*
 * AMD SVM with nested paging: CPU set-up, VMCB contents, register access, pending-event delivery.
 * Exits are in svm_exit.c.  INV-SVM-1: a VMCB that exited with an invalid-state code is never run
 * again (QEMU may have saved host state into it): its domain is crashed.
 */
#include "virt/svm/svm.h"
#include "cpu/asm.h"
#include "cpu/percpu.h"
#include "mm/heap.h"
#include "mm/tlb.h"
#include "virt/vlapic.h"
#include <xen/errno.h>

/* intercept_misc1 (15.9, table B-1) */
#define I1_INTR     (1u << 0)
#define I1_NMI      (1u << 1)
#define I1_SMI      (1u << 2)
#define I1_INIT     (1u << 3)
#define I1_VINTR    (1u << 4)
#define I1_RDPMC    (1u << 15)
#define I1_CPUID    (1u << 18)
#define I1_INVD     (1u << 22)
#define I1_HLT      (1u << 24)
#define I1_INVLPGA  (1u << 26)
#define I1_IOIO     (1u << 27)
#define I1_MSR      (1u << 28)
#define I1_TASK     (1u << 29)
#define I1_SHUTDOWN (1u << 31)
/* intercept_misc2: VMRUN VMMCALL VMLOAD VMSAVE STGI CLGI SKINIT, MONITOR MWAIT MWAIT-armed */
#define I2_SVM     (0x7Fu)
#define I2_WBINVD  (1u << 9)
#define I2_MONITOR (7u << 10)
#define I2_XSETBV  (1u << 13)
#define I2_RDPRU   (1u << 14)
/* x87, SSE, AVX: what a guest may switch on, as virt/cpuid.c tells it */
#define GUEST_XCR0 7u
/* #DB #AC #MC */
#define EXCEPTIONS (1u << 1 | 1u << 17 | 1u << 18)

static uint8_t io_bitmap[3 * PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t msr_bitmap[2 * PAGE_SIZE] __attribute__((aligned(4096)));
static uint32_t asid_count;
static bool has_ibpb;
/* All state components that the CPU has: a guest writes some of them whatever its XCR0 says (PKRU
 * needs CR4.PKE only, and writes of CR4 do not exit). */
static uint64_t host_xcr0;
static uint8_t host_vmcb_page[MAX_CPUS][PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t host_save_page[MAX_CPUS][PAGE_SIZE] __attribute__((aligned(4096)));
static uint32_t next_asid[MAX_CPUS];
static uint64_t asid_generation[MAX_CPUS];

bool svm_set_xcr0(uint64_t value)
{
	if (!(value & 1) || (value & ~(host_xcr0 & GUEST_XCR0)) || (value & 6) == 4) {
		return false;
	}
	xsetbv(value);
	return true;
}

/* Both rights (read, write) of one MSR pass to the guest (15.11: two bits each). */
static void msr_pass(uint32_t msr)
{
	uint32_t bit = (msr >= MSR_AMD_FIRST ? 0x800 * 8 + (msr - MSR_AMD_FIRST) * 2 : msr * 2);

	msr_bitmap[bit / 8] &= (uint8_t) ~(3u << (bit % 8));
}

static void bitmaps_init(void)
{
	/* VMLOAD and VMSAVE switch all of these. */
	static const uint32_t passed[] = {MSR_SYSENTER_CS,   MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,
					  MSR_STAR,          MSR_LSTAR,        MSR_CSTAR,
					  MSR_SFMASK,        MSR_FS_BASE,      MSR_GS_BASE,
					  MSR_KERNEL_GS_BASE};

	memset(io_bitmap, 0xFF, sizeof(io_bitmap));
	memset(msr_bitmap, 0xFF, sizeof(msr_bitmap));
	for (unsigned i = 0; i < ARRAY_SIZE(passed); i++) {
		msr_pass(passed[i]);
	}
}

void virt_init_cpu(void)
{
	struct percpu *cpu = this_cpu();

	if (cpu->id == 0) {
		bitmaps_init();
		asid_count = cpuid(0x8000000A, 0).b;
		has_ibpb = cpu_has_ibpb();
		/* All fit into a page, or cpu_missing_features() had refused the CPU. */
		host_xcr0 = (uint64_t)cpuid(0xD, 0).d << 32 | cpuid(0xD, 0).a;
	}
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	cpu->host_vmcb_pa = (uintptr_t)host_vmcb_page[cpu->id];
	wrmsr(MSR_HSAVE_PA, (uintptr_t)host_save_page[cpu->id]);
	xsetbv(host_xcr0);
	next_asid[cpu->id] = 1;
	asid_generation[cpu->id] = 1;
	/* FS, GS and TR of the host do not change from here on: saved once, loaded after each
	 * run. */
	vmsave(cpu->host_vmcb_pa);
}

int virt_vcpu_init(struct virt_vcpu *v, const struct npt *npt)
{
	struct vmcb *c = heap_page(npt->pages);
	uint8_t *fpu = heap_page(npt->pages);

	v->vmcb = c;
	v->fpu = fpu;
	if (!c || !fpu) {
		virt_vcpu_free(v, npt);
		return -XEN_ENOMEM;
	}
	c->intercept_misc1 = I1_INTR | I1_NMI | I1_SMI | I1_INIT | I1_RDPMC | I1_CPUID | I1_INVD |
			     I1_HLT | I1_INVLPGA | I1_IOIO | I1_MSR | I1_TASK | I1_SHUTDOWN;
	c->intercept_misc2 = I2_SVM | I2_WBINVD | I2_MONITOR | I2_XSETBV | I2_RDPRU;
	c->intercept_exceptions = EXCEPTIONS;
	c->iopm_base = (uintptr_t)io_bitmap;
	c->msrpm_base = (uintptr_t)msr_bitmap;
	c->v_interrupt = VINTR_MASKING;
	c->np_enable = 1;
	c->nested_cr3 = (uintptr_t)npt->root;
	c->g_pat = PAT_RESET;
	return 0;
}

void virt_vcpu_free(struct virt_vcpu *v, const struct npt *npt)
{
	heap_page_free(v->vmcb, npt->pages);
	heap_page_free(v->fpu, npt->pages);
}

/* Everything but the instruction and what the mode of the CPU decides. */
static void reset(struct virt_vcpu *v, uint64_t cr0, struct vmcb_segment code,
		  struct vmcb_segment data, uint32_t task_limit)
{
	struct vmcb *c = v->vmcb;
	uint8_t *fpu = v->fpu;
	static const uint16_t fcw = 0x37F;
	static const uint32_t mxcsr = 0x1F80;

	memset(&v->regs, 0, sizeof(v->regs));
	memset(v->dr, 0, sizeof(v->dr));
	memset(fpu, 0, PAGE_SIZE);
	memcpy(fpu, &fcw, sizeof(fcw));
	memcpy(fpu + 24, &mxcsr, sizeof(mxcsr));
	v->xcr0 = 1;
	v->asid_generation = 0; /* what it translated before is gone */
	v->tsc_aux = 0;
	c->event_injection = 0;
	c->interrupt_shadow = 0;
	c->v_interrupt = VINTR_MASKING;
	c->efer = EFER_SVME;
	c->cr0 = cr0;
	c->cr3 = c->cr4 = c->cr2 = 0;
	c->rax = c->rsp = c->rip = 0;
	c->dr6 = 0xFFFF0FF0;
	c->dr7 = 0x400;
	c->rflags = 2;
	c->cs = code;
	c->ds = c->es = c->ss = c->fs = c->gs = data;
	c->tr = (struct vmcb_segment){0, 0x8B, task_limit, 0};
	c->ldtr = (struct vmcb_segment){0, 0x82, 0xFFFF, 0};
	c->gdtr = c->idtr = (struct vmcb_segment){0, 0, 0xFFFF, 0};
	c->cpl = 0;
}

void virt_reset_flat(struct virt_vcpu *v, uint32_t eip, uint32_t ebx, uint32_t esi)
{
	reset(v, CR0_PE | CR0_ET, (struct vmcb_segment){0x10, 0xC9B, 0xFFFFFFFF, 0},
	      (struct vmcb_segment){0x18, 0xC93, 0xFFFFFFFF, 0}, 0x67);
	v->vmcb->rip = eip;
	v->regs.rbx = ebx;
	v->regs.rsi = esi;
}

void virt_reset_sipi(struct virt_vcpu *v, uint8_t vector)
{
	struct vmcb_segment code = {(uint16_t)(vector << 8), 0x9B, 0xFFFF, (uint64_t)vector << 12};

	reset(v, CR0_ET, code, (struct vmcb_segment){0, 0x93, 0xFFFF, 0}, 0xFFFF);
}

void virt_barrier(void)
{
	if (has_ibpb) {
		wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB); /* APM vol. 2 3.2.9 */
	}
}

void virt_load(struct virt_vcpu *v)
{
	/* A vCPU that was destroyed while loaded has left its own XCR0 behind. */
	xsetbv(host_xcr0);
	/* AMD loads FIP, FDP and FOP only with an exception pending (APM vol. 5, FXRSTOR): what the
	 * guest before has left there goes first. */
	fninit();
	xrstor(v->fpu);
	xsetbv(v->xcr0);
	write_dr0_to_3(v->dr);
	wrmsr(MSR_TSC_AUX, v->tsc_aux);
}

void virt_save(struct virt_vcpu *v)
{
	v->xcr0 = xgetbv();
	xsetbv(host_xcr0);
	xsave(v->fpu);
	read_dr0_to_3(v->dr);
}

void svm_drop_asids(void)
{
	unsigned cpu = this_cpu()->id;

	asid_generation[cpu]++;
	next_asid[cpu] = 1;
}

void virt_flush(void)
{
	if (tlb_sync()) {
		svm_drop_asids();
	}
}

/* Gives the vCPU an ASID of this CPU's generation; a new generation flushes everything (15.16). */
static void choose_asid(struct virt_vcpu *v)
{
	unsigned cpu = this_cpu()->id;

	virt_flush();
	if (v->asid_generation == asid_generation[cpu]) {
		return;
	}
	if (next_asid[cpu] >= asid_count) {
		asid_generation[cpu]++;
		next_asid[cpu] = 1;
	}
	if (next_asid[cpu] == 1) {
		v->vmcb->tlb_control = 1;
	}
	v->vmcb->asid = next_asid[cpu]++;
	v->asid_generation = asid_generation[cpu];
}

/* Highest-priority interrupt that the guest should see now, -1 = none. */
static int pending_vector(struct virt_vcpu *v)
{
	int vector = vcpu_event_vector(v);

	return vector >= 0 ? vector : vlapic_pending(v);
}

static void deliver_pending(struct virt_vcpu *v)
{
	struct vmcb *c = v->vmcb;
	int vector;

	if (!v->kicked) {
		return;
	}
	c->v_interrupt &= ~(VINTR_IRQ | VINTR_IGNORE_TPR);
	c->intercept_misc1 &= ~I1_VINTR;
	vector = pending_vector(v);
	if (vector < 0) {
		v->kicked = false;
		return;
	}
	if ((c->event_injection & EVENT_VALID) || !(c->rflags & RFLAGS_IF) ||
	    (c->interrupt_shadow & 1)) {
		/* A window: a virtual interrupt that exits instead of being delivered (15.21.4). */
		c->v_interrupt |= VINTR_IRQ | VINTR_IGNORE_TPR;
		c->intercept_misc1 |= I1_VINTR;
		return;
	}
	c->event_injection = EVENT_VALID | EVENT_EXTERNAL | (unsigned)vector;
	vlapic_accepted(v, vector);
	/* kicked stays set: the next entry looks for a second vector. */
	v->kicked = vlapic_pending(v) >= 0;
}

/* What an entry right after an exit does not need.  Out of the way, so that it costs no registers
 * there. */
static __attribute__((noinline, cold)) void prepare_entry(struct virt_vcpu *v)
{
	deliver_pending(v);
	choose_asid(v);
}

static __attribute__((noinline, cold)) void inject_again(struct vmcb *c)
{
	c->event_injection = c->exit_int_info;
}

enum virt_action virt_run(struct virt_vcpu *v)
{
	const struct percpu *cpu = this_cpu();
	struct vmcb *c;

	v->vmcb->tlb_control = 0;
	if (__builtin_expect(v->kicked || !tlb_is_synced(cpu) ||
				     v->asid_generation != asid_generation[cpu->id],
			     0)) {
		prepare_entry(v);
	}
	svm_enter(&v->regs, (uintptr_t)v->vmcb, this_cpu()->host_vmcb_pa);
	c = v->vmcb;
	/* If the exit interrupted a delivery, that event comes first at the next entry (15.7.2). */
	c->event_injection = 0;
	if (__builtin_expect(c->exit_int_info & EVENT_VALID, 0)) {
		inject_again(c);
	}
	return svm_exit(v);
}

uint64_t virt_guest_cr4(const struct virt_vcpu *v)
{
	return v->vmcb->cr4;
}

bool virt_rdmsr(struct virt_vcpu *v, uint32_t msr, uint64_t *value)
{
	switch (msr) {
	case MSR_EFER:
		*value = v->vmcb->efer & ~EFER_SVME;
		return true;
	case MSR_PAT:
		*value = v->vmcb->g_pat;
		return true;
	case MSR_TSC_AUX:
		*value = v->tsc_aux;
		return true;
	default:
		return false;
	}
}

static bool write_efer(struct vmcb *c, uint64_t value)
{
	uint64_t changed = (value ^ c->efer) & EFER_LME;

	if (value & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_FFXSR)) {
		return false;
	}
	if (changed && (c->cr0 & CR0_PG)) {
		return false;
	}
	/* LME without PAE while paging is off makes QEMU's exit path drop the host's CR0.PG. */
	if ((value & EFER_LME) && !(c->cr4 & CR4_PAE) && !(c->cr0 & CR0_PG)) {
		return false;
	}
	c->efer = (value & ~EFER_LMA) | (c->efer & EFER_LMA) | EFER_SVME;
	return true;
}

static bool pat_valid(uint64_t value)
{
	for (unsigned i = 0; i < 64; i += 8) {
		unsigned type = (value >> i) & 0xFF;

		if (type > 7 || type == 2 || type == 3) {
			return false;
		}
	}
	return true;
}

bool virt_wrmsr(struct virt_vcpu *v, uint32_t msr, uint64_t value)
{
	switch (msr) {
	case MSR_EFER:
		return write_efer(v->vmcb, value);
	case MSR_PAT:
		if (!pat_valid(value)) {
			return false;
		}
		v->vmcb->g_pat = value;
		return true;
	case MSR_TSC_AUX:
		if (value >> 32) {
			return false;
		}
		v->tsc_aux = value;
		wrmsr(MSR_TSC_AUX, value);
		return true;
	default:
		return false;
	}
}
