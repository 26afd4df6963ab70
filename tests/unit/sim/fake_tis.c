/* SPDX-License-Identifier: MIT */
/*
 * A register model of a TPM FIFO (TIS) interface with five localities, for unit tests and fuzzing.
 * Behaves as the interface specification says, unless told to misbehave; commands go to a hook.
 */
#include "sim/fake_tis.h"
#include "measured-boot/image/tis.h"
#include <assert.h>
#include <string.h>

struct fake_tis fake_tis;
#define f fake_tis

void fake_tis_reset(void)
{
	memset(&f, 0, sizeof(f));
	f.did_vid = 0x00011014;
	f.interface = 0x3000FFF0 & ~0xFu;
	f.grants = true;
	f.burst = 64;
}

uint64_t fake_tis_now(void)
{
	return f.now += 1000000;
}

static size_t wanted(void)
{
	return f.in_len < 6 ? 6 : (size_t)f.in[2] << 24 | f.in[3] << 16 | f.in[4] << 8 | f.in[5];
}

static void give_locality(int locality)
{
	f.active = locality;
	if (locality >= 0) {
		f.pending &= ~(1u << locality);
	}
	f.state = FAKE_idle;
	f.in_len = f.out_len = f.out_pos = 0;
}

static uint8_t access(unsigned locality)
{
	if (f.seized && f.hold && --f.hold == 0) {
		give_locality(locality);
		f.seized = 0;
	}
	if (f.fault == FAKE_TIS_absent) {
		return 0xFF;
	}
	return (f.fault == FAKE_TIS_not_valid ? 0x01 : 0x81) |
	       (f.active == (int)locality ? 0x20 : 0) | (f.pending & ~(1u << locality) ? 0x04 : 0) |
	       (f.pending & 1u << locality ? 0x02 : 0);
}

static uint32_t status(void)
{
	uint32_t sts = 0;

	if (f.fault == FAKE_TIS_dead) {
		return 0xFFFFFFFF;
	}
	if (f.state == FAKE_execution && f.fault != FAKE_TIS_never_avail && f.wait++ >= f.delay) {
		f.out_len = f.execute((unsigned)f.active, f.in, f.in_len, f.out);
		f.out_pos = 0;
		f.commands++;
		f.state = FAKE_completion;
	}
	switch (f.state) {
	case FAKE_ready:
		sts = 0x40;
		break;
	case FAKE_reception:
		sts = 0x80;
		if ((f.in_len < wanted() && f.fault != FAKE_TIS_never_expect) ||
		    f.fault == FAKE_TIS_always_expect) {
			sts |= 0x08;
		}
		break;
	case FAKE_completion:
		sts = 0x80 | (f.out_pos < f.out_len || f.fault == FAKE_TIS_extra_bytes ? 0x10 : 0);
		break;
	default:
		break;
	}
	f.room = f.burst;
	if (f.fault == FAKE_TIS_no_burst || (f.fault == FAKE_TIS_stalls && f.out_pos >= 10)) {
		f.room = 0;
	}
	if (f.state == FAKE_completion && f.out_len - f.out_pos < f.room &&
	    f.fault != FAKE_TIS_extra_bytes) {
		f.room = f.out_len - f.out_pos;
	}
	return sts | (uint32_t)f.room << 8;
}

uint8_t fake_tis_read8(unsigned locality, unsigned reg)
{
	assert(locality < 5);
	if (reg == 0) {
		return access(locality);
	}
	if (reg == 0x24 && f.active == (int)locality && f.state == FAKE_completion && f.room) {
		f.room--;
		return f.out_pos < f.out_len ? f.out[f.out_pos++] : 0xFF;
	}
	return 0xFF;
}

uint32_t fake_tis_read32(unsigned locality, unsigned reg)
{
	assert(locality < 5);
	if (reg == 0xF00) {
		return f.did_vid;
	}
	if (reg == 0x30) {
		return f.interface;
	}
	return reg == 0x18 && f.active == (int)locality ? status() : 0xFFFFFFFF;
}

static void write_access(unsigned locality, uint8_t value)
{
	if (value & 0x20 && f.active == (int)locality && !f.sticky) {
		give_locality(-1);
		for (int l = 4; l >= 0 && f.active < 0 && f.grants; l--) {
			if (f.pending & 1u << l) {
				give_locality(l);
			}
		}
	} else if (value & 0x02) {
		f.pending |= 1u << locality;
		if (f.active < 0 && f.grants) {
			give_locality((int)locality);
		}
	} else if (value & 0x08 && (int)locality > f.active && f.grants) {
		if (f.hold) {
			f.seized = 1;
		} else {
			give_locality((int)locality);
		}
	}
}

static void write_status(uint8_t value)
{
	if (value & 0x40 && f.fault != FAKE_TIS_never_ready) {
		f.state = FAKE_ready;
		f.in_len = f.out_len = f.out_pos = 0;
	} else if (value & 0x20 && f.state == FAKE_reception && f.in_len == wanted()) {
		f.state = FAKE_execution;
		f.wait = 0;
	}
}

void fake_tis_write8(unsigned locality, unsigned reg, uint8_t value)
{
	assert(locality < 5);
	if (reg == 0) {
		write_access(locality, value);
	} else if (f.active != (int)locality) {
		return;
	} else if (reg == 0x18) {
		write_status(value);
	} else if (reg == 0x24 && (f.state == FAKE_ready || f.state == FAKE_reception)) {
		f.state = FAKE_reception;
		assert(f.room && f.in_len < sizeof(f.in)); /* the driver must respect the burst */
		f.room--;
		f.in[f.in_len++] = value;
	}
}
