/* SPDX-License-Identifier: MIT */
/*
 * Measurement records, and the TCG_PCR_EVENT2 entries that carry them.  Shared by the hypervisor
 * and the off-line calculator, so that there is one definition of what is hashed.
 */
#include "measured-boot/shared/eventlog.h"
#include "measured-boot/shared/sha2.h"

static const struct {
	unsigned pcr;
	const char *name;
} kinds[MEASURE_kind_end] = {
	[MEASURE_config] = {17, "config"},   [MEASURE_policy] = {17, "policy"},
	[MEASURE_builder] = {17, "builder"}, [MEASURE_plan] = {18, "plan"},
	[MEASURE_kernel] = {18, "kernel"},   [MEASURE_initrd] = {18, "initrd"},
};

unsigned eventlog_pcr(enum measure_kind kind)
{
	return kinds[kind].pcr;
}

const char *eventlog_name(enum measure_kind kind)
{
	return kinds[kind].name;
}

/* In the order of the bits in struct corbel_log_boot. */
static const struct {
	uint16_t alg, size;
} known[] = {
	{0x0004, 20},                                             /* SHA-1 */
	{TPM_ALG_SHA256, 32}, {TPM_ALG_SHA384, 48}, {0x000D, 64}, /* SHA-512 */
	{0x0012, 32},                                             /* SM3 */
	{0x0027, 32},                                             /* SHA3-256 */
	{0x0028, 48},                                             /* SHA3-384 */
	{0x0029, 64},                                             /* SHA3-512 */
};

uint16_t eventlog_digest_size(uint16_t alg)
{
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].alg == alg) {
			return known[i].size;
		}
	}
	return 0;
}

uint32_t eventlog_bank_bit(uint16_t alg)
{
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].alg == alg) {
			return 1u << i;
		}
	}
	return 0;
}

/* Little-endian stores; the caller has checked the room. */
static uint8_t *put(uint8_t *p, uint64_t value, unsigned bytes)
{
	for (; bytes; bytes--, value >>= 8) {
		*p++ = value;
	}
	return p;
}

static uint8_t *put_bytes(uint8_t *p, const void *from, size_t len)
{
	__builtin_memcpy(p, from, len);
	return p + len;
}

bool eventlog_record(struct eventlog_data *out, enum measure_kind kind, const char *text,
		     size_t text_len, uint64_t size, const uint8_t sha256[32],
		     const uint8_t sha384[48])
{
	size_t name_len = 0;
	uint8_t *p = out->byte + 8;

	if (text_len > EVENTLOG_TEXT_MAX) {
		return false;
	}
	while (kinds[kind].name[name_len]) {
		name_len++;
	}
	p = put_bytes(p, "corbel.measure.1", 16);
	p = put(p, kind, 2);
	p = put(p, kinds[kind].pcr, 2);
	p = put(p, name_len, 2);
	p = put_bytes(p, kinds[kind].name, name_len);
	p = put(p, text_len, 4);
	p = put_bytes(p, text, text_len);
	p = put(p, size, 8);
	p = put(p, TPM_ALG_SHA256, 2);
	p = put(p, SHA256_LEN, 2);
	p = put_bytes(p, sha256, SHA256_LEN);
	p = put(p, TPM_ALG_SHA384, 2);
	p = put(p, SHA384_LEN, 2);
	p = put_bytes(p, sha384, SHA384_LEN);
	out->len = p - out->byte;
	put(put(out->byte, EVENTLOG_TAG_ID, 4), out->len - 8, 4);
	return true;
}

void eventlog_separator(struct eventlog_data *out, bool error)
{
	put(out->byte, error, 4);
	out->len = 4;
}

void eventlog_digests(const struct eventlog_data *data, const struct tpm_banks *banks,
		      uint8_t digest[][TPM_DIGEST_MAX])
{
	for (unsigned i = 0; i < banks->count; i++) {
		if (banks->bank[i].alg == TPM_ALG_SHA256) {
			sha256(data->byte, data->len, digest[i]);
		} else if (banks->bank[i].alg == TPM_ALG_SHA384) {
			sha384(data->byte, data->len, digest[i]);
		} else {
			__builtin_memset(digest[i], EVENTLOG_FOREIGN, banks->bank[i].size);
		}
	}
}

size_t eventlog_append(uint8_t *log, size_t used, size_t cap, unsigned pcr, uint32_t type,
		       const struct tpm_banks *banks, uint8_t digest[][TPM_DIGEST_MAX],
		       const struct eventlog_data *data)
{
	size_t need = 4 + 4 + 4 + 4 + data->len;
	uint8_t *p = log + used;

	for (unsigned i = 0; i < banks->count; i++) {
		need += 2 + banks->bank[i].size;
	}
	if (used > cap || need > cap - used) {
		return 0;
	}
	p = put(p, pcr, 4);
	p = put(p, type, 4);
	p = put(p, banks->count, 4);
	for (unsigned i = 0; i < banks->count; i++) {
		p = put(p, banks->bank[i].alg, 2);
		p = put_bytes(p, digest[i], banks->bank[i].size);
	}
	p = put(p, data->len, 4);
	p = put_bytes(p, data->byte, data->len);
	return p - log;
}
