/* SPDX-License-Identifier: MIT */
/*
 * The checkpoint in PCR 22, against a real swtpm behind the register model: its value in every
 * bank, its manners towards locality 0, and that whatever goes wrong in any step leaves the host
 * unmeasured for good and the TPM to Dom0.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "abi/log.h"
#include "sim/fake_tis.h"
#include "sim/swtpm.h"
#include "measured-boot/image/measure.h"
#include "measured-boot/image/tis.h"

#define SECOND 1000000000ull
/* Of the model's clock, which a look moves by 1 ms: no call may wait for anything. */
#define CALL_NS (SECOND / 2)

enum how { HOW_good, HOW_error, HOW_retry, HOW_tag, HOW_short, HOW_long, HOW_huge, HOW_count };

static unsigned wrong_at;  /* number of the command that is answered wrongly, 0: none */
static enum how wrong_how; /* and in which way */
static bool busy;          /* every command is to be sent again */
static struct corbel_checkpoint record;

static size_t execute(unsigned locality, const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t answer[64] = {0x80, 2, 0, 0, 0, 19};
	bool wrong = fake_tis.commands + 1 == wrong_at;

	if (busy) {
		wrong = true;
		wrong_how = HOW_retry;
	}
	switch (wrong ? wrong_how : HOW_good) {
	case HOW_error:
		memcpy(out, (uint8_t[10]){0x80, 1, 0, 0, 0, 10, 0, 0, 0x01, 0x01}, 10);
		return 10;
	case HOW_retry:
		memcpy(out, (uint8_t[10]){0x80, 1, 0, 0, 0, 10, 0, 0, 0x09, 0x22}, 10);
		return 10;
	case HOW_tag:
		answer[1] = 1;
		memcpy(out, answer, 19);
		return 19;
	case HOW_short:
		answer[5] = 12;
		memcpy(out, answer, 12);
		return 12;
	case HOW_long: /* parameters where none belong */
		answer[5] = 23;
		answer[13] = 4;
		memcpy(out, answer, 23);
		return 23;
	case HOW_huge:
		answer[4] = 0xFF;
		memcpy(out, answer, 64);
		return 64;
	default:
		return swtpm_execute(locality, in, len, out);
	}
}

static int power_on(void **state)
{
	static const uint8_t digest[48];

	(void)state;
	swtpm_power_cycle();
	fake_tis_reset();
	fake_tis.execute = execute;
	wrong_at = 0;
	busy = false;
	measure_init((volatile uint8_t *)0xFED40000, fake_tis_now);
	measure_start();
	measure_config("console=com1");
	for (enum measure_kind kind = MEASURE_policy; kind < MEASURE_kind_end; kind++) {
		measure_file(kind, digest, digest, 1);
	}
	measure_cap();
	assert_int_equal(measure_checkpoint(&record, sizeof(record)), MEASURE_ERR_order);
	measure_protect();
	assert_true(measure_ok());
	assert_int_equal(fake_tis.active, -1);
	memcpy(record.magic, CORBEL_CHECKPOINT_MAGIC, sizeof(record.magic));
	record.size++;
	return 0;
}

static uint32_t call(void)
{
	uint64_t before = fake_tis.now;
	uint32_t error = measure_checkpoint(&record, sizeof(record));

	assert_true(fake_tis.now - before < CALL_NS);
	return error;
}

/* Until it is done, or for so long: a call takes some ms of the model's time. */
static uint32_t calls(uint64_t ns, unsigned *count)
{
	uint64_t end = fake_tis.now + ns;
	uint32_t error;
	unsigned n = 0;

	do {
		error = call();
		n++;
	} while (error == MEASURE_AGAIN && fake_tis.now < end);
	if (count) {
		*count = n;
	}
	return error;
}

/* ---- PCR 22 -------------------------------------------------------------------------------- */

static void check_pcr(const char *bank, const void *bytes, int none)
{
	char command[512], name[128];
	const EVP_MD *md = EVP_get_digestbyname(bank);
	unsigned size = (unsigned)EVP_MD_get_size(md);
	uint8_t both[128] = {0}, want[64], got[64];
	FILE *f;

	snprintf(name, sizeof(name), "%s/pcr22", swtpm_dir());
	snprintf(command, sizeof(command), "tpm2_pcrread -Q -T swtpm:path=%s -o %s %s:22 2>&1",
		 swtpm_path(), name, bank);
	swtpm_disconnect();
	assert_int_equal(system(command), 0);
	swtpm_connect();
	f = fopen(name, "rb");
	assert_non_null(f);
	assert_int_equal(fread(got, 1, sizeof(got), f), size);
	fclose(f);
	if (bytes) {
		EVP_Digest(bytes, sizeof(record), both + size, NULL, md, NULL);
		EVP_Digest(both, 2 * size, want, NULL, md, NULL);
	} else {
		memset(want, none, sizeof(want));
	}
	assert_memory_equal(got, want, size);
}

static void check_banks(const void *bytes)
{
	check_pcr("sha256", bytes, 0);
	check_pcr("sha384", bytes, 0);
}

/* Nothing that a verifier would take for a checkpoint. */
static void check_no_checkpoint(int byte)
{
	check_pcr("sha256", NULL, byte);
	check_pcr("sha384", NULL, byte);
}

/* H(0, H(record)), whatever was there before; two commands; the locality is given back. */
static void value(void **state)
{
	unsigned commands = fake_tis.commands;

	(void)state;
	for (unsigned i = 1; i < 4; i++) {
		memset(record.nonce, (int)i, sizeof(record.nonce));
		assert_int_equal(calls(SECOND, NULL), 0);
		assert_int_equal(fake_tis.active, -1);
		assert_int_equal(fake_tis.commands, commands + 2 * i);
		check_banks(&record);
	}
	assert_true(measure_ok());
}

/* The TPM takes its time: many calls, each of which comes back at once; the first record counts. */
static void slow_tpm(void **state)
{
	struct corbel_checkpoint first = record;
	unsigned n;

	(void)state;
	fake_tis.delay = 40;
	assert_int_equal(call(), MEASURE_AGAIN);
	record.size += 77;
	assert_int_equal(calls(4 * SECOND, &n), 0);
	assert_true(n > 60);
	fake_tis.delay = 0;
	check_banks(&first);
	assert_int_equal(calls(SECOND, NULL), 0);
	check_banks(&record);
}

/* The firmware's log comes before ours. */
static void late_log(void **state)
{
	(void)state;
	measure_init((volatile uint8_t *)0xFED40000, fake_tis_now);
	measure_start();
	assert_false(measure_firmware_log("log", 3));
	measure_protect(); /* lets the TPM go */
}

/* Each time that the TPM starts is counted. */
static void counts(void **state)
{
	uint32_t first, second, restarts;

	measure_counts(&first, &restarts);
	power_on(state);
	measure_counts(&second, &restarts);
	assert_int_equal(second, first + 1);
}

/* An answer that has come counts, however late somebody looks; to be put off for ever does not. */
static void late(void **state)
{
	(void)state;
	assert_int_equal(call(), MEASURE_AGAIN);
	fake_tis.now += 10 * SECOND;
	assert_int_equal(call(), MEASURE_AGAIN);
	fake_tis.now += 10 * SECOND;
	assert_int_equal(call(), 0);
	check_banks(&record);
	busy = true;
	assert_int_equal(calls(10 * SECOND, NULL), MEASURE_ERR_timeout);
	assert_false(measure_ok());
}

/* ---- locality 0 ----------------------------------------------------------------------------- */

/* Dom0's driver is in the middle of a command. */
static void dom0_works(void)
{
	fake_tis_write8(0, 0, 0x02);
	assert_int_equal(fake_tis.active, 0);
	fake_tis_write8(0, 0x18, 0x40);
	assert_true(fake_tis_read32(0, 0x18) & 0x40);
	fake_tis_write8(0, 0x24, 0x80);
	assert_int_equal(fake_tis.state, FAKE_reception);
}

static void polite(void **state)
{
	(void)state;
	dom0_works();
	assert_int_equal(calls(SECOND * 9 / 10, NULL), MEASURE_AGAIN);
	assert_int_equal(fake_tis.active, 0);
	assert_int_equal(fake_tis.state, FAKE_reception); /* its command is as it was */
	assert_int_equal(fake_tis.in_len, 1);
	fake_tis_write8(0, 0, 0x20); /* it lets go, and we have asked */
	assert_int_equal(fake_tis.active, 2);
	assert_int_equal(calls(SECOND, NULL), 0);
	assert_int_equal(fake_tis.active, -1);
	check_banks(&record);
}

static void firm(void **state)
{
	uint64_t start;

	(void)state;
	dom0_works();
	start = fake_tis.now;
	while (fake_tis.active == 0) {
		assert_int_equal(call(), MEASURE_AGAIN);
		assert_true(fake_tis.now - start < 2 * SECOND);
	}
	assert_true(fake_tis.now - start > SECOND);
	assert_int_equal(calls(SECOND, NULL), 0);
	assert_int_equal(fake_tis.active, -1); /* not left to lock Dom0 out */
	check_banks(&record);
	fake_tis_write8(0, 0, 0x02);
	assert_int_equal(fake_tis.active, 0);
}

/* A seizure is granted late, or not for as long as Dom0's long command runs. */
static void never_granted(void **state)
{
	(void)state;
	dom0_works();
	fake_tis.grants = false;
	assert_int_equal(calls(20 * SECOND, NULL), MEASURE_AGAIN);
	assert_true(measure_ok()); /* nothing is wrong yet */
	assert_int_equal(fake_tis.active, 0);
	fake_tis.grants = true;
	assert_int_equal(calls(SECOND, NULL), 0);
	check_banks(&record);
}

/* ---- errors --------------------------------------------------------------------------------- */

/* Unmeasured from here on, with the first error; nobody asks the TPM again, nobody holds it. */
static void check_failed(uint32_t error)
{
	uint32_t resets, restarts;
	unsigned commands;

	assert_int_not_equal(error, 0);
	assert_int_not_equal(error, MEASURE_AGAIN);
	assert_false(measure_ok());
	assert_int_equal(measure_error(), error);
	measure_counts(&resets, &restarts);
	assert_int_equal(resets, 0);
	assert_int_equal(restarts, 0);
	assert_int_not_equal(fake_tis.active, 2);
	fake_tis.fault = FAKE_TIS_good;
	wrong_at = 0;
	commands = fake_tis.commands;
	assert_int_equal(call(), error);
	assert_int_equal(fake_tis.commands, commands);
	assert_int_equal(fake_tis.active, -1);
	assert_int_equal(fake_tis.pending, 0);
}

static void wrong_answers(void **state)
{
	static const uint32_t wanted[HOW_count] = {
		[HOW_error] = 0x101,
		[HOW_tag] = MEASURE_ERR_response,
		[HOW_short] = MEASURE_ERR_response,
		[HOW_long] = MEASURE_ERR_response,
		[HOW_huge] = MEASURE_ERR_response,
	};

	(void)state;
	for (unsigned command = 1; command <= 2; command++) {
		for (enum how how = HOW_error; how < HOW_count; how++) {
			uint32_t error;

			power_on(NULL);
			wrong_at = fake_tis.commands + command;
			wrong_how = how;
			error = calls(10 * SECOND, NULL);
			if (how == HOW_retry) { /* it is only asked again */
				assert_int_equal(error, 0);
				assert_int_equal(fake_tis.commands, wrong_at + 3 - command);
				check_banks(&record);
			} else {
				assert_int_equal(error, wanted[how]);
				assert_int_equal(fake_tis.commands, wrong_at);
				check_failed(error);
				check_no_checkpoint(command == 1 ? 0xFF : 0);
			}
		}
	}
}

/* The registers go wrong before the first command, or between the two. */
static void faults(void **state)
{
	static const uint32_t wanted[FAKE_TIS_fault_count] = {
		[FAKE_TIS_never_ready] = MEASURE_ERR_timeout,
		[FAKE_TIS_no_burst] = MEASURE_ERR_timeout,
		[FAKE_TIS_never_expect] = MEASURE_ERR_timeout,
		[FAKE_TIS_always_expect] = MEASURE_ERR_timeout,
		[FAKE_TIS_never_avail] = MEASURE_ERR_timeout,
		[FAKE_TIS_extra_bytes] = MEASURE_ERR_protocol,
		[FAKE_TIS_dead] = MEASURE_ERR_protocol,
	};

	(void)state;
	for (unsigned steps = 0; steps < 2; steps++) {
		for (enum fake_tis_fault fault = FAKE_TIS_never_ready; fault < FAKE_TIS_fault_count;
		     fault++) {
			uint32_t error = MEASURE_AGAIN;
			uint64_t start;

			power_on(NULL);
			for (unsigned i = 0; i < steps; i++) {
				assert_int_equal(call(), MEASURE_AGAIN);
			}
			fake_tis.fault = fault;
			start = fake_tis.now;
			while (error == MEASURE_AGAIN) {
				error = measure_checkpoint(&record, sizeof(record));
				assert_true(fake_tis.now - start < 5 * SECOND);
			}
			/* What comes after the size may be the stuck register itself. */
			if (error != wanted[fault]) {
				fail_msg("fault %u after %u calls: error %x", fault, steps, error);
			}
			check_failed(error);
		}
	}
}

/* Dom0 makes the TPM start anew, if the board lets it: the value that guards PCR 22 is gone, and
 * with it the right to say that the host is measured. */
static void tpm_reset(void **state)
{
	(void)state;
	assert_int_equal(calls(SECOND, NULL), 0);
	swtpm_power_cycle();
	check_failed(calls(SECOND, NULL));
	check_no_checkpoint(0xFF);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, power_on)
	const struct CMUnitTest tests[] = {
		TEST(value),         TEST(slow_tpm), TEST(late),      TEST(late_log),
		TEST(counts),        TEST(polite),   TEST(firm),      TEST(never_granted),
		TEST(wrong_answers), TEST(faults),   TEST(tpm_reset),
	};
	int failures;

	swtpm_start("sha256,sha384");
	failures = cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
	swtpm_stop();
	return failures;
}
