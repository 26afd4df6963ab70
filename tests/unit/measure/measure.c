/* SPDX-License-Identifier: MIT */
/*
 * The measurement core against a real swtpm behind the register model: PCR 17-19 read back by
 * tpm2_pcrread must equal what this file computes from the record's description with OpenSSL, in
 * every bank; the event log must replay; every failing command must end in "unmeasured".
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "sim/fake_tis.h"
#include "measure/measure_expected.h"
#include "sim/swtpm.h"
#include "measured-boot/image/measure.h"
#include "measured-boot/image/tis.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static unsigned fail_at;       /* number of the command that gets an error, 0: none */
static uint32_t refuse_auth;   /* response code of TPM2_PCR_SetAuthValue, 0: as swtpm answers */
static bool random_asked;      /* TPM2_GetRandom went by */
static uint8_t group_auth[32]; /* as it went by in it */
static volatile uint8_t *const somewhere = (volatile uint8_t *)0xFED40000;

static size_t execute(unsigned locality, const uint8_t *in, size_t len, uint8_t *out)
{
	static const uint8_t broken[10] = {0x80, 1, 0, 0, 0, 10, 0, 0, 0x01, 0x01};

	if (fake_tis.commands + 1 == fail_at) {
		memcpy(out, broken, sizeof(broken));
		return sizeof(broken);
	}
	if (in[8] == 0x01 && in[9] == 0x83 && refuse_auth) {
		memcpy(out, broken, sizeof(broken));
		out[8] = refuse_auth >> 8;
		out[9] = refuse_auth & 0xFF;
		return sizeof(broken);
	}
	random_asked |= in[8] == 0x01 && in[9] == 0x7B;
	if (len == 61 && in[8] == 0x01 && in[9] == 0x83) {
		memcpy(group_auth, in + len - 32, 32);
	}
	return swtpm_execute(locality, in, len, out);
}

static void power_on(void)
{
	swtpm_power_cycle();
	fake_tis_reset();
	fake_tis.execute = execute;
	fail_at = 0;
	refuse_auth = 0;
}

static void measure_files(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t a[32], b[48];

		EVP_Digest(expected_file[i].bytes, strlen(expected_file[i].bytes), a, NULL,
			   EVP_sha256(), NULL);
		EVP_Digest(expected_file[i].bytes, strlen(expected_file[i].bytes), b, NULL,
			   EVP_sha384(), NULL);
		measure_file(expected_file[i].kind, a, b, strlen(expected_file[i].bytes));
	}
}

static void measure_all(void)
{
	measure_init(somewhere, fake_tis_now);
	measure_start();
	measure_config(EXPECTED_CMDLINE);
	measure_files(EXPECTED_FILES);
	measure_cap();
	measure_protect();
}

/* ---- checks ---- */

static uint32_t rc_at(unsigned locality, const void *command, size_t len)
{
	uint8_t out[4096];

	swtpm_execute(locality, command, len, out);
	return (uint32_t)out[6] << 24 | out[7] << 16 | out[8] << 8 | out[9];
}

/* Reads PCR 17-19 of one bank with the stock tool. */
static void read_pcrs(const struct expected_bank *b, uint8_t out[3][64])
{
	char command[512], name[128];
	FILE *f;

	snprintf(name, sizeof(name), "%s/pcrs", swtpm_dir());
	snprintf(command, sizeof(command),
		 "tpm2_pcrread -Q -T swtpm:path=%s -o %s %s:17,18,19 2>&1", swtpm_path(), name,
		 b->name);
	swtpm_disconnect();
	assert_int_equal(system(command), 0);
	swtpm_connect();
	f = fopen(name, "rb");
	assert_non_null(f);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fread(out[i], 1, b->size, f), b->size);
	}
	assert_int_equal(fgetc(f), EOF);
	fclose(f);
}

static uint32_t get(const uint8_t **p, int n)
{
	uint32_t v = 0;

	for (int i = 0; i < n; i++) {
		v |= (uint32_t) * (*p)++ << 8 * i;
	}
	return v;
}

/* Replays our part of the log for one bank; returns how many separators with `flag` it saw. */
static unsigned replay(const struct expected_bank *b, uint8_t pcr[3][64], uint32_t flag)
{
	const uint8_t *log, *end, *p;
	unsigned separators = 0;
	size_t len = measure_log(&log);

	memset(pcr, 0xFF, 3 * 64);
	for (p = log, end = log + len; p < end;) {
		unsigned index = get(&p, 4), type = get(&p, 4), count = get(&p, 4), size;
		const uint8_t *mine = NULL;
		uint8_t both[128];

		assert_in_range(index, 17, 19);
		for (unsigned i = 0; i < count; i++) {
			unsigned alg = get(&p, 2);

			for (size_t n = 0; n < EXPECTED_BANKS; n++) {
				if (expected_bank[n].alg == alg) {
					mine = expected_bank + n == b ? p : mine;
					p += expected_bank[n].size;
				}
			}
		}
		size = get(&p, 4);
		assert_non_null(mine);
		memcpy(both, pcr[index - 17], b->size);
		memcpy(both + b->size, mine, b->size);
		EVP_Digest(both, 2 * b->size, pcr[index - 17], NULL, EVP_get_digestbyname(b->name),
			   NULL);
		separators += type == EVENTLOG_SEPARATOR && size == 4 && p[0] == flag;
		p += size;
	}
	assert_ptr_equal(p, end);
	return separators;
}

static void check_chain(const char *banks)
{
	power_on();
	measure_all();
	assert_int_equal(measure_error(), 0);
	assert_true(measure_ok());
	assert_int_equal(fake_tis.active, -1);
	for (size_t i = 0; i < EXPECTED_BANKS; i++) {
		uint8_t got[3][64], again[3][64], want[64];

		if (!strstr(banks, expected_bank[i].name)) {
			continue;
		}
		read_pcrs(&expected_bank[i], got);
		assert_int_equal(replay(&expected_bank[i], again, 0), 3);
		for (unsigned pcr = 17; pcr <= 19; pcr++) {
			expected_pcr(&expected_bank[i], pcr, want);
			assert_memory_equal(got[pcr - 17], want, expected_bank[i].size);
			assert_memory_equal(again[pcr - 17], want, expected_bank[i].size);
		}
	}
}

static void chain(void **state)
{
	check_chain(*state);
}

/* The stock decoder reads firmware log and our records as one. */
static void stock_decoder(void **state)
{
	static const uint8_t spec_id[] = {
		0,   0,   0,   0,   3,    0,   0,   0,   0,    0,   0,   0,   0,   0,
		0,   0,   0,   0,   0,    0,   0,   0,   0,    0,   0,   0,   0,   0,
		37,  0,   0,   0,   'S',  'p', 'e', 'c', ' ',  'I', 'D', ' ', 'E', 'v',
		'e', 'n', 't', '0', '3',  0,   0,   0,   0,    0,   0,   2,   0,   2,
		2,   0,   0,   0,   0x0B, 0,   32,  0,   0x0C, 0,   48,  0,   0,
	};
	char name[128], command[512];
	const uint8_t *log;
	size_t len;
	FILE *f;

	(void)state;
	power_on();
	measure_init(somewhere, fake_tis_now);
	assert_false(measure_firmware_log(spec_id, MEASURE_FW_LOG_MAX + 1));
	assert_true(measure_firmware_log(spec_id, sizeof(spec_id)));
	assert_false(measure_firmware_log(spec_id, sizeof(spec_id)));
	measure_start();
	assert_false(measure_firmware_log(spec_id, sizeof(spec_id)));
	measure_config(EXPECTED_CMDLINE);
	measure_files(EXPECTED_FILES);
	measure_cap();
	measure_protect();
	assert_true(measure_ok());
	len = measure_log(&log);
	assert_true(len > sizeof(spec_id) && len < 4096);
	snprintf(name, sizeof(name), "%s/log.bin", swtpm_dir());
	f = fopen(name, "wb");
	assert_int_equal(fwrite(log, 1, len, f), len);
	fclose(f);
	snprintf(command, sizeof(command),
		 "tpm2_eventlog %s 2>&1 | grep -c 'EventType: EV_EVENT_TAG' | grep -qx 6", name);
	assert_int_equal(system(command), 0);
}

/* What Dom0, at locality 0, can no longer do. */
static void locality_zero(void **state)
{
	static const uint8_t set_auth[] = {0x80, 2, 0, 0,    0, 29, 0, 0, 1, 0x83, 0, 0, 0, 20, 0,
					   0,    0, 9, 0x40, 0, 0,  9, 0, 0, 0,    0, 0, 0, 0};
	uint8_t with_auth[27 + 32];
	static const uint8_t reset[] = {0x80, 2, 0, 0, 0,    27, 0, 0, 1, 0x3D, 0, 0, 0, 20,
					0,    0, 0, 9, 0x40, 0,  0, 9, 0, 0,    0, 0, 0};
	static const uint8_t extend[] = {0x80, 2, 0,    0, 0, 31, 0, 0, 1, 0x82, 0, 0, 0, 17, 0, 0,
					 0,    9, 0x40, 0, 0, 9,  0, 0, 0, 0,    0, 0, 0, 0,  0};

	(void)state;
	power_on();
	assert_int_equal(rc_at(0, set_auth, sizeof(set_auth)), 0); /* the attack works before .. */
	power_on();
	random_asked = false;
	measure_all();
	assert_true(measure_ok());
	assert_true(random_asked);
	assert_int_equal(rc_at(0, set_auth, sizeof(set_auth)), 0x9A2); /* .. and not after */
	assert_int_equal(rc_at(0, reset, sizeof(reset)), 0x9A2);
	assert_int_equal(rc_at(0, extend, sizeof(extend)), 0x907);
	assert_int_equal(rc_at(2, reset, sizeof(reset)), 0x9A2); /* not without the value .. */
	memcpy(with_auth, reset, sizeof(reset));
	with_auth[5] += 32;
	with_auth[17] += 32;
	with_auth[26] = 32;
	memcpy(with_auth + 27, group_auth, 32);
	assert_int_equal(rc_at(0, with_auth, sizeof(with_auth)), 0x907);
	assert_int_equal(rc_at(2, with_auth, sizeof(with_auth)), 0); /* .. but with it */
}

/* A PC-client TPM has no way to give the group a value; then nobody has one. */
static void no_such_command(void **state)
{
	static const uint32_t meant[] = {0x143, 0x84, 0x184},
			      other[] = {0x101, 0x9A2, 0x184 + 0x100};
	static const uint8_t record[100] = "checkpoint";

	(void)state;
	for (size_t i = 0; i < COUNT(meant); i++) {
		uint32_t error;

		power_on();
		refuse_auth = meant[i];
		measure_all();
		assert_true(measure_ok());
		assert_int_equal(measure_banks(), 2 | 4);
		do {
			error = measure_checkpoint(record, sizeof(record));
		} while (error == MEASURE_AGAIN);
		assert_int_equal(error, 0); /* reset and extend with the empty value */
		assert_true(measure_ok());
	}
	for (size_t i = 0; i < COUNT(other); i++) {
		power_on();
		refuse_auth = other[i];
		measure_all();
		assert_int_equal(measure_error(), other[i]);
		assert_int_equal(measure_banks(), 0);
	}
}

/* Each command fails once: unmeasured, bounded, locality given back, error separators if it can. */
static void every_failure(void **state)
{
	unsigned total, capped = 0;

	(void)state;
	power_on();
	measure_all();
	total = fake_tis.commands;
	for (unsigned at = 1; at <= total; at++) {
		uint32_t resets, restarts;
		uint8_t pcr[3][64], got[3][64];

		power_on();
		fail_at = at;
		measure_all();
		assert_false(measure_ok());
		assert_int_equal(measure_error(), 0x101);
		measure_counts(&resets, &restarts);
		assert_int_equal(resets, 0);
		assert_int_equal(restarts, 0);
		assert_int_equal(fake_tis.active, -1);
		replay(&expected_bank[1], pcr, 0);
		read_pcrs(&expected_bank[1], got);
		for (int i = 0; i < 3; i++) {
			assert_memory_equal(pcr[i], got[i], 32);
		}
		/* Command 1 finds the banks; the last five are separators and the group's value. */
		if (at == 1 || at >= total - 1) { /* nothing to close, nothing to protect with */
			assert_int_equal(fake_tis.commands, at);
		}
		/* The first error is the one that is told. */
		measure_config("");
		assert_int_equal(measure_error(), 0x101);
		if (at > 1 && at < total - 4) {
			assert_int_equal(replay(&expected_bank[1], pcr, 1), 3);
			capped++;
		}
	}
	assert_true(capped > 10);
}

static void start_value(void **state)
{
	static uint8_t extend[27 + 4 + 2 + 32] = {
		0x80, 2,    0, 0, 0, 65, 0, 0, 1, 0x82, 0, 0, 0, 18, 0, 0,    0,
		9,    0x40, 0, 0, 9, 0,  0, 0, 0, 0,    0, 0, 0, 1,  0, 0x0B,
	};
	uint8_t pcr[3][64];

	(void)state;
	power_on();
	assert_int_equal(rc_at(2, extend, sizeof(extend)), 0);
	measure_all();
	assert_false(measure_ok());
	assert_int_equal(measure_error(), MEASURE_ERR_start_value);
	assert_int_equal(replay(&expected_bank[1], pcr, 1), 3);
}

static void order(void **state)
{
	static const uint8_t zero[48];

	(void)state;
	for (int variant = 0; variant < 9; variant++) {
		power_on();
		measure_init(somewhere, fake_tis_now);
		if (variant != 0) {
			measure_start();
		}
		if (variant == 6) { /* the first record is no file's */
			measure_file(MEASURE_config, zero, zero, 1);
		} else {
			measure_config(EXPECTED_CMDLINE);
		}
		if (variant == 1) {
			measure_config(EXPECTED_CMDLINE);
		} else if (variant == 2) {
			measure_file(MEASURE_builder, zero, zero, 1);
		} else if (variant == 3) {
			measure_file(MEASURE_kind_end, zero, zero, 1);
		} else if (variant == 4) {
			measure_file(MEASURE_config, zero, zero, 1);
		}
		if (variant == 8) { /* a kernel twice, where an initrd may be left out */
			measure_files(EXPECTED_FILES - 1);
			measure_file(MEASURE_kernel, zero, zero, 1);
		} else {
			measure_files(variant == 5 ? 3 : EXPECTED_FILES);
		}
		if (variant == 7) { /* nor is the one after the last */
			measure_file(MEASURE_kind_end, zero, zero, 1);
		}
		measure_cap();
		measure_protect();
		assert_false(measure_ok());
		assert_int_equal(measure_error(), MEASURE_ERR_order);
		assert_int_equal(fake_tis.active, variant ? -1 : 0);
	}
	/* No initrd is a chain of its own, not an error. */
	power_on();
	measure_init(somewhere, fake_tis_now);
	measure_start();
	measure_config("");
	measure_files(EXPECTED_FILES - 1);
	measure_cap();
	measure_protect();
	assert_true(measure_ok());
}

static void too_long(void **state)
{
	static char cmdline[EVENTLOG_TEXT_MAX + 2];

	(void)state;
	for (int more = 0; more < 2; more++) {
		memset(cmdline, 'x', EVENTLOG_TEXT_MAX + more);
		power_on();
		measure_init(somewhere, fake_tis_now);
		measure_start();
		measure_config(cmdline);
		assert_int_equal(measure_error(), more ? MEASURE_ERR_log_full : 0);
		measure_cap();
		measure_protect();
	}
}

static void no_tpm(void **state)
{
	const uint8_t *log;

	(void)state;
	fake_tis_reset();
	measure_init(NULL, fake_tis_now);
	assert_true(measure_firmware_log("log", 3));
	assert_false(measure_firmware_log("log", 3));
	measure_start();
	measure_config(EXPECTED_CMDLINE);
	measure_file(MEASURE_policy, NULL, NULL, 0);
	measure_file(MEASURE_builder, NULL, NULL, 0);
	measure_file(MEASURE_plan, NULL, NULL, 0);
	measure_file(MEASURE_kernel, NULL, NULL, 0);
	measure_cap();
	measure_protect();
	assert_false(measure_ok());
	assert_int_equal(measure_error(), MEASURE_ERR_no_tpm);
	assert_int_equal(measure_log(&log), 3);
	fake_tis.interface = 1;
	measure_init(somewhere, fake_tis_now);
	assert_int_equal(measure_error(), MEASURE_ERR_interface);
}

static void unusable_banks(void **state)
{
	(void)state;
	power_on();
	measure_all();
	assert_false(measure_ok());
	assert_int_equal(measure_error(), MEASURE_ERR_banks);
	assert_int_equal(fake_tis.active, -1);
}

static int with_banks(void **state)
{
	swtpm_start(*state);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	swtpm_stop();
	return 0;
}

#define TEST(function, banks)                                                                      \
	{                                                                                          \
#function " (" banks ")", function, with_banks, stop, (void *)banks                \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(chain, "sha256,sha384"),
		TEST(chain, "sha256"),
		TEST(chain, "sha1,sha256,sha384,sha512"),
		TEST(unusable_banks, "sha512"),
		TEST(unusable_banks, "sha384"),
		TEST(stock_decoder, "sha256,sha384"),
		TEST(locality_zero, "sha256,sha384"),
		TEST(no_such_command, "sha256,sha384"),
		TEST(every_failure, "sha256,sha384"),
		TEST(start_value, "sha256,sha384"),
		TEST(order, "sha256"),
		TEST(too_long, "sha256"),
		cmocka_unit_test(no_tpm),
	};

	if (measure_ok()) {
		return 1; /* before there was anything */
	}
	return cmocka_run_group_tests_name("measure", tests, NULL, NULL);
}
