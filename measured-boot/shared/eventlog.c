/* SPDX-License-Identifier: MIT */
/*
 * Measurement records, and the TCG_PCR_EVENT2 entries that carry them.  Shared by the hypervisor
 * and the off-line calculator, so that there is one definition of what is hashed.
 */
#include "measured-boot/shared/eventlog.h"
#include "measured-boot/shared/sha2.h"

#define PCR_TRUSTED EVENTLOG_FIRST_PCR       /* what the trusted part is made of */
#define PCR_DOM0    (EVENTLOG_FIRST_PCR + 1) /* what Dom0 is made of */

static const struct {
	unsigned pcr;
	const char *name;
} kinds[MEASURE_kind_end] = {
	[MEASURE_config] = {.pcr = PCR_TRUSTED, .name = "config"},
	[MEASURE_policy] = {.pcr = PCR_TRUSTED, .name = "policy"},
	[MEASURE_builder] = {.pcr = PCR_TRUSTED, .name = "builder"},
	[MEASURE_plan] = {.pcr = PCR_DOM0, .name = "plan"},
	[MEASURE_kernel] = {.pcr = PCR_DOM0, .name = "kernel"},
	[MEASURE_initrd] = {.pcr = PCR_DOM0, .name = "initrd"},
};

unsigned eventlog_pcr(enum measure_kind kind)
{
	return kinds[kind].pcr;
}

const char *eventlog_name(enum measure_kind kind)
{
	return kinds[kind].name;
}

/* TCG Algorithm Registry, TPM_ALG_ID: the hashes that a TPM may have a bank of. */
#define TPM_ALG_SHA1     0x0004
#define TPM_ALG_SHA512   0x000D
#define TPM_ALG_SM3_256  0x0012
#define TPM_ALG_SHA3_256 0x0027
#define TPM_ALG_SHA3_384 0x0028
#define TPM_ALG_SHA3_512 0x0029

/* In the order of the bits in struct corbel_log_boot. */
static const struct {
	uint16_t alg;
	uint16_t size;
} known[] = {
	{.alg = TPM_ALG_SHA1, .size = 20},           {.alg = TPM_ALG_SHA256, .size = SHA256_LEN},
	{.alg = TPM_ALG_SHA384, .size = SHA384_LEN}, {.alg = TPM_ALG_SHA512, .size = 64},
	{.alg = TPM_ALG_SM3_256, .size = 32},        {.alg = TPM_ALG_SHA3_256, .size = 32},
	{.alg = TPM_ALG_SHA3_384, .size = 48},       {.alg = TPM_ALG_SHA3_512, .size = 64},
};
#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))

uint16_t eventlog_digest_size(uint16_t alg)
{
	for (unsigned i = 0; i < KNOWN_COUNT; i++) {
		if (known[i].alg == alg) {
			return known[i].size;
		}
	}
	return 0;
}

uint32_t eventlog_bank_bit(uint16_t alg)
{
	for (unsigned i = 0; i < KNOWN_COUNT; i++) {
		if (known[i].alg == alg) {
			return 1u << i;
		}
	}
	return 0;
}

/* Little-endian stores; the caller has checked the room.  They return the place behind. */
static uint8_t *put(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++) {
		to[i] = value >> (8 * i);
	}
	return to + bytes;
}

static uint8_t *put16(uint8_t *to, uint16_t value)
{
	return put(to, value, sizeof(value));
}

static MAY_DROP uint8_t *put32(uint8_t *to, uint32_t value)
{
	return put(to, value, sizeof(value));
}

static uint8_t *put_bytes(uint8_t *to, const void *from, size_t len)
{
	__builtin_memcpy(to, from, len);
	return to + len;
}

static const char signature[16] = "corbel.measure.1";

/* TCG PC Client Platform Firmware Profile, EV_EVENT_TAG: id, and length of what follows. */
#define TAG_LEN (2 * sizeof(uint32_t))

bool eventlog_record(struct eventlog_data *out, enum measure_kind kind, const char *text,
		     size_t text_len, uint64_t size, const uint8_t sha256[32],
		     const uint8_t sha384[48])
{
	const char *name = kinds[kind].name;
	size_t name_len = __builtin_strlen(name);
	uint8_t *next = out->byte + TAG_LEN;

	if (text_len > EVENTLOG_TEXT_MAX) {
		return false;
	}
	next = put_bytes(next, signature, sizeof(signature));
	next = put16(next, kind);
	next = put16(next, kinds[kind].pcr);
	next = put16(next, name_len);
	next = put_bytes(next, name, name_len);
	next = put32(next, text_len);
	next = put_bytes(next, text, text_len);
	next = put(next, size, sizeof(size));
	next = put16(next, TPM_ALG_SHA256);
	next = put16(next, SHA256_LEN);
	next = put_bytes(next, sha256, SHA256_LEN);
	next = put16(next, TPM_ALG_SHA384);
	next = put16(next, SHA384_LEN);
	next = put_bytes(next, sha384, SHA384_LEN);
	out->len = next - out->byte;

	/* The tag comes last: only now the length is known. */
	next = put32(out->byte, EVENTLOG_TAG_ID);
	put32(next, out->len - TAG_LEN);
	return true;
}

void eventlog_separator(struct eventlog_data *out, bool error)
{
	uint8_t *end = put32(out->byte, error);

	out->len = end - out->byte;
}

void eventlog_digests(const struct eventlog_data *data, const struct tpm_banks *banks,
		      uint8_t digest[][TPM_DIGEST_MAX])
{
	for (unsigned i = 0; i < banks->count; i++) {
		switch (banks->bank[i].alg) {
		case TPM_ALG_SHA256:
			sha256(data->byte, data->len, digest[i]);
			break;
		case TPM_ALG_SHA384:
			sha384(data->byte, data->len, digest[i]);
			break;
		default:
			__builtin_memset(digest[i], EVENTLOG_FOREIGN, banks->bank[i].size);
			break;
		}
	}
}

/* Bytes of a TCG_PCR_EVENT2: PCR, type, number of digests, the digests, length, data. */
static size_t entry_size(const struct tpm_banks *banks, const struct eventlog_data *data)
{
	size_t size = 4 * sizeof(uint32_t) + data->len;

	for (unsigned i = 0; i < banks->count; i++) {
		size += sizeof(banks->bank[i].alg) + banks->bank[i].size;
	}
	return size;
}

size_t eventlog_append(uint8_t *log, size_t used, size_t cap, unsigned pcr, uint32_t type,
		       const struct tpm_banks *banks, uint8_t digest[][TPM_DIGEST_MAX],
		       const struct eventlog_data *data)
{
	uint8_t *next = log + used;

	if (used > cap || entry_size(banks, data) > cap - used) {
		return 0;
	}
	next = put32(next, pcr);
	next = put32(next, type);
	next = put32(next, banks->count);
	for (unsigned i = 0; i < banks->count; i++) {
		next = put16(next, banks->bank[i].alg);
		next = put_bytes(next, digest[i], banks->bank[i].size);
	}
	next = put32(next, data->len);
	next = put_bytes(next, data->byte, data->len);
	return next - log;
}
