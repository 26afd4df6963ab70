/* SPDX-License-Identifier: MIT */
/*
 * TIS driver and TPM commands against the register model: taking a locality, every burst size,
 * each way in which the registers can misbehave, and malformed responses.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include "sim/fake_tis.h"
#include "measured-boot/image/measure.h"
#include "measured-boot/image/tpm2.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct tis tis;
static uint8_t answer[4096];
static size_t answer_len;
static uint8_t seen[4096];
static size_t seen_len;
static unsigned retries;

static size_t canned(unsigned locality, const uint8_t *in, size_t len, uint8_t *out)
{
	/* TPM_RC_RETRY, YIELDED, TESTING, in turn */
	static const uint8_t busy[3][10] = {{0x80, 1, 0, 0, 0, 10, 0, 0, 0x09, 0x22},
					    {0x80, 1, 0, 0, 0, 10, 0, 0, 0x09, 0x08},
					    {0x80, 1, 0, 0, 0, 10, 0, 0, 0x09, 0x0A}};

	assert_int_equal(locality, 2);
	memcpy(seen, in, len);
	seen_len = len;
	if (retries) {
		retries--;
		memcpy(out, busy[retries % 3], sizeof(busy[0]));
		return sizeof(busy[0]);
	}
	memcpy(out, answer, answer_len);
	return answer_len;
}

/* The next response: parameters, with a correct header put before them. */
static void respond(uint16_t tag, uint32_t rc, const void *params, size_t len)
{
	const uint8_t head[10] = {tag >> 8, tag,      0,        0,       (len + 10) >> 8,
				  len + 10, rc >> 24, rc >> 16, rc >> 8, rc};

	memcpy(answer, head, 10);
	if (len) {
		memcpy(answer + 10, params, len);
	}
	answer_len = len + 10;
}

static int setup(void **state)
{
	(void)state;
	fake_tis_reset();
	fake_tis.execute = canned;
	retries = 0;
	tis = (struct tis){.now_ns = fake_tis_now};
	assert_int_equal(tis_take(&tis, 2), 0);
	return 0;
}

static void probe(void **state)
{
	static const struct {
		uint32_t id, interface, want;
	} row[] = {
		{0x00011014, 0, 0},
		{0x00011014, 15, 0},
		{0x00011014, 1, MEASURE_ERR_interface}, /* CRB */
		{0, 0, MEASURE_ERR_interface},
		{0xFFFFFFFF, 0xFFFFFFFF, MEASURE_ERR_interface},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		fake_tis.did_vid = row[i].id;
		fake_tis.interface = row[i].interface;
		assert_int_equal(tis_probe(&tis), row[i].want);
	}
}

static void take(void **state)
{
	(void)state;
	/* Polite: locality 0 goes when told to. */
	assert_int_equal(fake_tis.active, 2);
	tis_release(&tis);
	assert_int_equal(fake_tis.active, -1);
	/* By force, granted only after a while, as when a command is running. */
	fake_tis_reset();
	fake_tis.sticky = true;
	fake_tis.hold = 900;
	assert_int_equal(tis_take(&tis, 2), 0);
	assert_int_equal(fake_tis.active, 2);
	/* Never: an error after 5 s, not a hang. */
	fake_tis_reset();
	fake_tis.sticky = true;
	fake_tis.grants = false;
	assert_int_equal(tis_take(&tis, 2), MEASURE_ERR_locality);
	assert_in_range(fake_tis.now, 5000000000, 5100000000);
	/* What there is no sign of is not there. */
	fake_tis_reset();
	fake_tis.fault = FAKE_TIS_absent;
	assert_int_equal(tis_take(&tis, 2), MEASURE_ERR_locality);
	fake_tis_reset();
	fake_tis.fault = FAKE_TIS_not_valid;
	assert_int_equal(tis_take(&tis, 2), MEASURE_ERR_locality);
}

static void bursts(void **state)
{
	uint8_t params[300], out[400];
	const uint8_t command[] = {0x80, 1, 0, 0, 0, 14, 0, 0, 1, 0x7B, 1, 2, 3, 4};
	size_t got;

	(void)state;
	for (size_t i = 0; i < sizeof(params); i++) {
		params[i] = i;
	}
	respond(0x8001, 0, params, sizeof(params));
	for (unsigned burst = 1; burst <= 400; burst += burst < 20 ? 1 : 37) {
		fake_tis.burst = burst;
		fake_tis.delay = burst % 50;
		assert_int_equal(
			tis_send(&tis, fake_tis_now() + TIS_COMMAND_NS, command, sizeof(command)),
			0);
		assert_int_equal(
			tis_receive(&tis, fake_tis_now() + TIS_COMMAND_NS, out, sizeof(out), &got),
			0);
		assert_int_equal(got, sizeof(params) + 10);
		assert_memory_equal(out, answer, got);
		assert_int_equal(seen_len, sizeof(command));
		assert_memory_equal(seen, command, seen_len);
	}
}

static void faults(void **state)
{
	static const uint32_t want[FAKE_TIS_fault_count] = {
		[FAKE_TIS_never_ready] = MEASURE_ERR_timeout,
		[FAKE_TIS_no_burst] = MEASURE_ERR_timeout,
		[FAKE_TIS_never_expect] = MEASURE_ERR_timeout,
		[FAKE_TIS_always_expect] = MEASURE_ERR_timeout,
		[FAKE_TIS_never_avail] = MEASURE_ERR_timeout,
		[FAKE_TIS_extra_bytes] = MEASURE_ERR_protocol,
		[FAKE_TIS_dead] = MEASURE_ERR_protocol,
	};
	uint8_t params[34] = {0, 32}, random[TPM_RANDOM_LEN];

	respond(0x8001, 0, params, sizeof(params));
	for (unsigned i = 0; i < FAKE_TIS_fault_count; i++) {
		uint64_t start;

		setup(state);
		fake_tis.fault = i;
		start = fake_tis.now;
		assert_int_equal(tpm2_random(&tis, random), want[i]);
		assert_true(fake_tis.now - start < 2100000000);
		if (i == FAKE_TIS_never_expect || i == FAKE_TIS_always_expect) {
			assert_int_equal(fake_tis.state, FAKE_ready); /* at once */
		}
		/* The next command works: the failed one was cancelled. */
		fake_tis.fault = FAKE_TIS_good;
		assert_int_equal(tpm2_random(&tis, random), 0);
	}
}

/* Where nothing was received, what lies in the buffer is no header. */
static void no_response(void **state)
{
	static const uint8_t command[] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7B, 0, 32};
	uint8_t out[64] = {0};
	size_t got = 1;

	fake_tis.fault = FAKE_TIS_never_avail;
	assert_int_equal(tis_send(&tis, fake_tis_now() + TIS_COMMAND_NS, command, sizeof(command)),
			 0);
	assert_int_equal(tis_receive(&tis, fake_tis_now() + TIS_COMMAND_NS, out, sizeof(out), &got),
			 MEASURE_ERR_timeout);
	assert_int_equal(got, 0);
	/* Nor is what does not come more than was said. */
	setup(state);
	respond(0x8001, 0, out, 30);
	assert_int_equal(tis_send(&tis, fake_tis_now() + TIS_COMMAND_NS, command, sizeof(command)),
			 0);
	fake_tis.fault = FAKE_TIS_stalls;
	assert_int_equal(tis_receive(&tis, fake_tis_now() + TIS_COMMAND_NS, out, sizeof(out), &got),
			 MEASURE_ERR_timeout);
}

static void sizes(void **state)
{
	static const struct {
		uint32_t stated, sent, want;
	} row[] = {
		{44, 44, 0},
		{9, 44, MEASURE_ERR_response},
		{0, 44, MEASURE_ERR_response},
		{43, 43, MEASURE_ERR_response}, /* a parameter is cut */
		{45, 45, MEASURE_ERR_response}, /* something follows */
		{10, 10, MEASURE_ERR_response},
		{1025, 1025, MEASURE_ERR_response}, /* longer than our buffer */
		{0xFFFFFFFF, 44, MEASURE_ERR_response},
		{0x80000000, 44, MEASURE_ERR_response},
		{44, 20, MEASURE_ERR_timeout},  /* says more than it gives */
		{44, 60, MEASURE_ERR_protocol}, /* gives more than it says */
	};
	uint8_t params[34] = {0, 32}, random[TPM_RANDOM_LEN];

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		respond(0x8001, 0, params, sizeof(params));
		memset(answer + 44, 0, sizeof(answer) - 44);
		for (unsigned n = 0; n < 4; n++) {
			answer[2 + n] = row[i].stated >> (24 - 8 * n);
		}
		answer_len = row[i].sent;
		assert_int_equal(tpm2_random(&tis, random), row[i].want);
	}
}

static void headers(void **state)
{
	uint8_t params[34] = {0, 32}, random[TPM_RANDOM_LEN];

	(void)state;
	respond(0x8002, 0, params, sizeof(params)); /* not the tag of the command */
	assert_int_equal(tpm2_random(&tis, random), MEASURE_ERR_response);
	respond(0x8001, 0x101, NULL, 0);
	assert_int_equal(tpm2_random(&tis, random), 0x101);
	respond(0x8001, 0x43420001, NULL, 0); /* no TPM may speak in our name */
	assert_int_equal(tpm2_random(&tis, random), MEASURE_ERR_response);
	respond(0x8001, 0, params, sizeof(params));
	retries = 5;
	assert_int_equal(tpm2_random(&tis, random), 0);
	retries = 1000000; /* for ever: ends with the deadline */
	assert_int_equal(tpm2_random(&tis, random), MEASURE_ERR_timeout);
	retries = 0;
	params[1] = 33; /* more than asked */
	respond(0x8001, 0, params, sizeof(params));
	assert_int_equal(tpm2_random(&tis, random), MEASURE_ERR_response);
	params[1] = 0;
	respond(0x8001, 0, params, 2);
	assert_int_equal(tpm2_random(&tis, random), MEASURE_ERR_response);
}

static void extend_bytes(void **state)
{
	struct tpm_banks banks = {2, {{TPM_ALG_SHA256, 32}, {TPM_ALG_SHA384, 48}}};
	static uint8_t digest[TPM_BANKS_MAX][TPM_DIGEST_MAX];
	static const uint8_t head[] = {
		0x80, 0x02, 0, 0,  0,    0x73, 0, 0, 1, 0x82,          /* TPM2_PCR_Extend */
		0,    0,    0, 17,                                     /* PCR */
		0,    0,    0, 9,  0x40, 0,    0, 9, 0, 0,    0, 0, 0, /* empty password */
		0,    0,    0, 2,  0,    0x0B,
	};
	const uint8_t ok[] = {0, 0, 0, 0, 0, 0, 1, 0, 0}, bad[] = {0, 0, 0, 1, 9};

	(void)state;
	memset(digest[0], 0xAA, 32);
	memset(digest[1], 0xBB, 48);
	respond(0x8002, 0, ok, sizeof(ok));
	assert_int_equal(tpm2_extend(&tis, 17, &banks, digest), 0);
	assert_int_equal(seen_len, 0x73);
	assert_memory_equal(seen, head, sizeof(head));
	assert_memory_equal(seen + sizeof(head), digest[0], 32);
	assert_memory_equal(seen + sizeof(head) + 32, "\0\x0C", 2);
	assert_memory_equal(seen + sizeof(head) + 34, digest[1], 48);
	respond(0x8002, 0, bad, sizeof(bad));
	assert_int_equal(tpm2_extend(&tis, 17, &banks, digest), MEASURE_ERR_response);
	respond(0x8001, 0x907, NULL, 0);
	assert_int_equal(tpm2_extend(&tis, 17, &banks, digest), 0x907);
}

static void bank_lists(void **state)
{
	static const struct {
		uint32_t want;
		unsigned count;
		size_t len;
		uint8_t params[64];
	} row[] = {
		{0, 1, 15, {0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 11, 3, 255, 255, 255}},
		/* an inactive bank is none */
		{0, 1, 21, {0, 0, 0, 0, 5, 0, 0, 0, 2, 0, 4, 3, 0, 0, 0, 0, 12, 3, 255, 255, 255}},
		{0, 0, 9, {0, 0, 0, 0, 5, 0, 0, 0, 0}},
		/* more banks than it shows; another capability; count beyond the end; left-over */
		{MEASURE_ERR_response, 0, 9, {1, 0, 0, 0, 5, 0, 0, 0, 0}},
		{MEASURE_ERR_response, 0, 9, {0, 0, 0, 0, 6, 0, 0, 0, 0}},
		{MEASURE_ERR_response, 0, 9, {0, 0, 0, 0, 5, 255, 255, 255, 255}},
		{MEASURE_ERR_response, 0, 10, {0, 0, 0, 0, 5, 0, 0, 0, 0}},
		{MEASURE_ERR_response, 1, 15, {0, 0, 0, 0, 5, 0, 0, 0, 2, 0, 11, 3, 255, 255, 255}},
		{MEASURE_ERR_response, 0, 13, {0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 11, 255, 255}},
		/* unknown algorithm; PCR 17 missing; too short a selection */
		{MEASURE_ERR_banks, 0, 15, {0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 99, 3, 255, 255, 255}},
		{MEASURE_ERR_banks, 0, 15, {0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 11, 3, 255, 255, 0xFD}},
		{MEASURE_ERR_banks, 0, 14, {0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 11, 2, 255, 255}},
	};
	struct tpm_banks banks;
	uint8_t many[9 + 9 * 6] = {0, 0, 0, 0, 5, 0, 0, 0, 9};

	(void)state;
	for (size_t i = 0; i < COUNT(row); i++) {
		respond(0x8001, 0, row[i].params, row[i].len);
		assert_int_equal(tpm2_banks(&tis, &banks), row[i].want);
		assert_true(row[i].want || banks.count == row[i].count);
	}
	for (unsigned i = 0; i < 9; i++) {
		memcpy(many + 9 + 6 * i, (uint8_t[]){0, 11, 3, 255, 255, 255}, 6);
	}
	respond(0x8001, 0, many, sizeof(many));
	assert_int_equal(tpm2_banks(&tis, &banks), MEASURE_ERR_banks);
}

static void pcr_answers(void **state)
{
	uint8_t params[4 + 4 + 6 + 4 + 2 + 32] = {0, 0, 0, 9, 0, 0, 0, 1, 0, 11,
						  3, 0, 0, 2, 0, 0, 0, 1, 0, 32};
	static const unsigned wrong[] = {7, 9, 10, 11, 13, 17, 19};
	uint8_t digest[32];

	(void)state;
	memset(params + 20, 0x5A, 32);
	respond(0x8001, 0, params, sizeof(params));
	assert_int_equal(tpm2_pcr_read(&tis, 17, TPM_ALG_SHA256, 32, digest), 0);
	assert_memory_equal(digest, params + 20, 32);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		params[wrong[i]] ^= 1;
		respond(0x8001, 0, params, sizeof(params));
		assert_int_equal(tpm2_pcr_read(&tis, 17, TPM_ALG_SHA256, 32, digest),
				 MEASURE_ERR_response);
		params[wrong[i]] ^= 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(probe, setup),
		cmocka_unit_test_setup(take, setup),
		cmocka_unit_test_setup(bursts, setup),
		cmocka_unit_test_setup(faults, setup),
		cmocka_unit_test_setup(no_response, setup),
		cmocka_unit_test_setup(sizes, setup),
		cmocka_unit_test_setup(headers, setup),
		cmocka_unit_test_setup(extend_bytes, setup),
		cmocka_unit_test_setup(bank_lists, setup),
		cmocka_unit_test_setup(pcr_answers, setup),
	};

	return cmocka_run_group_tests_name("tpm", tests, NULL, NULL);
}
