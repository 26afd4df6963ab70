/* SPDX-License-Identifier: MIT */
/*
 * What PCR 17-19 must hold after the test's files are measured, computed with OpenSSL from the
 * description of the record alone: shares no code with what it checks.
 */
#ifndef MEASURE_MEASURE_EXPECTED_H
#define MEASURE_MEASURE_EXPECTED_H
#include <stdint.h>
#include <openssl/evp.h>

#define EXPECTED_CMDLINE "console=com1 dom0_mem=\"512 M\""
#define EXPECTED_FILES   5
#define EXPECTED_BANKS   4

struct expected_file {
	unsigned kind;
	const char *name, *bytes;
	unsigned pcr;
};
struct expected_bank {
	const char *name;
	uint16_t alg;
	unsigned size;
	const EVP_MD *(*md)(void); /* NULL: a bank that is not measured */
};
extern const struct expected_file expected_file[EXPECTED_FILES];
extern const struct expected_bank expected_bank[EXPECTED_BANKS];

void expected_pcr(const struct expected_bank *b, unsigned pcr, uint8_t *value);
#endif
