/* SPDX-License-Identifier: MIT */
/*
 * Identity: certificates, enrolment and attestation keys, everything that a host could try, each of
 * which must show in the row of its own and never be trusted.
 */
#include "verify/verify_expect.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- the endorsement key ------------------------------------------------------------------ */

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

static const struct verdict_row *row_of(const char *component)
{
	for (size_t i = 0; i < f.v.count; i++) {
		if (strcmp(f.v.row[i].component, component) == 0) {
			return &f.v.row[i];
		}
	}
	fail_msg("no row %s", component);
	return NULL;
}

/* What is wrong with the key, in its row's words. */
static void found_wrong(const char *why)
{
	assert_string_equal(row_of("ak.attributes")->found, why);
}

/* ---- enrolment ---------------------------------------------------------------------------- */

static void not_enrolled(void **state)
{
	(void)state;
	fixture_quote(&f);
	f.host.ek_sha256[0] ^= 1;
	fixture_enroll(&f);
	expect("host.enrolled", ROW_missing);
	assert_non_null(strstr(row_of("host.enrolled")->meaning, "may be any TPM"));
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
	assert_non_null(strstr(row_of("host.enrolled")->meaning, "2 entries of the list"));
	assert_false(f.j.enrolled);
}

/* ---- the attestation key ------------------------------------------------------------------ */

/* A key of the TPM with other attributes, even if somebody had enrolled it. */
static void with_attributes(TPMA_OBJECT attributes, const char *why)
{
	fixture_quote(&f);
	f.ak_public.objectAttributes = attributes;
	fixture_set_ak(&f, &f.ak_public);
	public_name(&f.e.ak_public, f.host.ak_name);
	fixture_enroll(&f);
	expect("ak.attributes", ROW_bad);
	assert_int_equal(fixture_row(&f.v, "ak.credential"), ROW_ok);
	assert_int_equal(fixture_row(&f.v, "quote.signature"), ROW_missing);
	found_wrong(why);
}

static void attributes(void **state)
{
	static const char outside[] = "its private part may be outside the TPM";
	static const char other[] = "attributes or a policy that an attestation key has not";
	TPMA_OBJECT all;

	(void)state;
	fixture_quote(&f);
	all = f.ak_public.objectAttributes;
	with_attributes(all & ~TPMA_OBJECT_RESTRICTED,
			"unrestricted: it signs what it is given, a made-up quote too");
	with_attributes(all & ~TPMA_OBJECT_SIGN_ENCRYPT, "no signing-only key");
	with_attributes(all | TPMA_OBJECT_DECRYPT, "no signing-only key");
	with_attributes(all & ~TPMA_OBJECT_FIXEDTPM, outside);
	with_attributes(all & ~TPMA_OBJECT_FIXEDPARENT, outside);
	with_attributes(all & ~TPMA_OBJECT_SENSITIVEDATAORIGIN, outside);
	with_attributes(all & ~TPMA_OBJECT_USERWITHAUTH, other);
	with_attributes(all | TPMA_OBJECT_ADMINWITHPOLICY, other);
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
	p = f.ak_public;
	p.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_AES;
	p.parameters.eccDetail.symmetric.keyBits.aes = 128;
	p.parameters.eccDetail.symmetric.mode.aes = TPM2_ALG_CFB;
	with_public(&p);
	found_wrong("algorithms that an attestation key has not");
	p = f.ak_public;
	p.parameters.eccDetail.kdf.scheme = TPM2_ALG_KDF1_SP800_108;
	p.parameters.eccDetail.kdf.details.kdf1_sp800_108.hashAlg = TPM2_ALG_SHA256;
	with_public(&p);
	found_wrong("algorithms that an attestation key has not");
	/* a byte behind it */
	fixture_set_ak(&f, &f.ak_public);
	f.e.ak_public.data = realloc(f.e.ak_public.data, f.e.ak_public.length + 1);
	f.e.ak_public.data[f.e.ak_public.length++] = 0;
	expect("ak.attributes", ROW_bad);
}

/* The good point's bytes, written otherwise; and an RSA key whose size reads as a curve. */
static void point_forms(void **state)
{
	TPMT_PUBLIC p;

	(void)state;
	fixture_quote(&f);
	p = f.ak_public; /* as 04 x y is laid out: one byte more on the left */
	p.unique.ecc.x.size = 33;
	p.unique.ecc.x.buffer[0] = 4;
	memcpy(p.unique.ecc.x.buffer + 1, f.ak_public.unique.ecc.x.buffer, 32);
	with_public(&p);
	found_wrong("no point of the curve");
	p = f.ak_public;
	p.unique.ecc.y.size = 33;
	p.unique.ecc.y.buffer[0] = f.ak_public.unique.ecc.x.buffer[31];
	memcpy(p.unique.ecc.y.buffer + 1, f.ak_public.unique.ecc.y.buffer, 32);
	with_public(&p);
	found_wrong("no point of the curve");
	p = f.ak_public;
	p.type = TPM2_ALG_RSA;
	p.parameters.rsaDetail.exponent = TPM2_ALG_NULL;
	memset(&p.unique, 1, sizeof(p.unique));
	p.unique.rsa.size = 32;
	with_public(&p);
	found_wrong("no ECC P-256 key");
	f.e.ak_public.length = 0;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates), cmocka_unit_test(not_chained),
		cmocka_unit_test(intermediate), cmocka_unit_test(no_roots),
		cmocka_unit_test(test_tpm),     cmocka_unit_test(certificate_garbage),
		cmocka_unit_test(not_enrolled), cmocka_unit_test(enrolled_twice),
		cmocka_unit_test(attributes),   cmocka_unit_test(algorithms),
		cmocka_unit_test(point_forms),  cmocka_unit_test(not_credentialed),
	};

	setenv("TSS2_LOG", "all+none", 1);
	return cmocka_run_group_tests(tests, expect_setup, expect_teardown);
}
