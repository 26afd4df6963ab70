/* SPDX-License-Identifier: MIT */
/*
 * Time (time.h).  TSC and local APIC timer are measured against PIT channel 2, whose frequency is
 * fixed.  Trusts the hardware clocks; nothing a domain does reaches them.
 */
#include "cpu/time.h"
#include "base/lib.h"
#include "cpu/asm.h"
#include "cpu/clock.h"
#include "cpu/lapic.h"

#define PIT_HZ       1193182ull
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PIT_LATCH2   0x80
#define PIT_MODE0_2  0xB0 /* channel 2, both bytes, count down once */
#define PORT_SPEAKER 0x61 /* bit 0: gate of channel 2, bit 1: speaker */

#define MEASURE_TICKS 40000u /* 33.5 ms of the 54.9 ms that 16 bits can count */
#define MEASURE_TRIES 20
#define SAMPLES       16
#define NS_PER_SECOND 1000000000ul

#define RTC_INDEX    0x70
#define RTC_DATA     0x71
#define RTC_NMI_OFF  0x80
#define RTC_SECOND   0
#define RTC_MINUTE   2
#define RTC_HOUR     4
#define RTC_DAY      7
#define RTC_MONTH    8
#define RTC_YEAR     9
#define RTC_STATUS_A 0x0A
#define RTC_STATUS_B 0x0B
#define RTC_UPDATING 0x80
#define RTC_24H      0x02
#define RTC_BINARY   0x04
#define RTC_TRIES    2000000u

struct sample {
	uint64_t tsc;
	uint32_t lapic;
	uint16_t pit;
};

static uint64_t tsc_base, tsc_frequency, lapic_frequency;
static struct clock_scale scale;
static uint64_t boot_wallclock;

static uint16_t pit_read(void)
{
	outb(PIT_COMMAND, PIT_LATCH2);
	uint16_t low = inb(PIT_CHANNEL2);

	return (uint16_t)(low | inb(PIT_CHANNEL2) << 8);
}

/* The tightest of several tries, so that being interrupted by the machine below does not count. */
static struct sample take_sample(void)
{
	struct sample best = {0};
	uint64_t best_width = ~0ull;

	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t before = rdtsc();
		uint16_t pit = pit_read();
		uint32_t lapic = lapic_timer_count();
		uint64_t after = rdtsc();

		if (after - before < best_width) {
			best_width = after - before;
			best = (struct sample){before + best_width / 2, lapic, pit};
		}
	}
	return best;
}

static void measure_once(uint64_t *tsc_rate, uint64_t *lapic_rate)
{
	outb(PORT_SPEAKER, (inb(PORT_SPEAKER) & ~2) | 1);
	outb(PIT_COMMAND, PIT_MODE0_2);
	outb(PIT_CHANNEL2, 0xFF);
	outb(PIT_CHANNEL2, 0xFF);
	lapic_timer_measure();

	struct sample first = take_sample();
	uint64_t give_up = rdtsc() + (1ull << 36); /* half a minute at 2 GHz */

	while ((uint16_t)(first.pit - pit_read()) < MEASURE_TICKS) {
		if (rdtsc() > give_up) {
			panic("the PIT does not count: no reference for the clocks");
		}
	}
	struct sample last = take_sample();
	uint64_t ticks = (uint16_t)(first.pit - last.pit);

	lapic_timer_set(0);
	*tsc_rate = (last.tsc - first.tsc) * PIT_HZ / ticks;
	*lapic_rate = (uint64_t)(first.lapic - last.lapic) * PIT_HZ / ticks;
}

static bool agree(uint64_t a, uint64_t b)
{
	return MAX(a, b) - MIN(a, b) <= a / 1000;
}

/* Until two measurements in a row agree: when this machine is not run for 20 ms in between, the
 * PIT's 16 bits wrap and one of them is far off. */
static void measure(void)
{
	uint64_t tsc_before = 0, lapic_before = 0;

	for (unsigned i = 0; i < MEASURE_TRIES; i++) {
		measure_once(&tsc_frequency, &lapic_frequency);
		if (i > 0 && agree(tsc_frequency, tsc_before) &&
		    agree(lapic_frequency, lapic_before)) {
			tsc_frequency = (tsc_frequency + tsc_before) / 2;
			lapic_frequency = (lapic_frequency + lapic_before) / 2;
			return;
		}
		tsc_before = tsc_frequency;
		lapic_before = lapic_frequency;
	}
	panic("the clocks are not steady: TSC last measured at %lu Hz", tsc_frequency);
}

static uint8_t rtc_read(uint8_t reg)
{
	outb(RTC_INDEX, RTC_NMI_OFF | reg);
	return inb(RTC_DATA);
}

static unsigned rtc_number(uint8_t reg)
{
	unsigned digits = rtc_read(reg);

	return (digits >> 4) * 10 + (digits & 15);
}

/* What firmware leaves on every PC: decimal digits, 24 hours.  The century is ours. */
static uint64_t rtc_seconds(void)
{
	uint64_t seconds = 0, again;

	if ((rtc_read(RTC_STATUS_B) & (RTC_24H | RTC_BINARY)) != RTC_24H) {
		printk("warning: the RTC counts in a way of its own: no wall clock");
		return 0;
	}
	/* Read until two readings agree: an update may fall in between. */
	for (unsigned i = 0; i < RTC_TRIES; i++) {
		if (rtc_read(RTC_STATUS_A) & RTC_UPDATING) {
			continue;
		}
		again = clock_unix_seconds(2000 + rtc_number(RTC_YEAR), rtc_number(RTC_MONTH),
					   rtc_number(RTC_DAY), rtc_number(RTC_HOUR),
					   rtc_number(RTC_MINUTE), rtc_number(RTC_SECOND));
		if (again == seconds) {
			break;
		}
		seconds = again;
	}
	return seconds;
}

void time_init(void)
{
	measure();
	if (tsc_frequency < 100000000ull || lapic_frequency < 1000000ull) {
		panic("clocks out of range: TSC %lu Hz, APIC timer %lu Hz", tsc_frequency,
		      lapic_frequency);
	}
	scale = clock_scale(tsc_frequency);
	tsc_base = rdtsc();
	boot_wallclock = rtc_seconds() * NS_PER_SECOND;
	boot_wallclock -= MIN(now_ns(), boot_wallclock);
	printk("time: TSC %lu kHz, APIC timer %lu kHz, wall clock %lu s", tsc_frequency / 1000,
	       lapic_frequency / 1000, boot_wallclock / NS_PER_SECOND);
}

uint64_t now_ns(void)
{
	return clock_to_ns(scale, rdtsc() - tsc_base);
}

uint64_t tsc_hz(void)
{
	return tsc_frequency;
}

void time_pvclock(uint32_t *mul, int8_t *shift, uint64_t *base)
{
	*mul = scale.mul;
	*shift = scale.shift;
	*base = tsc_base;
}

uint64_t wallclock_boot_ns(void)
{
	return boot_wallclock;
}

void timer_arm(uint64_t deadline_ns)
{
	uint64_t now = now_ns();
	unsigned __int128 count = 1;

	if (deadline_ns == ~0ull) {
		lapic_timer_set(0);
		return;
	}
	if (deadline_ns > now) {
		/* Rounded up, so as not to fire before the deadline.  A far one fires early, and is
		 * armed again by whoever then finds nothing due. */
		uint64_t delta = MIN(deadline_ns - now, 4 * NS_PER_SECOND);

		count = delta * lapic_frequency / NS_PER_SECOND + 1;
	}
	lapic_timer_set(count > ~0u ? ~0u : (uint32_t)count);
}
