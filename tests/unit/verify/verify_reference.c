/* SPDX-License-Identifier: MIT */
/*
 * Reading of references and of the firmware's signed profile: a slip in one is named, and nothing
 * is judged by it.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "verify/verify_case.h"
#include "abi/corbel.h"
#include "measured-boot/verify/json.h"
#include "measured-boot/verify/reference.h"

static char *text; /* of the recorded reference, to be changed */

static char *golden(const char *path)
{
	struct bytes bytes;
	char error[256], *copy;

	assert_true(file_read(path, 1 << 20, &bytes, error));
	copy = strndup((const char *)bytes.data, bytes.length);
	free(bytes.data);
	return copy;
}

static void change(const char *from, const char *to)
{
	char *at = strstr(text, from), *out;

	assert_non_null(at);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	free(text);
	text = out;
}

/* The braces around this name, with a comma at one end. */
static void drop(const char *name)
{
	char *at, *end, pattern[40];

	snprintf(pattern, sizeof(pattern), "\"name\": \"%s\"", name);
	at = strstr(text, pattern);
	assert_non_null(at);
	end = strchr(at, '}') + 1;
	while (*at != '{') {
		at--;
	}
	if (*end == ',') {
		end++;
	} else {
		while (*at != ',') {
			at--;
		}
	}
	memmove(at, end, strlen(end) + 1);
}

/* What stands from this text to that one, the latter left there, is a 7. */
static void seven(const char *from, const char *to)
{
	char *at = strstr(text, from), *end;

	assert_non_null(at);
	at += strlen(from);
	end = strstr(at, to);
	assert_non_null(end);
	*at++ = '7';
	memmove(at, end, strlen(end) + 1);
}

/* The changed text is read, or not, for this reason; then it is as recorded again. */
static void reads(const char *fault)
{
	struct reference *reference;
	char path[96];

	fixture_write(&w.f, "changed.json", text, strlen(text), path);
	w.references[0] = path;
	reference = reference_read(&w.f.in, NULL);
	if (fault ? !strstr(reference->error, fault) : reference->error[0]) {
		fail_msg("expected: %s, found: %s", fault ? fault : "good", reference->error);
	}
	reference_free(reference);
	free(text);
	text = golden(RECORDED_GOLDEN "reference.json");
}

static int fresh(void **state)
{
	free(text);
	text = golden(RECORDED_GOLDEN "reference.json");
	return case_fresh(state);
}

static void components(void **state)
{
	static const char *const needed[] = {"hypervisor", "policy", "builder", "plan", "kernel"};
	char fault[64];

	(void)state;
	reads(NULL);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		drop(needed[i]);
		snprintf(fault, sizeof(fault), "expected a component '%s'", needed[i]);
		reads(fault);
	}
	drop("initrd");
	reads(NULL);
	drop("grub");
	reads("expected a component 'grub'");
	change("\"name\": \"initrd\"", "\"name\": \"ramdisk\"");
	reads("expected a component that Corbel boots, not 'ramdisk'");
	change("\"name\": \"initrd\"", "\"name\": \"kernel\"");
	reads("expected at most 16 components, none twice");
	change("\"pcr\": 9", "\"pcr\": 4");
	reads("expected PCR 9 for 'hypervisor'");
	change("\"pcr\": 4", "\"pcr\": 9");
	reads("expected PCR 4 for 'grub'");
	change("\"name\": \"hypervisor\"", "\"name\": \"swap\"");
	change("\"name\": \"policy\"", "\"name\": \"hypervisor\"");
	change("\"name\": \"swap\"", "\"name\": \"policy\"");
	reads("expected the hypervisor to be the first file loaded");
	change("\"size\": 181760", "\"size\": 181760, \"more\": 1");
	reads("unknown key \"more\"");
	change("\"components\": [", "\"components\": [7, ");
	reads("components[0]: expected an object");
	seven("\"components\": ", ",\n  \"pcr\": {");
	reads("components: expected an array");
	change("\"policy_serial\": 7,\n  \"components\": [",
	       "\"policy_serial\": 7, \"components\": {}, \"pcr\": [");
	reads("\"pcr\" is given twice");
}

/* One fault is told, the first: what follows from it would only hide it. */
static void first_fault(void **state)
{
	(void)state;
	change("\"pcr\": 4", "\"pcr\": \"four\"");
	reads("components[0].pcr: expected a whole number");
	change("\"pcr\": 9", "\"pcr\": \"nine\"");
	reads("components[1].pcr: expected a whole number");
}

static void registers(void **state)
{
	char *at, *end;

	(void)state;
	at = strstr(text, "\"4\": {");
	assert_non_null(at);
	end = strchr(at, '}') + 2;
	memmove(at, end, strlen(end) + 1);
	reads(NULL); /* PCR 4 may be left out */
	at = strstr(text, "\"17\": {");
	end = strchr(at, '}') + 2;
	memmove(at, end, strlen(end) + 1);
	reads("pcr.17: missing");
	change("\"17\": {", "\"17\": 7, \"20\": {");
	reads("pcr: unknown key \"20\"");
	change("\"4\": {", "\"4\": 7, \"5\": {");
	reads("pcr: unknown key \"5\"");
	change("\"19\": {", "\"19\": {\"sha1\": \"00\", ");
	reads("pcr.19: unknown key \"sha1\"");
	change("\"4\": {", "\"4\": {\"sha1\": \"00\", ");
	reads("pcr.4: unknown key \"sha1\"");
	seven("\"17\": ", ",\n    \"18\"");
	reads("pcr.17: expected an object");
	seven("\n  \"pcr\": ", ",\n  \"dom0_cmdline");
	reads("pcr: expected an object");
}

static void number_of_files(void **state)
{
	const char *many[REFERENCES_MAX + 2] = {NULL};
	struct reference *reference;

	(void)state;
	for (unsigned i = 0; i <= REFERENCES_MAX; i++) {
		many[i] = RECORDED_GOLDEN "reference.json";
	}
	w.f.in.references = many;
	reference = reference_read(&w.f.in, NULL);
	assert_string_equal(reference->error, "at most 32 references expected");
	reference_free(reference);
	many[REFERENCES_MAX] = NULL;
	reference = reference_read(&w.f.in, NULL);
	assert_string_equal(reference->error, "");
	assert_int_equal(reference->count, REFERENCES_MAX);
	assert_false(reference_policy(reference, many[0] ? w.f.in.nonce : NULL));
	assert_true(reference_policy(reference, w.checkpoint.policy));
	reference_free(reference);
	assert_false(reference_policy(NULL, w.checkpoint.policy));
	w.f.in.references = NULL;
	reference = reference_read(&w.f.in, NULL);
	assert_string_equal(reference->error, "no reference was given");
	reference_free(reference);
	many[0] = "/nonexistent"; /* the first fault stays */
	many[1] = RECORDED_GOLDEN "firmware.json";
	many[2] = NULL;
	w.f.in.references = many;
	reference = reference_read(&w.f.in, NULL);
	assert_non_null(strstr(reference->error, "/nonexistent"));
	assert_false(reference_policy(reference, w.checkpoint.policy));
	reference_free(reference);
	reference_free(NULL);
}

/* A Dom0 without an initrd: none may be measured, and none is missed. */
static void no_initrd(void **state)
{
	char path[96];

	(void)state;
	drop("initrd");
	fixture_write(&w.f, "changed.json", text, strlen(text), path);
	w.references[0] = path;
	bad("pcr18"); /* the recorded boot had one */
	assert_int_equal(recorded_row(&w, "dom0.initrd"), -1);
	assert_int_equal(recorded_row(&w, "dom0.kernel"), ROW_ok);
}

/* A reference whose two values of a register are not of one boot. */
static void half_a_register(void **state)
{
	char path[96];

	(void)state;
	change("\"386fcf49", "\"386fcf48");
	fixture_write(&w.f, "changed.json", text, strlen(text), path);
	w.references[0] = path;
	bad("pcr17");
	assert_int_equal(recorded_row(&w, "pcr18"), ROW_ok);
	assert_int_equal(strlen(row_of("pcr17")->found), 96);
}

/* Two references, one policy each: the other's may be in force too, and the row says that it is. */
static void other_policy(void **state)
{
	struct corbel_log_record *r;
	uint8_t policy[32];
	char path[96];

	(void)state;
	trusted();
	assert_null(strstr(row_of("checkpoint.policy")->meaning, "not the one booted with"));
	memcpy(policy, w.checkpoint.policy, 32);
	change("\"f7ae965e", "\"f6ae965e");
	fixture_write(&w.f, "changed.json", text, strlen(text), path);
	w.references[1] = path;
	w.references[2] = NULL;
	w.checkpoint.policy[0] ^= 1;
	r = recorded_append(&w, CORBEL_LOG_policy, CORBEL_LOG_NONE);
	memcpy(r->body.policy_change.before, policy, 32);
	w.checkpoint.policy_switches = 1;
	recorded_make(&w);
	judged(VERDICT_trusted, "checkpoint.policy", ROW_ok);
	assert_non_null(strstr(row_of("checkpoint.policy")->meaning, "not the one booted with"));
}

/* ---- the firmware's profile ----------------------------------------------------------------- */

static void profile(const char *fault)
{
	struct reference *reference = reference_read(&w.f.in, NULL);

	if (!strstr(reference->profile_error, fault) || reference->profile != !fault[0]) {
		fail_msg("expected: %s, found: %s", fault, reference->profile_error);
	}
	reference_free(reference);
}

/* The profile in the fixture's folder with this text, signed by the key, which is written too. */
static void sign(const char *what, EVP_PKEY *key, EVP_PKEY *second)
{
	static char path[96], key_path[96];
	uint8_t signature[1024];
	size_t length = sizeof(signature);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	char unused[96];
	FILE *file;

	fixture_write(&w.f, "firmware.json", what, strlen(what), path);
	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(
		EVP_DigestSign(context, signature, &length, (const uint8_t *)what, strlen(what)),
		1);
	EVP_MD_CTX_free(context);
	fixture_write(&w.f, "firmware.json.sig", signature, length, unused);
	snprintf(key_path, sizeof(key_path), "%s/key.pem", w.f.directory);
	file = fopen(key_path, "w");
	PEM_write_PUBKEY(file, key);
	if (second) {
		PEM_write_PUBKEY(file, second);
	}
	fclose(file);
	w.f.in.firmware = path;
	w.f.in.firmware_key = key_path;
}

/* Good signatures, by keys of all kinds: one P-256 key is what is asked for. */
static void keys(void **state)
{
	EVP_PKEY *good = fixture_ec_key(), *other = fixture_ec_key();
	EVP_PKEY *large = EVP_EC_gen("P-384"), *brainpool = EVP_EC_gen("brainpoolP256r1");
	EVP_PKEY *rsa = EVP_RSA_gen(2048);
	char *what = golden(RECORDED_GOLDEN "firmware.json"), empty[96];

	(void)state;
	profile("");
	sign(what, good, NULL);
	profile("");
	sign(what, good, other);
	profile("one P-256 public key in PEM expected");
	sign(what, large, NULL);
	profile("a P-256 public key in PEM expected");
	sign(what, brainpool, NULL);
	profile("a P-256 public key in PEM expected");
	sign(what, rsa, NULL);
	profile("a P-256 public key in PEM expected");
	sign(what, good, NULL);
	fixture_write(&w.f, "firmware.json.sig", "nothing", 7, empty);
	profile("not the signature of");
	fixture_write(&w.f, "empty", "", 0, empty);
	w.f.in.firmware_key = empty;
	profile("a P-256 public key in PEM expected");
	w.f.in.firmware_key = NULL;
	profile("a key to verify its signature expected");
	free(what);
	EVP_PKEY_free(good);
	EVP_PKEY_free(other);
	EVP_PKEY_free(large);
	EVP_PKEY_free(brainpool);
	EVP_PKEY_free(rsa);
}

/* Well signed, but no profile. */
static void profiles(void **state)
{
	static const char head[] = "{\"format\": \"corbel.firmware.1\", \"name\": \"n\", ";
	static const struct {
		const char *rest, *fault;
	} cases[] = {
		{"\"events\": []}", ""},
		{"\"events\": 7}", "events: expected an array"},
		{"\"events\": [7]}", "events[0]: expected an object"},
		{"\"events\": [{\"pcr\": 8}]}", "events[0].pcr: expected a whole number"},
		{"\"events\": [{\"x\": 8}]}", "events[0]: unknown key \"x\""},
		{"\"events\": [], \"more\": 1}", "unknown key \"more\""},
		{"\"events\": [{\"pcr\": 9}, {\"pcr\": 10}]}", "events[0].pcr: expected"},
	};
	EVP_PKEY *key = fixture_ec_key();
	char what[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(what, sizeof(what), "%s%s", head, cases[i].rest);
		sign(what, key, NULL);
		profile(cases[i].fault);
	}
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(components, fresh),
		cmocka_unit_test_setup(first_fault, fresh),
		cmocka_unit_test_setup(registers, fresh),
		cmocka_unit_test_setup(number_of_files, fresh),
		cmocka_unit_test_setup(no_initrd, fresh),
		cmocka_unit_test_setup(half_a_register, fresh),
		cmocka_unit_test_setup(other_policy, fresh),
		cmocka_unit_test_setup(keys, fresh),
		cmocka_unit_test_setup(profiles, fresh),
	};
	int failed = cmocka_run_group_tests(tests, case_setup, case_teardown);

	free(text);
	return failed;
}
