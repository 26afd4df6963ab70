/* SPDX-License-Identifier: MIT */
/*
 * The six TPM 2.0 commands that measuring needs, marshalled by hand.
 * Part of the measured image; responses are hostile and are read through one bounded cursor.
 *
 * Structures and numbers: TPM 2.0 Library, parts 2 and 3.  Integers are big endian.
 */
#include "measured-boot/tpm2.h"
#include "measured-boot/measure.h"

#define ST_NO_SESSIONS    0x8001
#define ST_SESSIONS       0x8002
#define CC_GET_CAPABILITY 0x17A
#define CC_GET_RANDOM     0x17B
#define CC_PCR_READ       0x17E
#define CC_READ_CLOCK     0x181
#define CC_PCR_EXTEND     0x182
#define CC_PCR_SET_AUTH   0x183
#define CAP_PCRS          5
#define RS_PASSWORD       0x40000009
#define RC_TESTING        0x90A
#define RC_YIELDED        0x908
#define RC_RETRY          0x922
#define PCR_GROUP         20 /* any of 20-22 names the group */
#define SELECT_LEN        3  /* 24 PCRs */
#define MESSAGE_MAX       1024

/* One message, written or read at `pos`; `bad` latches the first step over the end. */
struct message {
	uint8_t data[MESSAGE_MAX];
	size_t len, pos;
	bool bad;
};

static void put(struct message *m, uint32_t value, unsigned bytes)
{
	if (MESSAGE_MAX - m->pos < bytes) {
		m->bad = true;
		return;
	}
	while (bytes--) {
		m->data[m->pos++] = value >> (8 * bytes);
	}
}

static void put_bytes(struct message *m, const uint8_t *p, size_t len)
{
	if (MESSAGE_MAX - m->pos < len) {
		m->bad = true;
		return;
	}
	__builtin_memcpy(m->data + m->pos, p, len);
	m->pos += len;
}

static uint32_t get(struct message *m, unsigned bytes)
{
	uint32_t value = 0;

	if (m->len - m->pos < bytes) {
		m->bad = true;
		return 0;
	}
	while (bytes--) {
		value = value << 8 | m->data[m->pos++];
	}
	return value;
}

static void get_bytes(struct message *m, uint8_t *p, size_t len)
{
	if (m->len - m->pos < len) {
		m->bad = true;
		return;
	}
	__builtin_memcpy(p, m->data + m->pos, len);
	m->pos += len;
}

/* True when nothing was missing and nothing is left over. */
static bool ended(const struct message *m)
{
	return !m->bad && m->pos == m->len;
}

static void start(struct message *m, uint16_t tag, uint32_t code)
{
	m->pos = 0;
	m->bad = false;
	put(m, tag, 2);
	put(m, 0, 4); /* size, set by run() */
	put(m, code, 4);
}

/* The one authorisation area we use: a password session with the empty password. */
static void put_empty_auth(struct message *m)
{
	put(m, 9, 4); /* bytes of the area */
	put(m, RS_PASSWORD, 4);
	put(m, 0, 2); /* nonce */
	put(m, 0, 1); /* attributes */
	put(m, 0, 2); /* password */
}

/* Sends `m` and leaves the response's parameters in it, header checked and consumed. */
static uint32_t run(const struct tis *t, struct message *m)
{
	uint64_t deadline = t->now_ns() + TIS_COMMAND_NS;
	struct message answer;
	uint32_t error, rc;
	uint16_t tag;

	if (m->bad) {
		return MEASURE_ERR_response;
	}
	m->len = m->pos;
	m->pos = 2;
	put(m, m->len, 4);
	do {
		error = tis_command(t, deadline, m->data, m->len, answer.data, MESSAGE_MAX,
				    &answer.len);
		if (error) {
			return error;
		}
		answer.pos = 0;
		answer.bad = false;
		tag = get(&answer, 2);
		get(&answer, 4); /* size: tis_command() read exactly that much */
		rc = get(&answer, 4);
	} while ((rc == RC_RETRY || rc == RC_TESTING || rc == RC_YIELDED) &&
		 t->now_ns() < deadline);
	if (answer.bad || rc > 0xFFFF) {
		return MEASURE_ERR_response;
	}
	if (rc) {
		return rc;
	}
	if (tag != (m->data[0] << 8 | m->data[1])) {
		return MEASURE_ERR_response;
	}
	*m = answer;
	return 0;
}

/* For commands under authorisation that answer nothing. */
static uint32_t run_empty(const struct tis *t, struct message *m)
{
	uint32_t error = run(t, m);

	if (!error && (get(m, 4) != 0 || m->bad)) {
		error = MEASURE_ERR_response;
	}
	return error;
}

/* Bytes of a digest, 0 for an algorithm that we do not know. */
static uint16_t digest_size(uint16_t alg)
{
	switch (alg) {
	case 0x0004: /* SHA-1 */
		return 20;
	case TPM_ALG_SHA256:
	case 0x0012: /* SM3 */
	case 0x0027: /* SHA3-256 */
		return 32;
	case TPM_ALG_SHA384:
	case 0x0028: /* SHA3-384 */
		return 48;
	case 0x000D: /* SHA-512 */
	case 0x0029: /* SHA3-512 */
		return 64;
	default:
		return 0;
	}
}

/* Reads one TPMS_PCR_SELECTION; adds the bank if it is active. */
static uint32_t get_bank(struct message *m, struct tpm_banks *out)
{
	uint16_t alg = get(m, 2);
	uint8_t length = get(m, 1), select[255] = {0};
	bool active = false;

	get_bytes(m, select, length);
	for (unsigned i = 0; i < length; i++) {
		active |= select[i] != 0;
	}
	if (!active) {
		return 0;
	}
	if ((select[2] & 0x0E) != 0x0E || !digest_size(alg) || out->count == TPM_BANKS_MAX) {
		return MEASURE_ERR_banks;
	}
	out->bank[out->count].alg = alg;
	out->bank[out->count].size = digest_size(alg);
	out->count++;
	return 0;
}

uint32_t tpm2_banks(const struct tis *t, struct tpm_banks *out)
{
	struct message m;
	uint32_t error, count;

	out->count = 0;
	start(&m, ST_NO_SESSIONS, CC_GET_CAPABILITY);
	put(&m, CAP_PCRS, 4);
	put(&m, 0, 4);
	put(&m, 1, 4);
	error = run(t, &m);
	if (error) {
		return error;
	}
	if (get(&m, 1) != 0 || get(&m, 4) != CAP_PCRS) { /* more data would be banks not seen */
		return MEASURE_ERR_response;
	}
	count = get(&m, 4);
	for (; count && !m.bad; count--) {
		error = get_bank(&m, out);
		if (error) {
			return m.bad ? MEASURE_ERR_response : error;
		}
	}
	return ended(&m) ? 0 : MEASURE_ERR_response;
}

uint32_t tpm2_extend(const struct tis *t, unsigned pcr, const struct tpm_banks *banks,
		     uint8_t digest[][TPM_DIGEST_MAX])
{
	struct message m;

	start(&m, ST_SESSIONS, CC_PCR_EXTEND);
	put(&m, pcr, 4);
	put_empty_auth(&m);
	put(&m, banks->count, 4);
	for (unsigned i = 0; i < banks->count; i++) {
		put(&m, banks->bank[i].alg, 2);
		put_bytes(&m, digest[i], banks->bank[i].size);
	}
	return run_empty(t, &m);
}

uint32_t tpm2_pcr_read(const struct tis *t, unsigned pcr, uint16_t alg, uint16_t size,
		       uint8_t *digest)
{
	struct message m;
	uint32_t error;

	start(&m, ST_NO_SESSIONS, CC_PCR_READ);
	put(&m, 1, 4);
	put(&m, alg, 2);
	put(&m, SELECT_LEN, 1);
	for (unsigned i = 0; i < SELECT_LEN; i++) {
		put(&m, pcr / 8 == i ? 1u << pcr % 8 : 0, 1);
	}
	error = run(t, &m);
	if (error) {
		return error;
	}
	get(&m, 4); /* update counter */
	/* The selection must come back as asked: a TPM without this PCR clears the bit. */
	if (get(&m, 4) != 1 || get(&m, 2) != alg || get(&m, 1) != SELECT_LEN) {
		return MEASURE_ERR_response;
	}
	for (unsigned i = 0; i < SELECT_LEN; i++) {
		if (get(&m, 1) != (pcr / 8 == i ? 1u << pcr % 8 : 0)) {
			return MEASURE_ERR_response;
		}
	}
	if (get(&m, 4) != 1 || get(&m, 2) != size) {
		return MEASURE_ERR_response;
	}
	get_bytes(&m, digest, size);
	return ended(&m) ? 0 : MEASURE_ERR_response;
}

uint32_t tpm2_reset_count(const struct tis *t, uint32_t *count)
{
	struct message m;
	uint32_t error;

	start(&m, ST_NO_SESSIONS, CC_READ_CLOCK);
	error = run(t, &m);
	if (error) {
		return error;
	}
	for (unsigned i = 0; i < 4; i++) {
		get(&m, 4); /* time, clock */
	}
	*count = get(&m, 4);
	get(&m, 4); /* restartCount */
	get(&m, 1); /* safe */
	return ended(&m) ? 0 : MEASURE_ERR_response;
}

uint32_t tpm2_random(const struct tis *t, uint8_t out[TPM_RANDOM_LEN])
{
	struct message m;
	uint32_t error;
	size_t have = 0, n;

	/* A TPM may give less than asked; one that gives nothing is broken. */
	while (have < TPM_RANDOM_LEN) {
		start(&m, ST_NO_SESSIONS, CC_GET_RANDOM);
		put(&m, TPM_RANDOM_LEN - have, 2);
		error = run(t, &m);
		if (error) {
			return error;
		}
		n = get(&m, 2);
		if (n == 0 || n > TPM_RANDOM_LEN - have) {
			return MEASURE_ERR_response;
		}
		get_bytes(&m, out + have, n);
		if (!ended(&m)) {
			return MEASURE_ERR_response;
		}
		have += n;
	}
	return 0;
}

uint32_t tpm2_protect_group(const struct tis *t, const uint8_t auth[TPM_AUTH_LEN])
{
	struct message m;

	start(&m, ST_SESSIONS, CC_PCR_SET_AUTH);
	put(&m, PCR_GROUP, 4);
	put_empty_auth(&m);
	put(&m, TPM_AUTH_LEN, 2);
	put_bytes(&m, auth, TPM_AUTH_LEN);
	return run_empty(t, &m);
}
