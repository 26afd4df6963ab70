/* SPDX-License-Identifier: MIT */
/*
 * One certificate of an endorsement key, with one thing in it or in its chain that is not as it
 * must be: the verdict, and the words that say what it is.  Then the files of TPM makers'
 * certificates, and which of them cannot be read.
 */
#include "verify/verify_expect.h"
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static EVP_PKEY *key; /* of endorsement keys and of CAs between */
static struct verdict v;

static int setup(void **state)
{
	key = fixture_ec_key();
	return expect_setup(state);
}

static int teardown(void **state)
{
	verdict_free(&v);
	EVP_PKEY_free(key);
	return expect_teardown(state);
}

/* ---- certificates ------------------------------------------------------------------------- */

static X509 *good_certificate(void)
{
	return fixture_certificate(key, "board", f.ca, f.root, 0);
}

/* Puts the extension with this value into the place of the one there is. */
static void change(X509 *c, int nid, const char *value)
{
	int at = X509_get_ext_by_NID(c, nid, -1);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (at >= 0) {
		X509_EXTENSION_free(X509_delete_ext(c, at));
	}
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(c, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

/* An extension that nobody knows. */
static void add_unknown(X509 *c, const char *oid, bool critical)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, value);

	assert_int_equal(X509_add_ext(c, extension, -1), 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(object);
}

/* Removes the n-th of manufacturer, model and version. */
static void remove_attribute(X509 *c, int n)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(c, NID_subject_alt_name, NULL, NULL);
	X509_NAME *directory = sk_GENERAL_NAME_value(names, 0)->d.directoryName;

	X509_NAME_ENTRY_free(X509_NAME_delete_entry(directory, n));
	assert_int_equal(X509_add1_ext_i2d(c, NID_subject_alt_name, names, 1, X509V3_ADD_REPLACE),
			 1);
	GENERAL_NAMES_free(names);
}

static void sign(X509 *c, EVP_PKEY *issuer_key)
{
	assert_true(X509_sign(c, issuer_key, EVP_sha256()) > 0);
}

/* The row of the chain has this result, and these words in what was found or what it means. */
static void chain_is(X509 *c, const char *roots_file, enum row_result result, const char *words)
{
	const char *const roots[] = {roots_file, NULL};
	const struct verdict_row *row;

	verdict_free(&v);
	certificate_judge(&v, c, roots, false);
	row = &v.row[0];
	assert_string_equal(row->component, "ek.chain");
	assert_int_equal(row->result, result);
	if (!strstr(row->meaning, words) && !(row->found && strstr(row->found, words))) {
		fail_msg("not said: %s, but: %s %s", words, row->found, row->meaning);
	}
}

static void signed_is(X509 *c, enum row_result result, const char *words)
{
	sign(c, f.ca);
	chain_is(c, f.root_file, result, words);
	X509_free(c);
}

static void good(void **state)
{
	X509 *c = good_certificate();

	(void)state;
	change(c, NID_key_usage, "critical,keyAgreement");
	add_unknown(c, "1.2.3.4", false);
	signed_is(c, ROW_ok, "CN=Test TPM maker");
}

static void purpose(void **state)
{
	static const char none[] = "not for the endorsement key of a TPM";
	static const struct {
		int nid;
		const char *value;
	} wrong[] = {
		{NID_ext_key_usage, "clientAuth"},
		{NID_key_usage, "critical,digitalSignature"},
		{NID_key_usage, "critical,keyEncipherment,keyCertSign"},
		{NID_basic_constraints, "critical,CA:TRUE"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		X509 *c = good_certificate();

		change(c, wrong[i].nid, wrong[i].value);
		signed_is(c, ROW_bad, none);
	}
	for (int i = 0; i < 3; i++) {
		X509 *c = good_certificate();

		remove_attribute(c, i);
		signed_is(c, ROW_bad, "does not say which TPM it is for");
	}
}

/* The first extension at fault is named, and whose certificate it is in. */
static void extensions(void **state)
{
	EVP_PKEY *middle_key = fixture_ec_key();
	X509 *c = good_certificate(), *middle, *below;
	char bundle[96];

	(void)state;
	add_unknown(c, "1.2.3.4", false);
	add_unknown(c, "1.2.3.5", true);
	signed_is(c, ROW_bad,
		  "the TPM's own certificate: unhandled critical extension (critical extension "
		  "1.2.3.5)");
	middle = fixture_certificate(middle_key, "line 2", f.ca, f.root, CERT_CA);
	add_unknown(middle, "1.2.3.6", true);
	sign(middle, f.ca);
	below = fixture_certificate(key, "board", middle_key, middle, 0);
	fixture_write_pem(&f, "extensions.pem", f.root, bundle);
	fixture_write_pem(&f, "extensions.pem", middle, bundle);
	chain_is(below, bundle, ROW_bad,
		 "the maker's certificate /CN=line 2: unhandled critical extension (critical "
		 "extension 1.2.3.6)");
	chain_is(below, bundle, ROW_bad, "does not hold");
	X509_free(below);
	X509_free(middle);
	EVP_PKEY_free(middle_key);
}

/* ---- who vouches -------------------------------------------------------------------------- */

static void not_vouched(X509 *c, const char *roots, const char *why)
{
	chain_is(c, roots, ROW_bad, "No given root vouches for this TPM.");
	chain_is(c, roots, ROW_bad, why);
}

static void unknown_makers(void **state)
{
	EVP_PKEY *other = fixture_ec_key();
	X509 *middle = fixture_certificate(other, "line 2", f.ca, f.root, CERT_CA);
	X509 *below = fixture_certificate(key, "board", other, middle, 0);
	X509 *alone = fixture_certificate(key, "board", key, NULL, 0);
	char only_middle[96];

	(void)state;
	add_unknown(below, "1.2.3.4", true);
	sign(below, other);
	fixture_write_pem(&f, "middle.pem", middle, only_middle);
	not_vouched(below, f.root_file, "unable to get local issuer");
	assert_null(strchr(v.row[0].found, '(')); /* an extension is not what is wrong */
	not_vouched(below, only_middle, "unable to get issuer certificate");
	not_vouched(alone, f.root_file, "self-signed certificate");
	X509_free(alone);
	X509_free(below);
	X509_free(middle);
	EVP_PKEY_free(other);
}

/* A chain of so many CAs between root and endorsement key, all of them given. */
static X509 *under(unsigned cas, const char *file, char bundle[96])
{
	X509 *c, *issuer = f.root;
	EVP_PKEY *issuer_key = f.ca;
	char name[16];

	fixture_write_pem(&f, file, f.root, bundle);
	for (unsigned i = 0; i < cas; i++) {
		X509 *next;

		snprintf(name, sizeof(name), "CA %u", i);
		next = fixture_certificate(key, name, issuer_key, issuer, CERT_CA);
		fixture_write_pem(&f, file, next, bundle);
		if (issuer != f.root) {
			X509_free(issuer);
		}
		issuer = next;
		issuer_key = key;
	}
	c = fixture_certificate(f.ek, "board", issuer_key, issuer, 0);
	X509_free(issuer);
	return c;
}

static void long_chains(void **state)
{
	char bundle[96];
	X509 *c = under(6, "six.pem", bundle);

	(void)state;
	chain_is(c, bundle, ROW_ok, "CN=Test TPM maker");
	X509_free(c);
	c = under(7, "seven.pem", bundle);
	not_vouched(c, bundle, "certificate chain too long");
	X509_free(c);
}

/* An emulator is one also if only a CA's name says so: of one that vouches, or of one that nobody
 * gave. */
static void emulators(void **state)
{
	X509 *root = fixture_certificate(f.ca, "swtpm-root", f.ca, NULL, CERT_CA);
	X509 *middle = fixture_certificate(key, "line 2", f.ca, root, CERT_CA);
	X509 *below = fixture_certificate(f.ek, "board", key, middle, 0);
	X509 *local = fixture_certificate(key, "SWTPM-localca", key, NULL, CERT_CA);
	X509 *unknown = fixture_certificate(f.ek, "board", key, local, 0);
	X509 *good_one = good_certificate();
	char bundle[96];

	(void)state;
	fixture_write_pem(&f, "swtpm.pem", root, bundle);
	fixture_write_pem(&f, "swtpm.pem", middle, bundle);
	chain_is(below, bundle, ROW_ok, "CN=swtpm-root");
	assert_int_equal(fixture_row(&v, "ek.test-tpm"), ROW_bad);
	chain_is(unknown, f.root_file, ROW_bad, "No given root");
	assert_int_equal(fixture_row(&v, "ek.test-tpm"), ROW_bad);
	chain_is(good_one, f.root_file, ROW_ok, "");
	assert_int_equal(fixture_row(&v, "ek.test-tpm"), ROW_ok);
	X509_free(root);
	X509_free(middle);
	X509_free(below);
	X509_free(local);
	X509_free(unknown);
	X509_free(good_one);
}

/* ---- files of makers' certificates -------------------------------------------------------- */

/* What the row says of a file with the root's certificate between these texts. */
static void file_is(const char *before, const char *after, enum row_result result,
		    const char *words)
{
	X509 *c = good_certificate();
	char *pem, path[96];
	size_t length;
	FILE *out = open_memstream(&pem, &length);

	fputs(before, out);
	PEM_write_X509(out, f.root);
	fputs(after, out);
	fclose(out);
	fixture_write(&f, "made.pem", pem, length, path);
	chain_is(c, path, result, words);
	free(pem);
	X509_free(c);
}

static void files(void **state)
{
	static const char key_mark[] =
		"-----BEGIN PRIVATE KEY-----\n"; /* as long as the right one */
	static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
	char text[128], path[96];
	X509 *c = good_certificate();

	(void)state;
	file_is("The maker says: of 2026.\n\n", "-\nno more", ROW_ok, "trusts");
	file_is("", "\n--", ROW_ok, "trusts");
	file_is("text\n-----\n", "", ROW_missing,
		"line 2: expected the beginning of a certificate");
	file_is(key_mark, "", ROW_missing, "line 1: expected the beginning of a certificate");
	file_is(begin, "", ROW_missing, "certificate 1, which begins in line 1, cannot be read");
	snprintf(text, sizeof(text), "%sAB", begin);
	file_is("", text, ROW_missing, "certificate 2, which begins in line");
	fixture_write(&f, "made.pem", "none\n", 5, path);
	chain_is(c, path, ROW_missing, "made.pem: expected PEM certificates of TPM makers");
	verdict_free(&v);
	certificate_judge(&v, c, NULL, false);
	assert_int_equal(fixture_row(&v, "ek.chain"), ROW_missing);
	assert_string_equal(v.row[0].meaning, "No certificates of TPM makers were given.");
	verdict_free(&v);
	certificate_judge(&v, c, (const char *const[]){NULL}, false);
	assert_int_equal(fixture_row(&v, "ek.chain"), ROW_missing);
	X509_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),        cmocka_unit_test(purpose),
		cmocka_unit_test(extensions),  cmocka_unit_test(unknown_makers),
		cmocka_unit_test(long_chains), cmocka_unit_test(emulators),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
