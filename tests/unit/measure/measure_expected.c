/* SPDX-License-Identifier: MIT */
/*
 * What PCR 17-19 must hold after the test's files are measured, computed with OpenSSL from the
 * description of the record alone: shares no code with what it checks.
 */
#include "measure/measure_expected.h"
#include <string.h>

const struct expected_file expected_file[EXPECTED_FILES] = {
	{2, "policy", "the policy", 17},
	{3, "builder", "the builder image", 17},
	{4, "plan", "", 18},
	{5, "kernel", "a kernel", 18},
	{6, "initrd", "an initrd", 18},
};

const struct expected_bank expected_bank[EXPECTED_BANKS] = {
	{"sha1", 0x0004, 20, NULL},
	{"sha256", 0x000B, 32, EVP_sha256},
	{"sha384", 0x000C, 48, EVP_sha384},
	{"sha512", 0x000D, 64, NULL},
};

static void put(uint8_t **p, uint64_t v, int n)
{
	for (; n; n--, v >>= 8) {
		*(*p)++ = v;
	}
}

static void put_text(uint8_t **p, const char *s)
{
	memcpy(*p, s, strlen(s));
	*p += strlen(s);
}

static size_t expected_record(uint8_t *out, unsigned kind, unsigned pcr, const char *name,
			      const char *text, const char *bytes)
{
	uint8_t *p = out + 8, *head = out;

	put_text(&p, "corbel.measure.1");
	put(&p, kind, 2);
	put(&p, pcr, 2);
	put(&p, strlen(name), 2);
	put_text(&p, name);
	put(&p, strlen(text), 4);
	put_text(&p, text);
	put(&p, strlen(bytes), 8);
	put(&p, 0x0B, 2);
	put(&p, 32, 2);
	EVP_Digest(bytes, strlen(bytes), p, NULL, EVP_sha256(), NULL);
	p += 32;
	put(&p, 0x0C, 2);
	put(&p, 48, 2);
	EVP_Digest(bytes, strlen(bytes), p, NULL, EVP_sha384(), NULL);
	p += 48;
	put(&head, 0x4C425243, 4);
	put(&head, p - out - 8, 4);
	return p - out;
}

static void fold(const struct expected_bank *b, uint8_t *pcr, const uint8_t *data, size_t len)
{
	uint8_t both[128];

	memcpy(both, pcr, b->size);
	if (b->md) {
		EVP_Digest(data, len, both + b->size, NULL, b->md(), NULL);
	} else {
		memset(both + b->size, 0xEE, b->size);
	}
	EVP_Digest(both, 2 * b->size, pcr, NULL, b->md ? b->md() : EVP_get_digestbyname(b->name),
		   NULL);
}

void expected_pcr(const struct expected_bank *b, unsigned pcr, uint8_t *value)
{
	static const uint8_t separator[4];
	uint8_t data[512];
	size_t len;

	memset(value, 0xFF, b->size);
	if (pcr == 17) {
		len = expected_record(data, 1, 17, "config", EXPECTED_CMDLINE, EXPECTED_CMDLINE);
		fold(b, value, data, len);
	}
	for (size_t i = 0; i < EXPECTED_FILES; i++) {
		if (expected_file[i].pcr == pcr) {
			len = expected_record(data, expected_file[i].kind, pcr,
					      expected_file[i].name, "", expected_file[i].bytes);
			fold(b, value, data, len);
		}
	}
	fold(b, value, separator, 4);
}
