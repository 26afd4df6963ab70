/* SPDX-License-Identifier: MIT */
/*
 * The seven TPM 2.0 commands that measuring needs, marshalled by hand.
 * Part of the measured image; responses are hostile and are read through one bounded cursor.
 *
 * Structures and numbers: TPM 2.0 Library, parts 2 and 3.  Integers are big endian.
 */
#include "measured-boot/image/tpm2.h"
#include "measured-boot/image/measure.h"

#define ST_NO_SESSIONS    0x8001
#define ST_SESSIONS       0x8002
#define CC_PCR_RESET      0x13D
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
#define RC_COMMAND_CODE   0x143
#define RC_VALUE          0x084
#define RC_VALUE_HANDLE_1 0x184
#define PCR_GROUP         20 /* any of 20-22 names the group */
#define SELECT_LEN        3  /* 24 PCRs */
#define MESSAGE_MAX       1024

/* One message, written or read at `pos`.  The first error stays, and no step after it does
 * anything: what is then read is 0. */
struct message {
	uint8_t data[MESSAGE_MAX];
	size_t len, pos;
	uint32_t error; /* TPM response code or enum measure_error */
};

static uint32_t fail(struct message *m, uint32_t error)
{
	if (!m->error) {
		m->error = error;
	}
	return m->error;
}

/* The next `bytes` of the message, if they lie below `end`; else NULL, and the message is bad. */
static uint8_t *step(struct message *m, size_t end, size_t bytes)
{
	if (m->error || end - m->pos < bytes) {
		fail(m, MEASURE_ERR_response);
		return NULL;
	}
	m->pos += bytes;
	return m->data + m->pos - bytes;
}

static void put(struct message *m, uint32_t value, unsigned bytes)
{
	uint8_t *p = step(m, MESSAGE_MAX, bytes);

	while (p && bytes--) {
		*p++ = value >> (8 * bytes);
	}
}

static void put_bytes(struct message *m, const uint8_t *from, size_t len)
{
	uint8_t *p = step(m, MESSAGE_MAX, len);

	if (p) {
		__builtin_memcpy(p, from, len);
	}
}

static uint32_t get(struct message *m, unsigned bytes)
{
	const uint8_t *p = step(m, m->len, bytes);
	uint32_t value = 0;

	while (p && bytes--) {
		value = value << 8 | *p++;
	}
	return value;
}

static void get_bytes(struct message *m, uint8_t *to, size_t len)
{
	const uint8_t *p = step(m, m->len, len);

	if (p) {
		__builtin_memcpy(to, p, len);
	}
}

static void expect(struct message *m, uint32_t value, unsigned bytes)
{
	if (get(m, bytes) != value) {
		fail(m, MEASURE_ERR_response);
	}
}

/* Nothing may be left over. */
static uint32_t finish(struct message *m)
{
	return m->pos == m->len ? m->error : fail(m, MEASURE_ERR_response);
}

static void start(struct message *m, uint16_t tag, uint32_t code)
{
	m->pos = m->len = 0;
	m->error = 0;
	put(m, tag, 2);
	put(m, 0, 4); /* size, set by send() */
	put(m, code, 4);
}

static const struct tpm_auth no_auth; /* the empty password */

/* The one authorisation area we use: a password session. */
static void put_auth(struct message *m, const struct tpm_auth *auth)
{
	put(m, 9u + auth->len, 4); /* bytes of the area */
	put(m, RS_PASSWORD, 4);
	put(m, 0, 2); /* nonce */
	put(m, 0, 1); /* attributes */
	put(m, auth->len, 2);
	put_bytes(m, auth->value, auth->len);
}

static uint32_t send(const struct tis *t, struct message *m, uint64_t deadline)
{
	m->len = m->pos;
	m->pos = 2;
	put(m, m->len, 4);
	return m->error ? m->error : tis_send(t, deadline, m->data, m->len);
}

/* The response to a command with this tag; header checked and consumed. */
static void receive(const struct tis *t, struct message *m, uint16_t tag, uint64_t deadline)
{
	uint16_t answer_tag;
	uint32_t rc;

	m->pos = 0;
	m->error = tis_receive(t, deadline, m->data, MESSAGE_MAX, &m->len);
	answer_tag = get(m, 2);
	get(m, 4); /* size: tis_receive() read exactly that much */
	rc = get(m, 4);
	if (rc == RC_RETRY || rc == RC_TESTING || rc == RC_YIELDED) {
		fail(m, MEASURE_AGAIN);
	} else if (rc || (!m->error && answer_tag != tag)) {
		fail(m, rc && rc <= 0xFFFF ? rc : (uint32_t)MEASURE_ERR_response);
	}
}

/* Sends `m` and leaves the response's parameters in it. */
static void run(const struct tis *t, struct message *m)
{
	uint64_t deadline = t->now_ns() + TIS_COMMAND_NS;
	struct message answer;

	answer.pos = answer.len = 0;
	do {
		m->pos = m->len ? m->len : m->pos; /* as it was before the last try */
		answer.error = send(t, m, deadline);
		if (!answer.error) {
			receive(t, &answer, (uint16_t)(m->data[0] << 8 | m->data[1]), deadline);
		}
	} while (answer.error == MEASURE_AGAIN && t->now_ns() < deadline);
	if (answer.error == MEASURE_AGAIN) {
		answer.error = MEASURE_ERR_timeout;
	}
	*m = answer;
}

/* For commands under authorisation that answer nothing. */
static uint32_t run_empty(const struct tis *t, struct message *m)
{
	run(t, m);
	expect(m, 0, 4);
	return m->error;
}

/* Reads one TPMS_PCR_SELECTION; adds the bank if it is active. */
static void get_bank(struct message *m, struct tpm_banks *out)
{
	uint16_t alg = get(m, 2), size = eventlog_digest_size(alg);
	uint8_t length = get(m, 1), select[255] = {0};
	bool active = false;

	get_bytes(m, select, length);
	for (unsigned i = 0; i < length; i++) {
		active |= select[i] != 0;
	}
	if (!active) {
		return;
	}
	if ((select[2] & 0x0E) != 0x0E || !size || out->count == TPM_BANKS_MAX) {
		fail(m, MEASURE_ERR_banks);
		return;
	}
	out->bank[out->count].alg = alg;
	out->bank[out->count].size = size;
	out->count++;
}

uint32_t tpm2_banks(const struct tis *t, struct tpm_banks *out)
{
	struct message m;
	uint32_t count;

	out->count = 0;
	start(&m, ST_NO_SESSIONS, CC_GET_CAPABILITY);
	put(&m, CAP_PCRS, 4);
	put(&m, 0, 4);
	put(&m, 1, 4);
	run(t, &m);
	expect(&m, 0, 1); /* more data would be banks not seen */
	expect(&m, CAP_PCRS, 4);
	for (count = get(&m, 4); count && !m.error; count--) {
		get_bank(&m, out);
	}
	return finish(&m);
}

static void start_extend(struct message *m, unsigned pcr, const struct tpm_banks *banks,
			 uint8_t digest[][TPM_DIGEST_MAX], const struct tpm_auth *auth)
{
	start(m, ST_SESSIONS, CC_PCR_EXTEND);
	put(m, pcr, 4);
	put_auth(m, auth);
	put(m, banks->count, 4);
	for (unsigned i = 0; i < banks->count; i++) {
		put(m, banks->bank[i].alg, 2);
		put_bytes(m, digest[i], banks->bank[i].size);
	}
}

uint32_t tpm2_extend(const struct tis *t, unsigned pcr, const struct tpm_banks *banks,
		     uint8_t digest[][TPM_DIGEST_MAX])
{
	struct message m;

	start_extend(&m, pcr, banks, digest, &no_auth);
	return run_empty(t, &m);
}

uint32_t tpm2_send_reset(const struct tis *t, unsigned pcr, const struct tpm_auth *auth)
{
	struct message m;

	start(&m, ST_SESSIONS, CC_PCR_RESET);
	put(&m, pcr, 4);
	put_auth(&m, auth);
	return send(t, &m, t->now_ns() + TIS_COMMAND_NS);
}

uint32_t tpm2_send_extend(const struct tis *t, unsigned pcr, const struct tpm_banks *banks,
			  uint8_t digest[][TPM_DIGEST_MAX], const struct tpm_auth *auth)
{
	struct message m;

	start_extend(&m, pcr, banks, digest, auth);
	return send(t, &m, t->now_ns() + TIS_COMMAND_NS);
}

uint32_t tpm2_receive_empty(const struct tis *t)
{
	struct message m;

	receive(t, &m, ST_SESSIONS, t->now_ns() + TIS_COMMAND_NS);
	expect(&m, 0, 4);
	return m.error;
}

/* A TPML_PCR_SELECTION of one PCR in one bank. */
static void selection(struct message *m, void (*field)(struct message *, uint32_t, unsigned),
		      unsigned pcr, uint16_t alg)
{
	field(m, 1, 4);
	field(m, alg, 2);
	field(m, SELECT_LEN, 1);
	for (unsigned i = 0; i < SELECT_LEN; i++) {
		field(m, pcr / 8 == i ? 1u << pcr % 8 : 0, 1);
	}
}

uint32_t tpm2_pcr_read(const struct tis *t, unsigned pcr, uint16_t alg, uint16_t size,
		       uint8_t *digest)
{
	struct message m;

	start(&m, ST_NO_SESSIONS, CC_PCR_READ);
	selection(&m, put, pcr, alg);
	run(t, &m);
	get(&m, 4); /* update counter */
	/* The selection must come back as asked: a TPM without this PCR clears the bit. */
	selection(&m, expect, pcr, alg);
	expect(&m, 1, 4);
	expect(&m, size, 2);
	get_bytes(&m, digest, size);
	return finish(&m);
}

uint32_t tpm2_counts(const struct tis *t, uint32_t *reset_count, uint32_t *restart_count)
{
	struct message m;

	start(&m, ST_NO_SESSIONS, CC_READ_CLOCK);
	run(t, &m);
	for (unsigned i = 0; i < 4; i++) {
		get(&m, 4); /* time, clock */
	}
	*reset_count = get(&m, 4);
	*restart_count = get(&m, 4);
	get(&m, 1); /* safe */
	return finish(&m);
}

uint32_t tpm2_random(const struct tis *t, uint8_t out[TPM_RANDOM_LEN])
{
	struct message m;

	/* Part 3, 16.1: as many as its largest digest has, which are 32 at least, come at once. */
	start(&m, ST_NO_SESSIONS, CC_GET_RANDOM);
	put(&m, TPM_RANDOM_LEN, 2);
	run(t, &m);
	expect(&m, TPM_RANDOM_LEN, 2);
	get_bytes(&m, out, TPM_RANDOM_LEN);
	return finish(&m);
}

uint32_t tpm2_protect_group(const struct tis *t, const struct tpm_auth *auth)
{
	struct message m;

	start(&m, ST_SESSIONS, CC_PCR_SET_AUTH);
	put(&m, PCR_GROUP, 4);
	put_auth(&m, &no_auth);
	put(&m, auth->len, 2);
	put_bytes(&m, auth->value, auth->len);
	return run_empty(t, &m);
}

bool tpm2_is_unprotectable(uint32_t error)
{
	return error == RC_COMMAND_CODE || error == RC_VALUE || error == RC_VALUE_HANDLE_1;
}
