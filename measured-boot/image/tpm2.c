/* SPDX-License-Identifier: MIT */
/*
 * The seven TPM 2.0 commands that measuring needs, marshalled by hand.
 * Part of the measured image; responses are hostile and are read through one bounded cursor.
 *
 * Structures and numbers: TPM 2.0 Library, parts 2 and 3.  Integers are big endian.
 */
#include "measured-boot/image/tpm2.h"
#include "measured-boot/image/measure.h"

/* Part 2, 6.9: TPM_ST. */
#define ST_NO_SESSIONS 0x8001
#define ST_SESSIONS    0x8002

/* Part 2, 6.5.2: TPM_CC. */
#define CC_PCR_RESET      0x13D
#define CC_GET_CAPABILITY 0x17A
#define CC_GET_RANDOM     0x17B
#define CC_PCR_READ       0x17E
#define CC_READ_CLOCK     0x181
#define CC_PCR_EXTEND     0x182
#define CC_PCR_SET_AUTH   0x183

/* Part 2, 6.6.3: TPM_RC. */
#define RC_TESTING        0x90A
#define RC_YIELDED        0x908
#define RC_RETRY          0x922
#define RC_COMMAND_CODE   0x143
#define RC_VALUE          0x084
#define RC_VALUE_HANDLE_1 0x184
#define RC_MAX            0xFFFF

#define CAP_PCRS    5
#define RS_PASSWORD 0x40000009
#define PCR_GROUP   20 /* any of 20-22 names the group */
#define SELECT_LEN  3  /* 24 PCRs */
#define SELECT_MAX  255
#define MESSAGE_MAX 1024

/* Of a selection's third byte, which is PCR 16 to 23. */
#define SELECT_17_TO_19 0x0E

/* One message, written or read at `pos`.  The first error stays, and no step after it does
 * anything: what is then read is 0. */
struct message {
	uint8_t data[MESSAGE_MAX];
	size_t len;
	size_t pos;
	uint32_t error; /* TPM response code or enum measure_error */
};

static MAY_DROP uint32_t fail(struct message *message, uint32_t error)
{
	if (!message->error) {
		message->error = error;
	}
	return message->error;
}

/* The next `bytes` of the message, if they lie below `end`; else NULL, and the message is bad. */
static uint8_t *step(struct message *message, size_t end, size_t bytes)
{
	uint8_t *at = message->data + message->pos;

	if (message->error || end - message->pos < bytes) {
		fail(message, MEASURE_ERR_response);
		return NULL;
	}
	message->pos += bytes;
	return at;
}

static void put(struct message *message, uint32_t value, unsigned bytes)
{
	uint8_t *to = step(message, MESSAGE_MAX, bytes);

	if (!to) {
		return;
	}
	for (unsigned i = 0; i < bytes; i++) {
		to[i] = value >> (8 * (bytes - 1 - i));
	}
}

static void put8(struct message *message, uint8_t value)
{
	put(message, value, sizeof(value));
}

static void put16(struct message *message, uint16_t value)
{
	put(message, value, sizeof(value));
}

static void put32(struct message *message, uint32_t value)
{
	put(message, value, sizeof(value));
}

static void put_bytes(struct message *message, const uint8_t *from, size_t len)
{
	uint8_t *to = step(message, MESSAGE_MAX, len);

	if (to) {
		__builtin_memcpy(to, from, len);
	}
}

static MAY_DROP uint32_t get(struct message *message, unsigned bytes)
{
	const uint8_t *from = step(message, message->len, bytes);
	uint32_t value = 0;

	if (!from) {
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++) {
		value = value << 8 | from[i];
	}
	return value;
}

static MAY_DROP uint32_t get32(struct message *message)
{
	return get(message, sizeof(uint32_t));
}

static void get_bytes(struct message *message, uint8_t *to, size_t len)
{
	const uint8_t *from = step(message, message->len, len);

	if (from) {
		__builtin_memcpy(to, from, len);
	}
}

static void expect(struct message *message, uint32_t value, unsigned bytes)
{
	if (get(message, bytes) != value) {
		fail(message, MEASURE_ERR_response);
	}
}

/* Nothing may be left over. */
static uint32_t finish(struct message *message)
{
	if (message->pos != message->len) {
		fail(message, MEASURE_ERR_response);
	}
	return message->error;
}

/* Where the header has the size, which send() sets. */
#define SIZE_AT 2

static void start(struct message *message, uint16_t tag, uint32_t code)
{
	message->pos = 0;
	message->len = 0;
	message->error = 0;
	put16(message, tag);
	put32(message, 0);
	put32(message, code);
}

static const struct tpm_auth no_auth; /* the empty password */

/* The one authorisation area we use: a password session (part 1, 19.4). */
static void put_auth(struct message *message, const struct tpm_auth *auth)
{
	put32(message, 9u + auth->len); /* bytes of the area */
	put32(message, RS_PASSWORD);
	put16(message, 0); /* nonce */
	put8(message, 0);  /* attributes */
	put16(message, auth->len);
	put_bytes(message, auth->value, auth->len);
}

static uint32_t send(const struct tis *tis, struct message *message, uint64_t deadline)
{
	message->len = message->pos;
	message->pos = SIZE_AT;
	put32(message, message->len);
	if (message->error) {
		return message->error;
	}
	return tis_send(tis, deadline, message->data, message->len);
}

/* Warnings of a TPM that is busy with itself, with the command not begun. */
static bool wants_again(uint32_t response_code)
{
	switch (response_code) {
	case RC_RETRY:
	case RC_TESTING:
	case RC_YIELDED:
		return true;
	default:
		return false;
	}
}

/* The response to a command with this tag; header checked and consumed. */
static void receive(const struct tis *tis, struct message *message, uint16_t tag, uint64_t deadline)
{
	uint16_t answer_tag;
	uint32_t response_code;

	message->pos = 0;
	message->error = tis_receive(tis, deadline, message->data, MESSAGE_MAX, &message->len);
	answer_tag = get(message, 2);
	get32(message); /* size: tis_receive() read exactly that much */
	response_code = get32(message);
	if (message->error) {
		return;
	}
	if (wants_again(response_code)) {
		fail(message, MEASURE_AGAIN);
	} else if (response_code > RC_MAX) {
		fail(message, MEASURE_ERR_response); /* must not pass for an error of ours */
	} else if (response_code != 0) {
		fail(message, response_code);
	} else if (answer_tag != tag) {
		fail(message, MEASURE_ERR_response);
	}
}

/* Sends the command and leaves the response's parameters in its place. */
static void run(const struct tis *tis, struct message *message)
{
	uint64_t deadline = tis->now_ns() + TIS_COMMAND_NS;
	uint16_t tag = (uint16_t)(message->data[0] << 8 | message->data[1]);
	size_t end = message->pos;
	struct message answer;

	answer.pos = 0;
	answer.len = 0;
	do {
		message->pos = end; /* as it was before the last try */
		answer.error = send(tis, message, deadline);
		if (!answer.error) {
			receive(tis, &answer, tag, deadline);
		}
	} while (answer.error == MEASURE_AGAIN && tis->now_ns() < deadline);
	if (answer.error == MEASURE_AGAIN) {
		answer.error = MEASURE_ERR_timeout;
	}
	*message = answer;
}

/* For commands under authorisation that answer nothing. */
static uint32_t run_empty(const struct tis *tis, struct message *message)
{
	run(tis, message);
	expect(message, 0, 4);
	return message->error;
}

/* Adds a bank that the TPM shows to be active.  It must have what we extend, and a size that we
 * know, or else it would hold something that no log explains. */
static void add_bank(struct message *message, uint16_t alg, uint8_t select, struct tpm_banks *out)
{
	uint16_t size = eventlog_digest_size(alg);

	if ((select & SELECT_17_TO_19) != SELECT_17_TO_19 || size == 0) {
		fail(message, MEASURE_ERR_banks);
	} else if (out->count == TPM_BANKS_MAX) {
		fail(message, MEASURE_ERR_banks);
	} else {
		out->bank[out->count].alg = alg;
		out->bank[out->count].size = size;
		out->count++;
	}
}

/* Reads one TPMS_PCR_SELECTION; a bank without any PCR is not active. */
static void get_bank(struct message *message, struct tpm_banks *out)
{
	uint8_t select[SELECT_MAX] = {0};
	uint16_t alg = get(message, 2);
	uint8_t length = get(message, 1);
	bool is_active = false;

	get_bytes(message, select, length);
	for (unsigned i = 0; i < length; i++) {
		is_active |= select[i] != 0;
	}
	if (is_active) {
		add_bank(message, alg, select[2], out);
	}
}

/* Part 3, 30.2. */
uint32_t tpm2_banks(const struct tis *tis, struct tpm_banks *out)
{
	struct message message;
	uint32_t count;

	out->count = 0;
	start(&message, ST_NO_SESSIONS, CC_GET_CAPABILITY);
	put32(&message, CAP_PCRS);
	put32(&message, 0); /* property: none for PCRs */
	put32(&message, 1);
	run(tis, &message);
	expect(&message, 0, 1); /* more data would be banks not seen */
	expect(&message, CAP_PCRS, 4);
	count = get32(&message);
	for (uint32_t i = 0; i < count && !message.error; i++) {
		get_bank(&message, out);
	}
	return finish(&message);
}

/* Part 3, 22.2. */
static void start_extend(struct message *message, unsigned pcr, const struct tpm_banks *banks,
			 uint8_t digest[][TPM_DIGEST_MAX], const struct tpm_auth *auth)
{
	start(message, ST_SESSIONS, CC_PCR_EXTEND);
	put32(message, pcr);
	put_auth(message, auth);
	put32(message, banks->count);
	for (unsigned i = 0; i < banks->count; i++) {
		put16(message, banks->bank[i].alg);
		put_bytes(message, digest[i], banks->bank[i].size);
	}
}

uint32_t tpm2_extend(const struct tis *tis, unsigned pcr, const struct tpm_banks *banks,
		     uint8_t digest[][TPM_DIGEST_MAX])
{
	struct message message;

	start_extend(&message, pcr, banks, digest, &no_auth);
	return run_empty(tis, &message);
}

/* Part 3, 22.8. */
uint32_t tpm2_send_reset(const struct tis *tis, unsigned pcr, const struct tpm_auth *auth)
{
	struct message message;

	start(&message, ST_SESSIONS, CC_PCR_RESET);
	put32(&message, pcr);
	put_auth(&message, auth);
	return send(tis, &message, tis->now_ns() + TIS_COMMAND_NS);
}

uint32_t tpm2_send_extend(const struct tis *tis, unsigned pcr, const struct tpm_banks *banks,
			  uint8_t digest[][TPM_DIGEST_MAX], const struct tpm_auth *auth)
{
	struct message message;

	start_extend(&message, pcr, banks, digest, auth);
	return send(tis, &message, tis->now_ns() + TIS_COMMAND_NS);
}

uint32_t tpm2_receive_empty(const struct tis *tis)
{
	struct message message;

	receive(tis, &message, ST_SESSIONS, tis->now_ns() + TIS_COMMAND_NS);
	expect(&message, 0, 4);
	return message.error;
}

/* A TPML_PCR_SELECTION of one PCR in one bank: written, or expected to be so. */
static void selection(struct message *message, void (*field)(struct message *, uint32_t, unsigned),
		      unsigned pcr, uint16_t alg)
{
	uint8_t select[SELECT_LEN] = {0};

	select[pcr / 8] = 1u << pcr % 8;
	field(message, 1, 4);
	field(message, alg, 2);
	field(message, SELECT_LEN, 1);
	for (unsigned i = 0; i < SELECT_LEN; i++) {
		field(message, select[i], 1);
	}
}

/* Part 3, 22.4. */
uint32_t tpm2_pcr_read(const struct tis *tis, unsigned pcr, uint16_t alg, uint16_t size,
		       uint8_t *digest)
{
	struct message message;

	start(&message, ST_NO_SESSIONS, CC_PCR_READ);
	selection(&message, put, pcr, alg);
	run(tis, &message);
	get32(&message); /* update counter */
	/* The selection must come back as asked: a TPM without this PCR clears the bit. */
	selection(&message, expect, pcr, alg);
	expect(&message, 1, 4);
	expect(&message, size, 2);
	get_bytes(&message, digest, size);
	return finish(&message);
}

/* Part 3, 29.1; the answer is a TPMS_TIME_INFO. */
uint32_t tpm2_counts(const struct tis *tis, uint32_t *reset_count, uint32_t *restart_count)
{
	struct message message;

	start(&message, ST_NO_SESSIONS, CC_READ_CLOCK);
	run(tis, &message);
	for (unsigned i = 0; i < 4; i++) {
		get32(&message); /* time, clock */
	}
	*reset_count = get32(&message);
	*restart_count = get32(&message);
	get(&message, 1); /* safe */
	return finish(&message);
}

uint32_t tpm2_random(const struct tis *tis, uint8_t out[TPM_RANDOM_LEN])
{
	struct message message;

	/* Part 3, 16.1: as many as its largest digest has, which are 32 at least, come at once. */
	start(&message, ST_NO_SESSIONS, CC_GET_RANDOM);
	put16(&message, TPM_RANDOM_LEN);
	run(tis, &message);
	expect(&message, TPM_RANDOM_LEN, 2);
	get_bytes(&message, out, TPM_RANDOM_LEN);
	return finish(&message);
}

/* Part 3, 22.7. */
uint32_t tpm2_protect_group(const struct tis *tis, const struct tpm_auth *auth)
{
	struct message message;

	start(&message, ST_SESSIONS, CC_PCR_SET_AUTH);
	put32(&message, PCR_GROUP);
	put_auth(&message, &no_auth);
	put16(&message, auth->len);
	put_bytes(&message, auth->value, auth->len);
	return run_empty(tis, &message);
}

bool tpm2_is_unprotectable(uint32_t error)
{
	return error == RC_COMMAND_CODE || error == RC_VALUE || error == RC_VALUE_HANDLE_1;
}
