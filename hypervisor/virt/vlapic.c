/* SPDX-License-Identifier: MIT */
/* The virtual x2APIC (virt/vlapic.h). */
#include "virt/vlapic.h"
#include "core/sched.h"
#include "virt/virt.h"

#define X2APIC(reg)  (0x800u + (reg))
#define ICR_VECTOR   0xFFu
#define ICR_MODE(i)  (((i) >> 8) & 7)
#define ICR_SHORT(i) (((i) >> 18) & 3)
#define ICR_LOGICAL  (1ull << 11)
#define LVT_MASKED   0x10000u
enum { MODE_fixed, MODE_lowest, MODE_smi, MODE_reserved, MODE_nmi, MODE_init, MODE_startup };

void vlapic_reset(struct vcpu *v)
{
	struct vlapic *a = v->vlapic;

	memset(a, 0, sizeof(*a));
	a->id = v->id; /* the MADT that the builder writes says the same */
	a->spurious = 0xFF;
	for (unsigned i = 0; i < ARRAY_SIZE(a->lvt); i++) {
		a->lvt[i] = LVT_MASKED;
	}
}

static int highest(const uint64_t *bits)
{
	for (int i = 3; i >= 0; i--) {
		if (bits[i]) {
			return i * 64 + 63 - __builtin_clzll(bits[i]);
		}
	}
	return -1;
}

int vlapic_pending(struct vcpu *v)
{
	struct vlapic *a = v->vlapic;
	int vector = highest(a->irr);
	int in_service;

	if (vector < 0) {
		return -1;
	}
	in_service = highest(a->isr);
	if (in_service >= 0 && (vector >> 4) <= (in_service >> 4)) {
		return -1;
	}
	return (vector >> 4) > (int)(a->tpr >> 4) ? vector : -1;
}

void vlapic_accepted(struct vcpu *v, int vector)
{
	struct vlapic *a = v->vlapic;
	uint64_t bit = 1ull << (vector & 63);

	/* The event upcall vector is injected without having been in IRR: no in-service bit then.
	 */
	if (__atomic_fetch_and(&a->irr[vector >> 6], ~bit, __ATOMIC_ACQ_REL) & bit) {
		a->isr[vector >> 6] |= bit;
	}
}

void vlapic_raise(struct vcpu *v, uint8_t vector)
{
	__atomic_or_fetch(&v->vlapic->irr[vector >> 6], 1ull << (vector & 63), __ATOMIC_ACQ_REL);
	sched_kick(v);
}

static void end_of_interrupt(struct vlapic *a)
{
	int vector = highest(a->isr);

	if (vector >= 0) {
		a->isr[vector >> 6] &= ~(1ull << (vector & 63));
	}
}

static void deliver(struct vcpu *target, unsigned mode, uint8_t vector)
{
	switch (mode) {
	case MODE_fixed:
	case MODE_lowest:
		if (vector >= 16) {
			vlapic_raise(target, vector);
		}
		break;
	case MODE_startup:
		if (target->state == VCPU_offline && target->id != 0) {
			vlapic_reset(target);
			virt_reset_sipi(target, vector);
			target->halted_forever = false;
			sched_wake(target);
		}
		break;
	default: /* INIT: an offline vCPU waits for SIPI anyway; SMI, NMI: not offered */
		break;
	}
}

/* Logical x2APIC ids: cluster in the high half, one bit of 16 in the low half (16.14). */
static bool addressed(struct vcpu *t, uint32_t destination, bool logical)
{
	if (destination == 0xFFFFFFFFu) {
		return true;
	}
	if (!logical) {
		return t->vlapic->id == destination;
	}
	return (destination >> 16) == t->vlapic->id >> 4 &&
	       (destination & (1u << (t->vlapic->id & 15)));
}

static void send(struct vcpu *v, uint64_t icr)
{
	struct domain *d = v->domain;
	uint32_t destination = (uint32_t)(icr >> 32);

	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		struct vcpu *t = d->vcpu[i];
		bool hit;

		switch (ICR_SHORT(icr)) {
		case 1:
			hit = t == v;
			break;
		case 2:
			hit = true;
			break;
		case 3:
			hit = t != v;
			break;
		default:
			hit = t && addressed(t, destination, icr & ICR_LOGICAL);
			break;
		}
		if (t && hit) {
			deliver(t, ICR_MODE(icr), (uint8_t)(icr & ICR_VECTOR));
		}
	}
}

static uint32_t half(const uint64_t *bits, unsigned index)
{
	return (uint32_t)(bits[index / 2] >> (index % 2 ? 32 : 0));
}

bool vlapic_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	struct vlapic *a = v->vlapic;

	*value = 0;
	switch (msr) {
	case X2APIC(0x02):
		*value = a->id;
		return true;
	case X2APIC(0x03):
		*value = 0x50014; /* version 0x14, six LVT entries */
		return true;
	case X2APIC(0x08):
		*value = a->tpr;
		return true;
	case X2APIC(0x0D):
		*value = (uint64_t)(a->id >> 4) << 16 | 1u << (a->id & 15);
		return true;
	case X2APIC(0x0F):
		*value = a->spurious;
		return true;
	case X2APIC(0x10)... X2APIC(0x17):
		*value = half(a->isr, msr - X2APIC(0x10));
		return true;
	case X2APIC(0x18)... X2APIC(0x1F): /* TMR: all edge-triggered */
		return true;
	case X2APIC(0x20)... X2APIC(0x27):
		*value = half(a->irr, msr - X2APIC(0x20));
		return true;
	case X2APIC(0x28):
		*value = a->esr;
		return true;
	case X2APIC(0x30):
		*value = a->icr;
		return true;
	case X2APIC(0x32)... X2APIC(0x37):
		*value = a->lvt[msr - X2APIC(0x32)];
		return true;
	case X2APIC(0x38):
	case X2APIC(0x3E):
		*value = a->timer[msr == X2APIC(0x38) ? 0 : 1];
		return true;
	case X2APIC(0x39): /* current count: the timer never runs */
		return true;
	default:
		return false;
	}
}

bool vlapic_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	struct vlapic *a = v->vlapic;

	if (msr != X2APIC(0x30) && value >> 32) {
		return false;
	}
	switch (msr) {
	case X2APIC(0x08):
		a->tpr = (uint32_t)value & 0xFF;
		sched_kick(v);
		return true;
	case X2APIC(0x0B):
		if (value) {
			return false;
		}
		end_of_interrupt(a);
		sched_kick(v);
		return true;
	case X2APIC(0x0F):
		a->spurious = (uint32_t)value & 0x3FF;
		return true;
	case X2APIC(0x28):
		if (value) {
			return false;
		}
		a->esr = 0;
		return true;
	case X2APIC(0x30):
		a->icr = value;
		send(v, value);
		return true;
	case X2APIC(0x32)... X2APIC(0x37):
		a->lvt[msr - X2APIC(0x32)] = (uint32_t)value;
		return true;
	case X2APIC(0x38):
	case X2APIC(0x3E):
		a->timer[msr == X2APIC(0x38) ? 0 : 1] = (uint32_t)value;
		return true;
	case X2APIC(0x3F):
		send(v, (1ull << 18) | (value & 0xFF));
		return true;
	default:
		return false;
	}
}
