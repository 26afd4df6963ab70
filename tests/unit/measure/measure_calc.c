/* SPDX-License-Identifier: MIT */
/*
 * The off-line calculator against the measurement core on a real swtpm: both get the same files,
 * PCR 17, 18 and 19 must be equal in both banks, with and without an initrd.  PCR 4, 8 and 9 are
 * checked against the plain definition here, and against OVMF and GRUB by tests/system/reference.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "sim/fake_tis.h"
#include "sim/swtpm.h"
#include "measured-boot/image/measure.h"
#include "measured-boot/image/tpm2.h"
#include "measured-boot/reference/calc.h"

static const char *const string[CALC_FILES] = {"console=com1 debug", "policy", "builder", "plan",
					       "kernel quiet",       "initrd"};
static char path[CALC_FILES][128];
static struct calc_file file[CALC_FILES];
static uint8_t grub[CALC_BANKS][64] = {{1, 2, 3}, {4, 5, 6}};

static int setup(void **state)
{
	(void)state;
	swtpm_start("sha256,sha384");
	for (unsigned i = 0; i < CALC_FILES; i++) {
		FILE *f;

		snprintf(path[i], sizeof(path[i]), "%s/file%u", swtpm_dir(), i);
		f = fopen(path[i], "wb");
		for (unsigned n = 0; n < 70000 * i + 1; n++) {
			fputc((int)(n * 7 + i), f);
		}
		fclose(f);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swtpm_stop();
	return 0;
}

static void read_files(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		file[i].path = path[i];
		file[i].string = string[i];
		assert_true(calc_read(&file[i]));
		assert_int_equal(file[i].size, 70000 * i + 1);
	}
}

static void compare(unsigned count)
{
	struct tis tis = {.now_ns = fake_tis_now};
	struct calc_pcr pcr[CALC_PCRS];
	uint8_t value[64];

	read_files(count);
	assert_true(calc_chain((const uint8_t(*)[64])grub, file, count, pcr));
	swtpm_power_cycle();
	fake_tis_reset();
	fake_tis.execute = swtpm_execute;
	measure_init((volatile uint8_t *)0xFED40000, fake_tis_now);
	measure_start();
	measure_config(string[0]);
	for (unsigned i = 1; i < count; i++) {
		measure_file(MEASURE_config + i, file[i].digest[0], file[i].digest[1],
			     file[i].size);
	}
	measure_cap();
	measure_protect();
	assert_true(measure_ok());
	assert_int_equal(tis_take(&tis, 0), 0);
	for (unsigned i = 3; i < CALC_PCRS; i++) {
		assert_int_equal(tpm2_pcr_read(&tis, pcr[i].index, TPM_ALG_SHA256, 32, value), 0);
		assert_memory_equal(value, pcr[i].value[0], 32);
		assert_int_equal(tpm2_pcr_read(&tis, pcr[i].index, TPM_ALG_SHA384, 48, value), 0);
		assert_memory_equal(value, pcr[i].value[1], 48);
	}
}

static void with_initrd(void **state)
{
	(void)state;
	compare(CALC_FILES);
}

static void without_initrd(void **state)
{
	(void)state;
	compare(CALC_FILES - 1);
}

static void loader(void **state)
{
	uint8_t both[64], pcr8[32] = {0}, pcr9[32] = {0};
	struct calc_pcr pcr[CALC_PCRS];

	(void)state;
	read_files(CALC_FILES);
	assert_true(calc_chain((const uint8_t(*)[64])grub, file, CALC_FILES, pcr));
	for (unsigned i = 0; i < CALC_FILES; i++) {
		memcpy(both, pcr8, 32);
		EVP_Digest(string[i], strlen(string[i]), both + 32, NULL, EVP_sha256(), NULL);
		EVP_Digest(both, 64, pcr8, NULL, EVP_sha256(), NULL);
		memcpy(both, pcr9, 32);
		memcpy(both + 32, file[i].digest[0], 32);
		EVP_Digest(both, 64, pcr9, NULL, EVP_sha256(), NULL);
	}
	assert_memory_equal(pcr[1].value[0], pcr8, 32);
	assert_memory_equal(pcr[2].value[0], pcr9, 32);
}

static void firmware(void **state)
{
	static const char action[] = "Calling EFI Application from Boot Option";
	const uint8_t *const event[3] = {(const uint8_t *)action, (const uint8_t *)"\0\0\0\0",
					 NULL};
	const size_t size[3] = {sizeof(action) - 1, 4, 0};
	uint8_t both[96], pcr4[48] = {0};
	struct calc_pcr pcr[CALC_PCRS];

	(void)state;
	read_files(CALC_FILES);
	assert_true(calc_chain((const uint8_t(*)[64])grub, file, CALC_FILES, pcr));
	assert_int_equal(pcr[0].index, 4);
	for (unsigned i = 0; i < 3; i++) {
		memcpy(both, pcr4, 48);
		memcpy(both + 48, grub[1], 48);
		if (event[i]) {
			EVP_Digest(event[i], size[i], both + 48, NULL, EVP_sha384(), NULL);
		}
		EVP_Digest(both, 96, pcr4, NULL, EVP_sha384(), NULL);
	}
	assert_memory_equal(pcr[0].value[1], pcr4, 48);
}

static void bad_files(void **state)
{
	struct calc_file bad = {.path = "/nonexistent/file", .string = ""};
	struct calc_pcr pcr[CALC_PCRS];

	(void)state;
	assert_false(calc_read(&bad));
	bad.path = "/dev/null"; /* empty: the loader would refuse it */
	assert_false(calc_read(&bad));
	bad.path = swtpm_dir(); /* a folder */
	assert_false(calc_read(&bad));
	read_files(CALC_FILES);
	assert_false(calc_chain((const uint8_t(*)[64])grub, file, 3, pcr)); /* no plan, no kernel */
	assert_int_equal(truncate(path[3], 0), 0);
	assert_false(calc_read(&file[3]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_initrd), cmocka_unit_test(without_initrd),
		cmocka_unit_test(loader),      cmocka_unit_test(firmware),
		cmocka_unit_test(bad_files),
	};

	return cmocka_run_group_tests_name("measure_calc", tests, setup, teardown);
}
