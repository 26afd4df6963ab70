/* SPDX-License-Identifier: MIT */
/* Local APIC and the old PICs (lapic.h).  Each CPU touches only its own. */
#include "cpu/lapic.h"
#include "base/lib.h"
#include "cpu/asm.h"
#include "cpu/cpu.h"
#include "cpu/time.h"

#define REG_TPR           0x080
#define REG_EOI           0x0B0
#define REG_SVR           0x0F0
#define REG_VERSION       0x030
#define REG_LVT_TIMER     0x320
#define REG_LVT_THERMAL   0x330
#define REG_LVT_COUNTERS  0x340
#define REG_LVT_LINT0     0x350
#define REG_LVT_LINT1     0x360
#define REG_LVT_ERROR     0x370
#define REG_TIMER_INITIAL 0x380
#define REG_TIMER_CURRENT 0x390
#define REG_TIMER_DIVIDE  0x3E0

#define SVR_ENABLE  0x100
#define LVT_MASKED  0x10000
#define DIVIDE_BY_1 0x0B

#define APIC_BASE_ENABLE  (1ull << 11)
#define APIC_BASE_X2APIC  (1ull << 10)
#define APIC_BASE_ADDRESS 0x000FFFFFFFFFF000ul

#define PIC_MASTER 0x20
#define PIC_SLAVE  0xA0

static void lapic_write(uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(LAPIC_BASE + reg) = value;
}

static uint32_t lapic_read(uint32_t reg)
{
	return *(volatile uint32_t *)(LAPIC_BASE + reg);
}

/* Moved off the exception vectors, so that even a spurious one is told apart, then masked. */
static void pic_mask(void)
{
	static const uint8_t master[] = {0x20, 1 << 2, 1};
	static const uint8_t slave[] = {0x28, 2, 1};

	outb(PIC_MASTER, 0x11);
	outb(PIC_SLAVE, 0x11);
	for (unsigned i = 0; i < ARRAY_SIZE(master); i++) {
		outb(PIC_MASTER + 1, master[i]);
		outb(PIC_SLAVE + 1, slave[i]);
	}
	outb(PIC_MASTER + 1, 0xFF);
	outb(PIC_SLAVE + 1, 0xFF);
}

void lapic_init(void)
{
	static const uint16_t masked[] = {REG_LVT_TIMER, REG_LVT_LINT0, REG_LVT_LINT1,
					  REG_LVT_ERROR, REG_LVT_COUNTERS};
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (base & APIC_BASE_X2APIC) {
		panic("the local APIC is in x2APIC mode; switch it off in the firmware's set-up");
	}
	if ((base & APIC_BASE_ADDRESS) != LAPIC_BASE) {
		panic("the local APIC is at %lx, not at %lx", base & APIC_BASE_ADDRESS, LAPIC_BASE);
	}
	wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	pic_mask();
	for (unsigned i = 0; i < ARRAY_SIZE(masked); i++) {
		lapic_write(masked[i], LVT_MASKED);
	}
	/* Version register bits 23:16: number of LVT entries - 1. */
	if ((lapic_read(REG_VERSION) >> 16 & 0xFF) >= 5) {
		lapic_write(REG_LVT_THERMAL, LVT_MASKED);
	}
	lapic_write(REG_TPR, 0);
	lapic_write(REG_TIMER_INITIAL, 0);
	lapic_write(REG_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
}

void lapic_eoi(void)
{
	lapic_write(REG_EOI, 0);
}

void lapic_timer_set(uint32_t count)
{
	lapic_write(REG_LVT_TIMER, VECTOR_TIMER);
	lapic_write(REG_TIMER_INITIAL, count);
}

void lapic_timer_measure(void)
{
	lapic_write(REG_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	lapic_write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
	lapic_write(REG_TIMER_INITIAL, ~0u);
}

uint32_t lapic_timer_count(void)
{
	return lapic_read(REG_TIMER_CURRENT);
}
