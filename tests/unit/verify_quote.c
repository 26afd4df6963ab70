/* SPDX-License-Identifier: MIT */
/*
 * Identity and quote: one good judgement, then everything that a host could try, each of which must
 * show in the row of its own and never be trusted.
 */
#include "verify_fixture.h"
#include "measured-boot/lib/merkle.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct fixture f;

static int setup(void **state)
{
	(void)state;
	fixture_open(&f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_close(&f);
	return 0;
}

/* Judges; the component's row must have this result, and the verdict must follow. */
static void expect(const char *component, enum row_result result)
{
	fixture_judge(&f);
	if (fixture_row(&f.v, component) != (int)result) {
		verdict_text(&f.v, stderr);
	}
	assert_int_equal(fixture_row(&f.v, component), result);
	if (result == ROW_bad) {
		assert_int_equal(f.v.status, VERDICT_not_trusted);
		assert_false(f.j.pcrs_ok && strncmp(component, "ek.", 3) != 0);
	} else if (result == ROW_missing) {
		assert_int_not_equal(f.v.status, VERDICT_trusted);
		assert_false(f.j.pcrs_ok);
	}
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

/* ---- the endorsement key ----------------------------------------------------------------------
 */

/* The EK with another certificate of its own, chained or not. */
static void with_certificate(unsigned flags, enum row_result chain)
{
	X509 *c;

	fixture_quote(&f);
	c = fixture_certificate(f.ek, "board", f.ca, f.root, flags);
	fixture_set_certificate(&f, c);
	X509_free(c);
	expect("ek.chain", chain);
	assert_int_equal(f.v.status == VERDICT_trusted, chain == ROW_ok);
}

static void certificates(void **state)
{
	(void)state;
	with_certificate(0, ROW_ok);
	with_certificate(CERT_NO_PURPOSE, ROW_bad);
	with_certificate(CERT_NO_ATTRIBUTES, ROW_bad);
	with_certificate(CERT_CA, ROW_bad);
	with_certificate(CERT_SIGNS, ROW_bad);
	with_certificate(CERT_EXPIRED, ROW_bad);
	with_certificate(CERT_SHA1, ROW_bad);
}

static void not_chained(void **state)
{
	EVP_PKEY *other = fixture_ec_key();
	X509 *root = fixture_certificate(other, "Test TPM maker", other, NULL, CERT_CA);
	X509 *foreign = fixture_certificate(f.ek, "board", other, root, 0);
	X509 *alone = fixture_certificate(f.ek, "board", f.ek, NULL, 0);

	(void)state;
	fixture_quote(&f);
	fixture_set_certificate(&f, foreign);
	expect("ek.chain", ROW_bad);
	fixture_set_certificate(&f, alone);
	expect("ek.chain", ROW_bad);
	X509_free(root);
	X509_free(foreign);
	X509_free(alone);
	EVP_PKEY_free(other);
}

/* A CA between; it helps only when the verifier gives it. */
static void intermediate(void **state)
{
	EVP_PKEY *key = fixture_ec_key();
	X509 *middle = fixture_certificate(key, "Test TPM maker, line 2", f.ca, f.root, CERT_CA);
	X509 *ek = fixture_certificate(f.ek, "board", key, middle, 0);
	const char *roots[] = {NULL, NULL}, *only_middle[] = {NULL, NULL};
	char bundle[96], middle_file[96];

	(void)state;
	fixture_quote(&f);
	fixture_set_certificate(&f, ek);
	expect("ek.chain", ROW_bad);
	fixture_write_pem(&f, "bundle.pem", f.root, bundle);
	fixture_write_pem(&f, "bundle.pem", middle, bundle);
	roots[0] = bundle;
	f.in.roots = roots;
	expect("ek.chain", ROW_ok);
	assert_int_equal(f.v.status, VERDICT_trusted);
	/* without its root it is no anchor */
	fixture_write_pem(&f, "middle.pem", middle, middle_file);
	only_middle[0] = middle_file;
	f.in.roots = only_middle;
	expect("ek.chain", ROW_bad);
	X509_free(middle);
	X509_free(ek);
	EVP_PKEY_free(key);
}

static void no_roots(void **state)
{
	const char *none[] = {NULL}, *absent[] = {"/nonexistent/roots.pem", NULL};
	const char *empty[] = {f.hosts_file, NULL};

	(void)state;
	fixture_quote(&f);
	f.in.roots = none;
	fixture_judge(&f);
	assert_int_equal(fixture_row(&f.v, "ek.chain"), ROW_missing);
	assert_int_equal(f.v.status, VERDICT_cannot_judge);
	f.in.roots = absent;
	fixture_judge(&f);
	assert_int_equal(f.v.status, VERDICT_cannot_judge);
	f.in.roots = empty;
	fixture_judge(&f);
	assert_int_equal(f.v.status, VERDICT_cannot_judge);
}

static void test_tpm(void **state)
{
	X509 *c;

	(void)state;
	fixture_quote(&f);
	c = fixture_certificate(f.ek, "board", f.ca, f.root, CERT_SWTPM);
	fixture_set_certificate(&f, c);
	expect("ek.test-tpm", ROW_bad);
	f.in.allow_test_tpm = true;
	expect("ek.test-tpm", ROW_warning);
	assert_int_equal(f.v.status, VERDICT_trusted);
	X509_free(c);
}

static void certificate_garbage(void **state)
{
	(void)state;
	fixture_quote(&f);
	f.e.ek_certificate.length--;
	expect("ek.chain", ROW_bad);
	assert_int_equal(fixture_row(&f.v, "host.enrolled"), ROW_missing);
	fixture_quote(&f);
	f.e.ek_certificate.data = realloc(f.e.ek_certificate.data, f.e.ek_certificate.length + 1);
	f.e.ek_certificate.data[f.e.ek_certificate.length++] = 0;
	expect("ek.chain", ROW_bad);
}

/* ---- enrolment --------------------------------------------------------------------------------
 */

static void not_enrolled(void **state)
{
	(void)state;
	fixture_quote(&f);
	f.host.ek_sha256[0] ^= 1;
	fixture_enroll(&f);
	expect("host.enrolled", ROW_missing);
	assert_int_equal(f.v.status, VERDICT_cannot_judge);
	fixture_quote(&f);
	f.in.hosts = NULL;
	expect("host.enrolled", ROW_missing);
	f.in.hosts = "/nonexistent/hosts.json";
	expect("host.enrolled", ROW_missing);
	f.in.hosts = f.root_file;
	expect("host.enrolled", ROW_missing);
}

static void enrolled_twice(void **state)
{
	struct host twice[2];
	struct host_list list = {twice, 2};
	char error[256];

	(void)state;
	fixture_quote(&f);
	twice[0] = twice[1] = f.host;
	twice[1].ak_name[5] ^= 1;
	assert_true(hosts_write(f.hosts_file, &list, error));
	expect("host.enrolled", ROW_missing);
}

/* ---- the attestation key ----------------------------------------------------------------------
 */

/* A key of the TPM with other attributes, even if somebody had enrolled it. */
static void with_attributes(TPMA_OBJECT attributes)
{
	fixture_quote(&f);
	f.ak_public.objectAttributes = attributes;
	fixture_set_ak(&f, &f.ak_public);
	public_name(&f.e.ak_public, f.host.ak_name);
	fixture_enroll(&f);
	expect("ak.attributes", ROW_bad);
	assert_int_equal(fixture_row(&f.v, "ak.credential"), ROW_ok);
	assert_int_equal(fixture_row(&f.v, "quote.signature"), ROW_missing);
}

static void attributes(void **state)
{
	TPMA_OBJECT all;

	(void)state;
	fixture_quote(&f);
	all = f.ak_public.objectAttributes;
	with_attributes(all & ~TPMA_OBJECT_RESTRICTED);
	with_attributes(all & ~TPMA_OBJECT_SIGN_ENCRYPT);
	with_attributes(all & ~TPMA_OBJECT_FIXEDTPM);
	with_attributes(all & ~TPMA_OBJECT_FIXEDPARENT);
	with_attributes(all & ~TPMA_OBJECT_SENSITIVEDATAORIGIN);
	with_attributes(all & ~TPMA_OBJECT_USERWITHAUTH);
	with_attributes(all | TPMA_OBJECT_DECRYPT);
	with_attributes(all | TPMA_OBJECT_ADMINWITHPOLICY);
}

static void with_public(const TPMT_PUBLIC *public)
{
	fixture_set_ak(&f, public);
	public_name(&f.e.ak_public, f.host.ak_name);
	fixture_enroll(&f);
	expect("ak.attributes", ROW_bad);
}

static void algorithms(void **state)
{
	TPMT_PUBLIC p;

	(void)state;
	fixture_quote(&f);
	p = f.ak_public;
	p.parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA1;
	with_public(&p);
	p = f.ak_public;
	p.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
	with_public(&p);
	p = f.ak_public;
	p.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECSCHNORR;
	with_public(&p);
	p = f.ak_public;
	p.parameters.eccDetail.curveID = TPM2_ECC_NIST_P384;
	with_public(&p);
	p = f.ak_public;
	p.nameAlg = TPM2_ALG_SHA1;
	with_public(&p);
	p = f.ak_public;
	p.authPolicy.size = 32;
	with_public(&p);
	p = f.ak_public;
	p.unique.ecc.x.buffer[31] ^= 1; /* off the curve */
	with_public(&p);
	p = f.ak_public;
	p.unique.ecc.x.size = 33;
	with_public(&p);
	/* a byte behind it */
	fixture_set_ak(&f, &f.ak_public);
	f.e.ak_public.data = realloc(f.e.ak_public.data, f.e.ak_public.length + 1);
	f.e.ak_public.data[f.e.ak_public.length++] = 0;
	expect("ak.attributes", ROW_bad);
}

/* A perfect key, but not the one that the TPM proved to hold. */
static void not_credentialed(void **state)
{
	EVP_PKEY *other = fixture_ec_key();
	TPMT_PUBLIC p;

	(void)state;
	fixture_quote(&f);
	fixture_ak_public(&p, other);
	fixture_set_ak(&f, &p);
	fixture_sign(&f, other);
	expect("ak.credential", ROW_bad);
	assert_int_equal(fixture_row(&f.v, "quote.signature"), ROW_ok);
	EVP_PKEY_free(other);
}

/* ---- the quote --------------------------------------------------------------------------------
 */

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

/* Signed by the AK all the same, as an unrestricted key would. */
static void magic(void **state)
{
	(void)state;
	fixture_quote(&f);
	f.attest.type = TPM2_ST_ATTEST_TIME;
	resign("quote.magic", ROW_bad);
	fixture_quote(&f);
	f.e.attest.length = 3;
	expect("quote.magic", ROW_bad);
	assert_int_equal(fixture_row(&f.v, "quote.nonce"), ROW_missing);
	fixture_quote(&f);
	f.e.attest.data[3] = 0x48;
	expect("quote.magic", ROW_bad);
	assert_int_equal(fixture_row(&f.v, "quote.pcrs"), ROW_missing);
}

static void nonces(void **state)
{
	(void)state;
	fixture_quote(&f);
	f.in.nonce[31] ^= 1; /* the old evidence for a new question */
	memcpy(f.e.nonce, f.in.nonce, 32);
	expect("quote.nonce", ROW_bad);
	f.in.nonce[31] ^= 1;
	f.attest.extraData.size = 31;
	resign("quote.nonce", ROW_bad);
	f.attest.extraData.size = 0;
	resign("quote.nonce", ROW_bad);
	f.attest.extraData.size = 33;
	resign("quote.nonce", ROW_bad);
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
	expect("quote.nonce", ROW_bad);
	f.in.nonce[0] ^= 1;
	f.e.batch_size = 0; /* the root for one nonce */
	expect("quote.nonce", ROW_bad);
}

static void selections(void **state)
{
	TPML_PCR_SELECTION *s = &f.attest.attested.quote.pcrSelect;

	(void)state;
	fixture_quote(&f);
	s->count = 1; /* one bank only */
	resign("quote.pcrs", ROW_bad);
	fixture_quote(&f);
	s->pcrSelections[1] = s->pcrSelections[0];
	resign("quote.pcrs", ROW_bad);
	fixture_quote(&f);
	s->pcrSelections[1].hash = TPM2_ALG_SHA1;
	resign("quote.pcrs", ROW_bad);
	fixture_quote(&f);
	s->pcrSelections[0].pcrSelect[2] = 0x0E; /* without PCR 22 */
	resign("quote.pcrs", ROW_bad);
	fixture_quote(&f);
	s->pcrSelections[1].pcrSelect[1] = 0x07; /* one too many */
	resign("quote.pcrs", ROW_bad);
	fixture_quote(&f);
	f.attest.attested.quote.pcrDigest.size = 31;
	resign("quote.pcrs", ROW_bad);
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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(certificates),
		cmocka_unit_test(not_chained),
		cmocka_unit_test(intermediate),
		cmocka_unit_test(no_roots),
		cmocka_unit_test(test_tpm),
		cmocka_unit_test(certificate_garbage),
		cmocka_unit_test(not_enrolled),
		cmocka_unit_test(enrolled_twice),
		cmocka_unit_test(attributes),
		cmocka_unit_test(algorithms),
		cmocka_unit_test(not_credentialed),
		cmocka_unit_test(foreign_quote),
		cmocka_unit_test(changed_signature),
		cmocka_unit_test(changed_quote),
		cmocka_unit_test(magic),
		cmocka_unit_test(nonces),
		cmocka_unit_test(batches),
		cmocka_unit_test(selections),
		cmocka_unit_test(values),
		cmocka_unit_test(clocks),
	};

	setenv("TSS2_LOG", "all+none", 1);
	return cmocka_run_group_tests(tests, setup, teardown);
}
