/* SPDX-License-Identifier: MIT */
/*
 * The virtual x2APIC (virt/vlapic.c): priorities against a model that looks at all 256 vectors,
 * destinations of inter-processor interrupts by every rule, start-up of other vCPUs, and the
 * registers: what reads back, what is refused, what a refusal leaves alone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "domain/sched.h"
#include "virt/vlapic.h"
#include "sim/world.h"

#define VCPUS     8u
#define REG(n)    (0x800u + (n))
#define TPR       REG(0x08)
#define EOI       REG(0x0B)
#define ICR       REG(0x30)
#define SELF_IPI  REG(0x3F)
#define ISR       0x10 /* where the eight registers begin */
#define IRR       0x20
#define TO(id)    ((uint64_t)(id) << 32)
#define LOGICAL   (1ull << 11)
#define TO_SELF   (1ull << 18)
#define TO_ALL    (2ull << 18)
#define TO_OTHERS (3ull << 18)
#define MODE(n)   ((uint64_t)(n) << 8)

static struct domain *d;

static struct vlapic *apic(unsigned i)
{
	return d->vcpu[i]->virt.vlapic;
}

static int setup_once(void **state)
{
	(void)state;
	world_init("cloud");
	d = world_create(true);
	world_commit(d);
	world_start_vcpu(d);
	world_seal(d, true);
	for (uint32_t i = 2; i < VCPUS; i++) {
		assert_non_null(vcpu_create(d, i));
	}
	d->vcpu_count = VCPUS;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VCPUS; i++) {
		vlapic_reset(&d->vcpu[i]->virt);
		d->vcpu[i]->virt.kicked = false;
	}
	return 0;
}

static bool write(unsigned i, uint32_t msr, uint64_t value)
{
	return vlapic_write(&d->vcpu[i]->virt, msr, value);
}

static uint64_t read(unsigned i, uint32_t msr)
{
	uint64_t value = 0xDEAD;

	assert_true(vlapic_read(&d->vcpu[i]->virt, msr, &value));
	return value;
}

static bool is_set(const uint32_t *bits, unsigned vector)
{
	return bits[vector / 32] >> vector % 32 & 1;
}

/* Which vCPUs have the vector requested, as a bit mask; forgets them. */
static unsigned who_has(unsigned vector)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < VCPUS; i++) {
		if (is_set(apic(i)->reg + IRR, vector)) {
			mask |= 1u << i;
			assert_true(d->vcpu[i]->virt.kicked); /* it will look */
		}
		memset(apic(i)->reg + IRR, 0, 32);
		d->vcpu[i]->virt.kicked = false;
	}
	return mask;
}

/* ---- priorities -------------------------------------------------------------------------- */
static struct {
	bool irr[256], isr[256];
	unsigned tpr;
} model;

static int model_pending(void)
{
	unsigned floor = model.tpr >> 4;

	for (unsigned n = 0; n < 256; n++) {
		if (model.isr[n] && n >> 4 > floor) {
			floor = n >> 4;
		}
	}
	for (int n = 255; n >= 0; n--) {
		if (model.irr[n]) {
			return (unsigned)n >> 4 > floor ? n : -1;
		}
	}
	return -1;
}

static void priorities(void **state)
{
	unsigned accepted = 0;

	(void)state;
	machine_seed(6);
	memset(&model, 0, sizeof(model));
	for (unsigned step = 0; step < 60000; step++) {
		unsigned vector = 16 + machine_below(240);
		int pending;

		switch (machine_below(8)) {
		case 0:
		case 1:
			vlapic_raise(&d->vcpu[0]->virt, (uint8_t)vector);
			model.irr[vector] = true;
			break;
		case 2:
			assert_true(write(0, EOI, 0));
			for (int n = 255; n >= 0; n--) {
				if (model.isr[n]) {
					model.isr[n] = false;
					break;
				}
			}
			break;
		case 3:
			model.tpr = machine_below(4) ? 0 : machine_below(256);
			assert_true(write(0, TPR, model.tpr));
			assert_int_equal(read(0, TPR), model.tpr);
			break;
		default:
			pending = vlapic_pending(&d->vcpu[0]->virt);
			assert_int_equal(pending, model_pending());
			if (pending >= 0) {
				vlapic_accepted(&d->vcpu[0]->virt, pending);
				model.irr[pending] = false;
				model.isr[pending] = true;
				accepted++;
			}
			break;
		}
		for (unsigned n = 0; n < 256 && step % 64 == 0; n++) {
			assert_int_equal(read(0, REG(0x20) + n / 32) >> n % 32 & 1, model.irr[n]);
			assert_int_equal(read(0, REG(0x10) + n / 32) >> n % 32 & 1, model.isr[n]);
		}
	}
	assert_true(accepted > 3000);
}

/* The event upcall is injected without having been requested: nothing is in service afterwards. */
static void upcall_vector(void **state)
{
	(void)state;
	vlapic_accepted(&d->vcpu[0]->virt, 0xF3);
	assert_false(is_set(apic(0)->reg + ISR, 0xF3));
	vlapic_raise(&d->vcpu[0]->virt, 0x30);
	assert_int_equal(vlapic_pending(&d->vcpu[0]->virt), 0x30);
}

/* ---- destinations ------------------------------------------------------------------------ */
static void destinations(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VCPUS; i++) {
		assert_int_equal(read(i, REG(0x02)), i);       /* its id */
		assert_int_equal(read(i, REG(0x0D)), 1u << i); /* cluster 0, its bit */
		assert_true(write(0, ICR, TO(i) | 0x41));
		assert_int_equal(who_has(0x41), 1u << i);
		assert_true(write(0, ICR, TO(1u << i) | LOGICAL | 0x42));
		assert_int_equal(who_has(0x42), 1u << i);
		assert_true(write(i, ICR, TO_SELF | 0x43));
		assert_int_equal(who_has(0x43), 1u << i);
		assert_true(write(i, ICR, TO_OTHERS | 0x44));
		assert_int_equal(who_has(0x44), 0xFFu & ~(1u << i));
		assert_true(write(i, SELF_IPI, 0x45));
		assert_int_equal(who_has(0x45), 1u << i);
	}
	assert_true(write(3, ICR, TO_ALL | 0x46));
	assert_int_equal(who_has(0x46), 0xFF);
	assert_true(write(3, ICR, TO(0xFFFFFFFF) | 0x47));
	assert_int_equal(who_has(0x47), 0xFF);
	assert_true(write(3, ICR, TO(0xA5) | LOGICAL | 0x48));
	assert_int_equal(who_has(0x48), 0xA5);
	assert_true(write(3, ICR, TO(0x100A5) | LOGICAL | 0x49)); /* another cluster */
	assert_int_equal(who_has(0x49), 0);
	assert_true(write(3, ICR, TO(VCPUS) | 0x4A)); /* nobody */
	assert_int_equal(who_has(0x4A), 0);
	assert_true(write(3, ICR, TO(2) | MODE(1) | 0x4B)); /* lowest priority, one candidate */
	assert_int_equal(who_has(0x4B), 1u << 2);
	/* vectors below 16, NMI, SMI, INIT, reserved: nothing arrives */
	assert_true(write(3, ICR, TO_ALL | 15));
	assert_int_equal(who_has(15), 0);
	for (unsigned mode = 2; mode < 8; mode++) {
		assert_true(mode == 6 || write(3, ICR, TO(0) | MODE(mode) | 0x4C));
		assert_int_equal(who_has(0x4C), 0);
	}
	assert_int_equal(read(3, ICR), TO(0) | MODE(7) | 0x4C);
}

static void start_up(void **state)
{
	struct vcpu *v = d->vcpu[5];

	(void)state;
	vlapic_raise(&v->virt, 0x99);
	assert_int_equal(v->state, VCPU_offline);
	assert_true(write(0, ICR, TO(5) | MODE(5))); /* INIT alone starts nobody */
	assert_int_equal(v->state, VCPU_offline);
	assert_true(write(0, ICR, TO(5) | MODE(6) | 0x9A));
	assert_int_equal(v->state, VCPU_runnable);
	assert_int_equal(v->virt.vmcb->cs.selector, 0x9A00);
	assert_int_equal(v->virt.vmcb->cs.base, 0x9A000);
	assert_int_equal(v->virt.vmcb->rip, 0);
	assert_int_equal(v->virt.vmcb->cr0 & 0x80000001, 0); /* real mode */
	assert_int_equal(vlapic_pending(&v->virt), -1);      /* reset */
	/* one that runs, and the boot vCPU, are left alone */
	v->virt.vmcb->rip = 0x123;
	assert_true(write(0, ICR, TO(5) | MODE(6) | 0x9B));
	assert_int_equal(v->virt.vmcb->rip, 0x123);
	d->vcpu[0]->virt.vmcb->rip = 0x456;
	sched_sleep(d->vcpu[0], VCPU_offline);
	assert_true(write(5, ICR, TO(0) | MODE(6) | 0x9B));
	assert_int_equal(d->vcpu[0]->virt.vmcb->rip, 0x456);
	assert_int_equal(d->vcpu[0]->state, VCPU_offline);
}

static void wakes_a_sleeper(void **state)
{
	(void)state;
	sched_wake(d->vcpu[1]);
	sched_sleep(d->vcpu[1], VCPU_blocked);
	assert_true(write(0, ICR, TO(1) | 0x50));
	assert_int_equal(d->vcpu[1]->state, VCPU_runnable);
}

/* ---- registers --------------------------------------------------------------------------- */
static void registers(void **state)
{
	static const uint8_t readable[] = {0x02, 0x03, 0x08, 0x0D, 0x0F, 0x28, 0x30, 0x32,
					   0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3E};
	static const uint8_t writable[] = {0x08, 0x0B, 0x0F, 0x28, 0x30, 0x32, 0x33,
					   0x34, 0x35, 0x36, 0x37, 0x38, 0x3E, 0x3F};
	uint64_t value;

	(void)state;
	for (unsigned r = 0; r < 0x100; r++) {
		bool can_read =
			(r >= 0x10 && r < 0x28) || memchr(readable, (int)r, sizeof(readable));
		bool can_write = memchr(writable, (int)r, sizeof(writable)) != NULL;

		assert_int_equal(vlapic_read(&d->vcpu[0]->virt, REG(r), &value), can_read);
		assert_int_equal(write(0, REG(r), 0), can_write);
		if (r != 0x30) { /* the upper half exists in the command register alone */
			assert_false(write(0, REG(r), 1ull << 32));
		}
	}
	for (unsigned r = 0x32; r < 0x38; r++) {
		vlapic_reset(&d->vcpu[0]->virt);
		assert_int_equal(read(0, REG(r)), 0x10000); /* masked */
		assert_true(write(0, REG(r), 0x100FD));
		assert_int_equal(read(0, REG(r)), 0x100FD);
	}
	assert_int_equal(read(0, REG(0x39)), 0); /* no timer runs */
	/* a refused write has no effect */
	vlapic_raise(&d->vcpu[0]->virt, 0x60);
	vlapic_accepted(&d->vcpu[0]->virt, 0x60);
	assert_false(write(0, EOI, 1));
	assert_true(is_set(apic(0)->reg + ISR, 0x60));
	assert_true(write(0, EOI, 0));
	assert_false(is_set(apic(0)->reg + ISR, 0x60));
	assert_true(write(0, EOI, 0)); /* nothing in service: nothing happens */
	assert_false(write(0, REG(0x28), 5));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		T(priorities), T(upcall_vector),   T(destinations),
		T(start_up),   T(wakes_a_sleeper), T(registers),
	};

	return cmocka_run_group_tests_name("vlapic", tests, setup_once, NULL);
}
