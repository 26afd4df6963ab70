/* SPDX-License-Identifier: MIT */
/* The virtual x2APIC (virt/vlapic.h). */
#include "virt/vlapic.h"
#include "cpu/msr.h"
#include "virt/virt.h"

#define ICR_VECTOR   0xFFu
#define ICR_MODE(i)  (((i) >> 8) & 7)
#define ICR_SHORT(i) (((i) >> 18) & 3)
#define ICR_LOGICAL  (1ull << 11)
#define LVT_MASKED   0x10000u

/* Registers, each MSR 0x800 + number.  ISR, TMR and IRR are eight each, LVT six. */
enum {
	REG_id = 0x02,
	REG_version = 0x03,
	REG_tpr = 0x08,
	REG_eoi = 0x0B,
	REG_logical = 0x0D,
	REG_spurious = 0x0F,
	REG_isr = 0x10,
	REG_irr = 0x20,
	REG_error = 0x28,
	REG_icr = 0x30,
	REG_lvt = 0x32,
	REG_self_ipi = 0x3F
};

/* A bit for each register that can be read or written.  Those of the timer are there, 0x38 initial
 * count, 0x39 current count, 0x3E divisor, but it never runs; TMR says that all is edge-triggered.
 */
#define BITS(first, count) (((1ull << (count)) - 1) << (first))
#define READABLE                                                                                   \
	(BITS(REG_id, 2) | BITS(REG_tpr, 1) | BITS(REG_logical, 1) | BITS(REG_spurious, 1) |       \
	 BITS(REG_isr, 24) | BITS(REG_error, 1) | BITS(REG_icr, 1) | BITS(REG_lvt, 8) |            \
	 BITS(0x3E, 1))
#define WRITABLE                                                                                   \
	(BITS(REG_tpr, 1) | BITS(REG_eoi, 1) | BITS(REG_spurious, 1) | BITS(REG_error, 1) |        \
	 BITS(REG_icr, 1) | BITS(REG_lvt, 7) | BITS(0x3E, 2))

enum { MODE_fixed, MODE_lowest, MODE_smi, MODE_reserved, MODE_nmi, MODE_init, MODE_startup };

void vlapic_reset(struct virt_vcpu *v)
{
	struct vlapic *a = v->vlapic;

	memset(a, 0, sizeof(*a));
	a->reg[REG_id] = v->id;        /* the MADT that the builder writes says the same */
	a->reg[REG_version] = 0x50014; /* version 0x14, six LVT entries */
	a->reg[REG_logical] = (v->id >> 4) << 16 | 1u << (v->id & 15);
	a->reg[REG_spurious] = 0xFF;
	for (unsigned i = 0; i < 6; i++) {
		a->reg[REG_lvt + i] = LVT_MASKED;
	}
}

/* Of the eight registers from `set` on, REG_irr or REG_isr. */
static int highest(const struct vlapic *a, unsigned set)
{
	for (int i = 7; i >= 0; i--) {
		if (a->reg[set + i]) {
			return i * 32 + 31 - __builtin_clz(a->reg[set + i]);
		}
	}
	return -1;
}

int vlapic_pending(struct virt_vcpu *v)
{
	struct vlapic *a = v->vlapic;
	int vector = highest(a, REG_irr);
	int in_service;

	if (vector < 0) {
		return -1;
	}
	in_service = highest(a, REG_isr);
	if (in_service >= 0 && (vector >> 4) <= (in_service >> 4)) {
		return -1;
	}
	return (vector >> 4) > (int)(a->reg[REG_tpr] >> 4) ? vector : -1;
}

void vlapic_accepted(struct virt_vcpu *v, int vector)
{
	struct vlapic *a = v->vlapic;
	uint32_t bit = 1u << vector % 32;

	/* The event upcall vector is injected without having been in IRR: no in-service bit
	 * then. */
	if (__atomic_fetch_and(&a->reg[REG_irr + vector / 32], ~bit, __ATOMIC_ACQ_REL) & bit) {
		a->reg[REG_isr + vector / 32] |= bit;
	}
}

void vlapic_raise(struct virt_vcpu *v, uint8_t vector)
{
	__atomic_or_fetch(&v->vlapic->reg[REG_irr + vector / 32], 1u << vector % 32,
			  __ATOMIC_ACQ_REL);
	vcpu_kick(v);
}

static void end_of_interrupt(struct vlapic *a)
{
	int vector = highest(a, REG_isr);

	if (vector >= 0) {
		a->reg[REG_isr + vector / 32] &= ~(1u << vector % 32);
	}
}

static void deliver(struct virt_vcpu *target, unsigned mode, uint8_t vector)
{
	if (mode == MODE_fixed || mode == MODE_lowest) {
		if (vector >= 16) {
			vlapic_raise(target, vector);
		}
	} else if (mode == MODE_startup) {
		vcpu_startup(target, vector);
	}
	/* INIT: an offline vCPU waits for SIPI anyway; SMI, NMI: not offered. */
}

/* Logical x2APIC ids: cluster in the high half, one bit of 16 in the low half (16.14). */
static bool addressed(struct virt_vcpu *t, uint32_t destination, bool logical)
{
	if (destination == 0xFFFFFFFFu) {
		return true;
	}
	if (!logical) {
		return t->id == destination;
	}
	return (destination >> 16) == t->vlapic->reg[REG_logical] >> 16 &&
	       (destination & t->vlapic->reg[REG_logical] & 0xFFFF);
}

/* Whether what v sends reaches t. */
static bool is_receiver(const struct virt_vcpu *v, struct virt_vcpu *t, uint64_t icr)
{
	switch (ICR_SHORT(icr)) {
	case 0:
		return addressed(t, (uint32_t)(icr >> 32), icr & ICR_LOGICAL);
	case 1:
		return t == v;
	case 2:
		return true;
	default: /* all others */
		return t != v;
	}
}

static void send(struct virt_vcpu *v, uint64_t icr)
{
	struct virt_vcpu *t;

	for (uint32_t i = 0; (t = vcpu_sibling(v, i)) != NULL; i++) {
		if (is_receiver(v, t, icr)) {
			deliver(t, ICR_MODE(icr), (uint8_t)(icr & ICR_VECTOR));
		}
	}
}

bool vlapic_read(struct virt_vcpu *v, uint32_t msr, uint64_t *value)
{
	struct vlapic *a = v->vlapic;
	unsigned reg = msr - MSR_X2APIC_FIRST;

	if (reg >= ARRAY_SIZE(a->reg) || !(READABLE >> reg & 1)) {
		return false;
	}
	*value = reg == REG_icr ? a->icr : a->reg[index_in(reg, ARRAY_SIZE(a->reg))];
	return true;
}

bool vlapic_write(struct virt_vcpu *v, uint32_t msr, uint64_t value)
{
	struct vlapic *a = v->vlapic;
	unsigned reg = msr - MSR_X2APIC_FIRST;

	if (reg >= ARRAY_SIZE(a->reg) || !(WRITABLE >> reg & 1) ||
	    (reg != REG_icr && value >> 32) || ((reg == REG_eoi || reg == REG_error) && value)) {
		return false;
	}
	switch (reg) {
	case REG_tpr:
		a->reg[reg] = (uint32_t)value & 0xFF;
		vcpu_kick(v);
		break;
	case REG_eoi:
		end_of_interrupt(a);
		vcpu_kick(v);
		break;
	case REG_spurious:
		a->reg[reg] = (uint32_t)value & 0x3FF;
		break;
	case REG_icr:
		a->icr = value;
		send(v, value);
		break;
	case REG_self_ipi:
		send(v, (1ull << 18) | (value & 0xFF));
		break;
	default:
		a->reg[index_in(reg, ARRAY_SIZE(a->reg))] = (uint32_t)value;
		break;
	}
	return true;
}
