/* SPDX-License-Identifier: MIT */
/*
 * The quote: one good judgement, then everything that a host could try, each of which must show in
 * the row of its own and never be trusted.
 */
#include "verify/verify_expect.h"
#include "tools/lib/merkle.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/sha.h>

/* What the last row of this component found. */
static const char *found_in(const char *component)
{
	const char *found = NULL;

	for (size_t i = 0; i < f.v.count; i++) {
		if (strcmp(f.v.row[i].component, component) == 0) {
			found = f.v.row[i].found;
		}
	}
	assert_non_null(found);
	return found;
}

static void good(void **state)
{
	(void)state;
	fixture_quote(&f);
	expect("quote.pcrs", ROW_ok);
	assert_int_equal(f.v.status, VERDICT_trusted);
	assert_true(f.j.pcrs_ok && f.j.quote_signed && f.j.quote_fresh && f.j.enrolled);
	assert_string_equal(f.j.host_name, "host-1");
	assert_int_equal(f.j.reset_count, 7);
	assert_int_equal(f.j.restart_count, 2);
	assert_memory_equal(f.j.quote_nonce, f.in.nonce, 32);
	assert_int_equal(fixture_row(&f.v, "ek.chain"), ROW_ok);
	assert_int_equal(fixture_row(&f.v, "ek.test-tpm"), ROW_ok);
	assert_int_equal(fixture_row(&f.v, "ak.attributes"), ROW_ok);
	assert_int_equal(fixture_row(&f.v, "ak.credential"), ROW_ok);
}

/* ---- the quote ---------------------------------------------------------------------------- */

static void resign(const char *component, enum row_result result)
{
	fixture_sign(&f, f.ak);
	expect(component, result);
}

/* Two enrolled hosts: the quote of one with the keys of the other. */
static void foreign_quote(void **state)
{
	EVP_PKEY *other = fixture_ec_key();

	(void)state;
	fixture_quote(&f);
	fixture_sign(&f, other);
	expect("quote.signature", ROW_bad);
	EVP_PKEY_free(other);
}

static void changed_signature(void **state)
{
	(void)state;
	fixture_quote(&f);
	for (size_t i = 0; i < f.e.signature.length; i++) {
		f.e.signature.data[i] ^= 1;
		expect("quote.signature", ROW_bad);
		f.e.signature.data[i] ^= 1;
	}
	f.e.signature.length--;
	expect("quote.signature", ROW_bad);
	/* r = 0 */
	fixture_sign(&f, f.ak);
	memset(f.e.signature.data + 6, 0, 32);
	expect("quote.signature", ROW_bad);
	/* s = 2^256 - 1, above the order */
	fixture_sign(&f, f.ak);
	memset(f.e.signature.data + 40, 0xFF, 32);
	expect("quote.signature", ROW_bad);
	/* a byte behind it */
	fixture_sign(&f, f.ak);
	f.e.signature.data = realloc(f.e.signature.data, f.e.signature.length + 1);
	f.e.signature.data[f.e.signature.length++] = 0;
	expect("quote.signature", ROW_bad);
}

/* The same numbers in another form, or by the name of another scheme. */
static void signature_forms(void **state)
{
	static const uint8_t scheme[] = {TPM2_ALG_ECSCHNORR, TPM2_ALG_SM2};
	uint8_t longer[80];

	(void)state;
	fixture_quote(&f);
	for (size_t i = 0; i < sizeof(scheme); i++) {
		f.e.signature.data[1] = scheme[i];
		expect("quote.signature", ROW_bad);
		f.e.signature.data[1] = TPM2_ALG_ECDSA;
		expect("quote.signature", ROW_ok);
	}
	f.e.signature.data[3] = TPM2_ALG_SHA384; /* the hash that it says it signed */
	expect("quote.signature", ROW_bad);
	assert_string_equal(found_in("quote.signature"), "something else");
	f.e.signature.data[3] = TPM2_ALG_SHA256;
	/* u16 scheme, hash, 32, r, 32, s: a zero before r, then before s */
	assert_int_equal(f.e.signature.length, 72);
	for (size_t at = 4; at <= 38; at += 34) {
		memcpy(longer, f.e.signature.data, at);
		longer[at] = 0;
		longer[at + 1] = 33;
		longer[at + 2] = 0;
		memcpy(longer + at + 3, f.e.signature.data + at + 2, 72 - at - 2);
		free(f.e.signature.data);
		f.e.signature.data = malloc(73);
		memcpy(f.e.signature.data, longer, 73);
		f.e.signature.length = 73;
		expect("quote.signature", ROW_bad);
		fixture_sign(&f, f.ak);
		f.e.signature.data[at + 1] = 0; /* and a number without bytes */
		memmove(f.e.signature.data + at + 2, f.e.signature.data + at + 34, 72 - at - 34);
		f.e.signature.length = 40;
		expect("quote.signature", ROW_bad);
		assert_string_equal(found_in("quote.signature"), "something else");
		fixture_sign(&f, f.ak);
	}
	expect("quote.signature", ROW_ok);
}

static void changed_quote(void **state)
{
	(void)state;
	fixture_quote(&f);
	for (size_t i = 0; i < f.e.attest.length; i++) {
		f.e.attest.data[i] ^= 0x80;
		fixture_judge(&f);
		assert_int_equal(fixture_row(&f.v, "quote.signature"), ROW_bad);
		assert_int_equal(f.v.status, VERDICT_not_trusted);
		assert_false(f.j.quote_signed || f.j.pcrs_ok);
		f.e.attest.data[i] ^= 0x80;
	}
}

/* Signed by the AK all the same, as an unrestricted key would: the mark of the TPM decides. */
static void magic(void **state)
{
	uint8_t made_up[1024];
	size_t length;

	(void)state;
	fixture_quote(&f);
	length = f.e.attest.length;
	memcpy(made_up, f.e.attest.data, length);
	made_up[3] = 0x48;
	fixture_sign_bytes(&f, f.ak, made_up, length);
	expect("quote.magic", ROW_bad);
	assert_int_equal(fixture_row(&f.v, "quote.signature"), ROW_ok);
	assert_int_equal(fixture_row(&f.v, "quote.nonce"), ROW_missing);
	assert_int_equal(fixture_row(&f.v, "quote.pcrs"), ROW_missing);
	assert_false(f.j.quote_signed);
	fixture_quote(&f);
	f.attest.type = TPM2_ST_ATTEST_TIME;
	resign("quote.magic", ROW_bad);
	assert_false(f.j.quote_signed);
	/* a byte behind the quote */
	fixture_quote(&f);
	memcpy(made_up, f.e.attest.data, length);
	made_up[length] = 0;
	fixture_sign_bytes(&f, f.ak, made_up, length + 1);
	expect("quote.magic", ROW_bad);
	fixture_sign_bytes(&f, f.ak, made_up, 3);
	expect("quote.magic", ROW_bad);
}

static void nonces(void **state)
{
	(void)state;
	fixture_quote(&f);
	f.in.nonce[31] ^= 1; /* the old evidence for a new question */
	memcpy(f.e.nonce, f.in.nonce, 32);
	expect("quote.nonce", ROW_bad);
	f.in.nonce[31] ^= 1;
	memcpy(f.e.nonce, f.in.nonce, 32);
	f.attest.extraData.size = 31;
	resign("quote.nonce", ROW_bad);
	f.attest.extraData.size = 0;
	resign("quote.nonce", ROW_bad);
	f.attest.extraData.size = 33;
	resign("quote.nonce", ROW_bad);
	/* no nonce is not the nonce of zeroes */
	memset(f.in.nonce, 0, sizeof(f.in.nonce));
	memset(f.e.nonce, 0, sizeof(f.e.nonce));
	f.attest.extraData.size = 0;
	resign("quote.nonce", ROW_bad);
	memset(f.in.nonce, 0xA5, sizeof(f.in.nonce));
}

static void batches(void **state)
{
	merkle_hash leaf[5], root;

	(void)state;
	fixture_quote(&f);
	for (unsigned i = 0; i < 5; i++) {
		uint8_t nonce[32];

		memset(nonce, (int)i, 32);
		merkle_leaf(i == 3 ? f.in.nonce : nonce, 32, leaf[i]);
	}
	merkle_root(leaf, 5, root);
	memcpy(f.attest.extraData.buffer, root, 32);
	f.e.batch_index = 3;
	f.e.batch_size = 5;
	f.e.batch_proof_length = merkle_inclusion(leaf, 5, 3, (merkle_hash *)f.e.batch_proof);
	resign("quote.nonce", ROW_ok);
	assert_int_equal(f.v.status, VERDICT_trusted);
	assert_memory_equal(f.j.quote_nonce, root, 32);
	f.e.batch_index = 2;
	expect("quote.nonce", ROW_bad);
	f.e.batch_index = 3;
	f.e.batch_proof[0][0] ^= 1;
	expect("quote.nonce", ROW_bad);
	f.e.batch_proof[0][0] ^= 1;
	f.e.batch_proof_length--;
	expect("quote.nonce", ROW_bad);
	f.e.batch_proof_length++;
	f.in.nonce[0] ^= 1;
	memcpy(f.e.nonce, f.in.nonce, 32);
	expect("quote.nonce", ROW_bad);
	f.in.nonce[0] ^= 1;
	memcpy(f.e.nonce, f.in.nonce, 32);
	f.e.batch_size = 0; /* the root for one nonce */
	expect("quote.nonce", ROW_bad);
}

/* Refused as a selection, before anything is made of it. */
static void wrong_selection(void)
{
	resign("quote.pcrs", ROW_bad);
	assert_string_equal(found_in("quote.pcrs"), "another selection");
	fixture_quote(&f);
}

static void selections(void **state)
{
	TPML_PCR_SELECTION *s = &f.attest.attested.quote.pcrSelect;

	(void)state;
	fixture_quote(&f);
	s->count = 1; /* one bank only, of two active ones */
	resign("quote.pcrs", ROW_bad);
	assert_non_null(strstr(f.v.row[f.v.count - 1].meaning, "an active bank"));
	fixture_quote(&f);
	s->count = 0;
	resign("quote.pcrs", ROW_bad);
	fixture_quote(&f);
	s->count = 3; /* one bank too many */
	s->pcrSelections[2] = s->pcrSelections[0];
	wrong_selection();
	s->pcrSelections[1] = s->pcrSelections[0];
	wrong_selection();
	s->pcrSelections[1].hash = TPM2_ALG_SHA1;
	resign("quote.pcrs", ROW_bad);
	assert_string_equal(found_in("quote.pcrs"), "those of SHA-1 SHA-256");
	fixture_quote(&f);
	s->count = 3; /* one that no log can have: it is no bit, but it is one more */
	s->pcrSelections[2] = s->pcrSelections[0];
	s->pcrSelections[2].hash = 0x100;
	resign("quote.pcrs", ROW_bad);
	assert_string_equal(found_in("quote.pcrs"), "those of SHA-256 SHA-384");
	fixture_quote(&f);
	s->pcrSelections[0].pcrSelect[2] = 0x0E; /* without PCR 22 */
	wrong_selection();
	s->pcrSelections[1].pcrSelect[1] = 0x07; /* one too many */
	wrong_selection();
	f.attest.attested.quote.pcrDigest.size = 31;
	wrong_selection();
	s->count = TPM2_NUM_PCR_BANKS; /* more banks than any log has */
	for (unsigned i = 0; i < TPM2_NUM_PCR_BANKS; i++) {
		s->pcrSelections[i] = s->pcrSelections[0];
		s->pcrSelections[i].hash = (uint16_t)(0x100 + i);
	}
	wrong_selection();
}

/* What of the log's two banks was quoted decides, not that there are two. */
static void other_banks(void **state)
{
	TPML_PCR_SELECTION *s = &f.attest.attested.quote.pcrSelect;
	uint8_t all[14 * (20 + 32)];
	size_t length = 0;

	(void)state;
	fixture_quote(&f); /* a TPM with SHA-256 alone */
	s->count = f.j.banks = 1;
	for (unsigned i = 0; i < 24; i++) {
		if (QUOTE_PCRS & 1u << i) {
			memcpy(all + length, f.j.pcr256[i], 32);
			length += 32;
		}
	}
	SHA256(all, length, f.attest.attested.quote.pcrDigest.buffer);
	resign("quote.pcrs", ROW_ok);
	assert_true(f.j.pcrs_ok);
	fixture_quote(&f); /* both quoted, the log tells of one */
	f.j.banks = 1;
	expect("quote.pcrs", ROW_bad);
	fixture_quote(&f); /* SHA-1, which nothing judges, in its place in the quote */
	f.j.bank[1] = s->pcrSelections[0].hash = TPM2_ALG_SHA1;
	s->pcrSelections[1].hash = TPM2_ALG_SHA256;
	memset(f.j.foreign[1], 0x5A, sizeof(f.j.foreign[1]));
	memset(all, 0x5A, 14 * 20);
	length = 14 * 20;
	for (unsigned i = 0; i < 24; i++) {
		if (QUOTE_PCRS & 1u << i) {
			memcpy(all + length, f.j.pcr256[i], 32);
			length += 32;
		}
	}
	SHA256(all, length, f.attest.attested.quote.pcrDigest.buffer);
	resign("quote.pcrs", ROW_ok);
	f.j.foreign[1][4][0] ^= 1;
	expect("quote.pcrs", ROW_bad);
}

static void banks_row(uint32_t found, enum row_result result)
{
	static struct corbel_log_record boot;

	boot.body.boot.banks = found;
	fixture_judge(&f);
	f.j.boot = &boot;
	quote_banks(&f.j);
	assert_int_equal(fixture_row(&f.v, "quote.banks"), result);
}

/* The hypervisor's word for what is active, against quote and log that agree. */
static void active_banks(void **state)
{
	(void)state;
	fixture_quote(&f);
	banks_row(2 | 4, ROW_ok);
	banks_row(2, ROW_bad);
	banks_row(1 | 2 | 4, ROW_bad);
	banks_row(0, ROW_bad);
	fixture_judge(&f);
	quote_banks(&f.j);
	assert_int_equal(fixture_row(&f.v, "quote.banks"), ROW_missing);
	f.e.signature.data[20] ^= 1; /* the boot record is proved, the quote is not */
	banks_row(2 | 4, ROW_missing);
}

static void values(void **state)
{
	const char *meaning;

	(void)state;
	fixture_quote(&f);
	f.j.pcr256[9][0] ^= 1; /* the log tells another PCR 9 than the TPM */
	expect("quote.pcrs", ROW_bad);
	meaning = f.v.row[f.v.count - 1].meaning;
	assert_non_null(strstr(meaning, "PCR 9."));
	fixture_quote(&f);
	f.j.pcr384[17][47] ^= 1;
	expect("quote.pcrs", ROW_bad);
	fixture_quote(&f);
	f.j.pcr_known &= ~(1u << 22);
	expect("quote.pcrs", ROW_missing);
}

static void shown_badly(const char *pcr)
{
	fixture_judge(&f);
	assert_int_equal(fixture_row(&f.v, "quote.pcrs"), ROW_bad);
	assert_int_equal(f.v.status, VERDICT_not_trusted);
	assert_non_null(strstr(f.v.row[f.v.count - 1].meaning, pcr));
}

/* The quote is right, what the file says beside it is not. */
static void shown(void **state)
{
	(void)state;
	fixture_quote(&f);
	f.e.pcr[17][31] ^= 1;
	shown_badly("PCR 17.");
	f.e.pcr[17][31] ^= 1;
	f.e.pcr_present = QUOTE_PCRS & ~(1u << 4);
	shown_badly("PCR 4.");
	f.e.pcr_present = QUOTE_PCRS | 1u << 10;
	shown_badly("PCR 10.");
	f.e.pcr_present = 0;
	shown_badly("PCR 0 1 2 3 4 5 6 7 8 9 17 18 19 22.");
	fixture_quote(&f);
	f.e.nonce[0] ^= 1;
	expect("quote.nonce", ROW_bad);
	f.e.nonce[0] ^= 1;
	expect("quote.nonce", ROW_ok);
}

static void clocks(void **state)
{
	static struct corbel_log_record boot;

	(void)state;
	fixture_quote(&f);
	fixture_judge(&f);
	quote_clock(&f.j); /* no boot record was proved */
	assert_int_equal(fixture_row(&f.v, "quote.clock"), ROW_missing);
	boot.body.boot.reset_count = 7;
	boot.body.boot.restart_count = 2;
	fixture_judge(&f);
	f.j.boot = &boot;
	quote_clock(&f.j);
	assert_int_equal(fixture_row(&f.v, "quote.clock"), ROW_ok);
	assert_null(strstr(f.v.row[f.v.count - 1].meaning, "its clock may have stood later"));
	f.attest.clockInfo.safe = TPM2_NO;
	fixture_sign(&f, f.ak);
	fixture_judge(&f);
	f.j.boot = &boot;
	quote_clock(&f.j);
	assert_int_equal(fixture_row(&f.v, "quote.clock"), ROW_ok);
	assert_non_null(strstr(f.v.row[f.v.count - 1].meaning, "its clock may have stood later"));
	fixture_judge(&f);
	boot.body.boot.reset_count = 6;
	f.j.boot = &boot;
	quote_clock(&f.j);
	assert_int_equal(fixture_row(&f.v, "quote.clock"), ROW_bad);
	fixture_judge(&f);
	boot.body.boot.reset_count = 7;
	boot.body.boot.restart_count = 1;
	f.j.boot = &boot;
	quote_clock(&f.j);
	assert_int_equal(fixture_row(&f.v, "quote.clock"), ROW_bad);
	f.e.signature.data[20] ^= 1; /* not the TPM's counters */
	fixture_judge(&f);
	boot.body.boot.restart_count = 2;
	f.j.boot = &boot;
	quote_clock(&f.j);
	assert_int_equal(fixture_row(&f.v, "quote.clock"), ROW_missing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(foreign_quote),
		cmocka_unit_test(changed_signature),
		cmocka_unit_test(signature_forms),
		cmocka_unit_test(changed_quote),
		cmocka_unit_test(magic),
		cmocka_unit_test(nonces),
		cmocka_unit_test(batches),
		cmocka_unit_test(selections),
		cmocka_unit_test(other_banks),
		cmocka_unit_test(active_banks),
		cmocka_unit_test(values),
		cmocka_unit_test(shown),
		cmocka_unit_test(clocks),
	};

	setenv("TSS2_LOG", "all+none", 1);
	return cmocka_run_group_tests(tests, expect_setup, expect_teardown);
}
