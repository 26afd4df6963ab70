/* SPDX-License-Identifier: MIT */
/*
 * A hostile TPM: the input decides every response, the burst counts and the register faults, while
 * the whole measurement sequence runs, and then checkpoints.  Nothing may overflow, spin without
 * end, or report "measured" when a command failed.
 */
#include <stdlib.h>
#include <string.h>
#include "sim/fake_tis.h"
#include "measured-boot/image/measure.h"
#include "measured-boot/image/tis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t left;
static bool broke; /* a response that no good TPM gives to this command */

static uint8_t next(void)
{
	if (!left) {
		return 0;
	}
	left--;
	return *input++;
}

/* What a well-behaved TPM answers, so that the input can reach the later commands. */
static size_t honest(const uint8_t *in, uint8_t *out)
{
	static const uint8_t banks[] = {0, 0,   0,   0,   5, 0,  0, 0,   2,   0,  11,
					3, 255, 255, 255, 0, 12, 3, 255, 255, 255};
	size_t len = 10;

	memset(out, 0, 256);
	switch (in[9]) {
	case 0x7A:
		memcpy(out + 10, banks, sizeof(banks));
		len += sizeof(banks);
		break;
	case 0x7B:
		out[11] = in[11];
		len += 2 + in[11];
		break;
	case 0x7E: /* one bank, one PCR: selection as asked, digest of all ones */
		memcpy(out + 14, in + 10, 10);
		out[27] = 1;
		out[29] = in[15] == 11 ? 32 : 48;
		memset(out + 30, 0xFF, out[29]);
		len += 4 + 10 + 4 + 2 + out[29];
		break;
	case 0x81:
		len += 25;
		break;
	default:
		len += 9;
		break;
	}
	out[0] = 0x80;
	out[1] = in[1];
	out[5] = len;
	return len;
}

static size_t execute(unsigned locality, const uint8_t *in, size_t len, uint8_t *out)
{
	size_t n = honest(in, out), flips, fill;
	uint8_t how = next();

	(void)locality;
	(void)len;
	if (how < 0x80) {
		return n;
	}
	fake_tis.burst = 1 + (how & 0x1F);
	if (how & 0x40) { /* garbage, perhaps with an honest header */
		fill = next() | (size_t)(next() & 0x0F) << 8;
		for (size_t i = how & 0x20 ? 6 : 0; i < fill; i++) {
			out[i] = next();
		}
		return fill > 10 ? fill : 10;
	}
	for (flips = next() & 3; flips; flips--) {
		uint8_t at = next();

		out[at] ^= next();
	}
	if (how & 0x20) { /* an error code */
		out[8] = next();
		out[9] = next();
		broke |= out[8] != 0 && out[8] != 9; /* 0x9xx may ask for a retry */
	}
	return n;
}

static void demand(bool condition)
{
	if (!condition) {
		abort();
	}
}

/* Checkpoints while the input decides who holds the TPM and how long it thinks. */
static void checkpoints(void)
{
	static const uint8_t record[184] = "CORBCKP1";
	bool under_way = false;

	for (unsigned calls = 0; left && calls < 200; calls++) {
		uint64_t before = fake_tis.now;
		uint8_t how = next();
		uint32_t error;

		fake_tis.delay = how & 7;
		fake_tis.grants = !(how & 8);
		if (how & 16 && fake_tis.active < 0) {
			fake_tis_write8(0, 0, 0x02); /* Dom0 takes it, */
		} else if (how & 32) {
			fake_tis_write8(0, 0, 0x20); /* or lets go */
		}
		fake_tis.fault = how & 64 ? next() % FAKE_TIS_fault_count : fake_tis.fault;
		error = measure_checkpoint(record, sizeof(record));
		demand(fake_tis.now - before < 10000000000ull);
		under_way = error == MEASURE_AGAIN;
		demand(under_way || measure_ok() == (error == 0));
		demand(under_way || !broke || error);
		if (!under_way) {
			demand(fake_tis.sticky || fake_tis.active != 2);
		}
		fake_tis.now += (uint64_t)how << 22; /* to 1 s */
	}
	broke &= !under_way; /* else its answer may not have been read yet */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t digest[48];
	const uint8_t *log;
	size_t len;
	uint8_t registers;

	input = data;
	left = size;
	broke = false;
	fake_tis_reset();
	registers = next();
	fake_tis.fault = registers < 0x40 ? registers % FAKE_TIS_fault_count : FAKE_TIS_good;
	fake_tis.sticky = registers & 0x80;
	fake_tis.execute = execute;
	measure_init((volatile uint8_t *)0xFED40000, fake_tis_now);
	measure_start();
	measure_config("console=com1");
	for (enum measure_kind kind = MEASURE_policy; kind < MEASURE_kind_end; kind++) {
		measure_file(kind, digest, digest, 1);
	}
	measure_cap();
	measure_protect();
	len = measure_log(&log);
	demand(len <= MEASURE_LOG_MAX && !(measure_ok() && broke));
	demand(fake_tis.now <= 120000000000ull && (fake_tis.sticky || fake_tis.active != 2));
	demand(measure_ok() == (measure_error() == 0) && (size || measure_ok()));
	checkpoints();
	demand(measure_ok() == (measure_error() == 0) && !(measure_ok() && broke));
	return 0;
}
