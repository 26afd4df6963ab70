/* SPDX-License-Identifier: MIT */
/*
 * Reading of JSON and of evidence: what is refused, and that the message says what and where; that
 * bounds hold; that a list of hosts comes back as it was written.
 */
#include "verify/verify_fixture.h"
#include "measured-boot/verify/json.h"
#include "tools/lib/hex.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- JSON --------------------------------------------------------------------------------- */

static void bad_json(const char *text, size_t length, const char *message)
{
	struct json_file f;
	struct json_node root;

	assert_false(json_open(&f, &root, "FILE", text, length));
	if (!strstr(f.error, message)) {
		fprintf(stderr, "for '%.60s'\nexpected: %s\nfound:    %s\n", text, message,
			f.error);
	}
	assert_non_null(strstr(f.error, message));
	assert_ptr_equal(strstr(f.error, "FILE: "), f.error);
	json_close(&f);
}

static void bad_text(const char *text, const char *message)
{
	bad_json(text, strlen(text), message);
}

static void texts(void **state)
{
	static const char nul[] = "{\"a\": 1}\0{";
	static const char key_nul[] = "{\"a\0b\": 1}";

	(void)state;
	bad_text("", "the file ends");
	bad_text("{", "the file ends");
	bad_text("{\"a", "ends inside a text");
	bad_text("{\"a\\", "ends inside a text");
	bad_text("null", "expected a JSON object");
	bad_text("[]", "expected an object");
	bad_text("7", "expected");
	bad_text("{\"a\": 1,}", "expected");
	bad_text("{\"a\": 01}", "expected");
	bad_text("{'a': 1}", "expected");
	/* json-c takes such a key: neither a key twice nor depth may hide in one */
	bad_text("{\"a\": \"x\", 'a': \"y\"}", "expected");
	bad_text("{\"a\": 1, '\"': 2, \"a\": 3, '\"': 4}", "expected");
	bad_text("{\"a\": \"x\", '\"': [[[[[[[[[]]]]]]]]], '\"': 2}", "expected");
	bad_text("{/* */}", "expected");
	bad_text("{\"a\": NaN}x", "expected");
	bad_text("{} {}", "expected");
	bad_text("{}x", "expected");
	bad_text("}", "never opened");
	bad_text("{\"\\u0061\": 1}", "without escapes");
	bad_text("{\"\xC3\xA4\": 1}", "printable ASCII");
	bad_text("{\"a\": \"\xFF\"}", "expected");
	bad_text("{\"a\": 1, \"b\": 2, \"a\": 3}", "\"a\" is given twice");
	bad_text("{\"x\": {\"k\": 1, \"k\": 1}}", "\"k\" is given twice");
	bad_text("{\"x\": [{\"k\": [{}], \"k\": 1}]}", "\"k\" is given twice");
	bad_text("{\"x\":[[[[[[[[1]]]]]]]]}", "at most 8 levels");
	bad_json(nul, sizeof(nul) - 1, "expected");
	bad_json(key_nul, sizeof(key_nul) - 1, "printable ASCII");
}

static void good_texts(void **state)
{
	static const char *const text[] = {
		"{}", " {\t}\r\n", "{\"a\":{\"k\":1},\"b\":{\"k\":1},\"k\":[{\"k\":1},{\"k\":2}]}",
		"{\"x\":[[[[[[[1]]]]]]]}", "{\"a\": \"}]{[,:\\\"\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct json_file f;
		struct json_node root;

		assert_true(json_open(&f, &root, "FILE", text[i], strlen(text[i])));
		json_close(&f);
	}
}

static void bounds(void **state)
{
	size_t room = JSON_FILE_MAX + 2, at;
	char *text = malloc(room);

	(void)state;
	memset(text, ' ', room);
	text[0] = '{';
	text[1] = '}';
	bad_json(text, room - 1, "at most 8388608 bytes");
	at = (size_t)sprintf(text, "{\"a\":[0");
	for (unsigned i = 0; i < JSON_VALUES_MAX; i++) {
		at += (size_t)sprintf(text + at, ",0");
	}
	at += (size_t)sprintf(text + at, "]}");
	bad_json(text, at, "at most 400000 values");
	at = (size_t)sprintf(text, "{");
	for (unsigned i = 0; i <= JSON_KEYS_MAX; i++) {
		at += (size_t)sprintf(text + at, "%s\"k%u\":0", i ? "," : "", i);
	}
	at += (size_t)sprintf(text + at, "}");
	bad_json(text, at, "at most 64 keys");
	free(text);
}

/* Values of the wrong kind: the message names the way to them. */
static void kinds(void **state)
{
	static const char text[] =
		"{\"n\": -1, \"big\": 18446744073709551615, \"huge\": 99999999999999999999, \"f\": "
		"1.0, \"t\": \"a\\u0000b\", \"h\": \"abc\", \"l\": [{\"h\": \"zz\"}, null], \"b\": "
		"\"AA=\", \"z\": null, \"max\": 9}";
	struct {
		const char *key, *error;
	} number[] = {{"n", "n: expected a whole number from 0 to 8"},
		      {"big", "big: expected a whole number"},
		      {"huge", "huge: expected a whole number"},
		      {"f", "f: expected a whole number"},
		      {"t", "t: expected a whole number"},
		      {"max", "max: expected a whole number from 0 to 8"},
		      {"none", "none: missing"},
		      {"z", "z: null"}};
	struct json_file f;
	struct json_node root, list, item;
	struct bytes bytes;
	uint8_t out[2] = {1, 1};

	(void)state;
	for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++) {
		assert_true(json_open(&f, &root, "FILE", text, sizeof(text) - 1));
		assert_int_equal(json_number(json_member(&root, number[i].key), 8), 0);
		assert_false(json_ok(&f));
		assert_string_equal(json_text(json_member(&root, "h"), 9), "");
		assert_non_null(strstr(f.error, number[i].error));
		json_close(&f);
	}
	assert_true(json_open(&f, &root, "FILE", text, sizeof(text) - 1));
	assert_string_equal(json_text(json_member(&root, "h"), 3), "abc");
	assert_int_equal(json_number(json_member(&root, "max"), 9), 9);
	list = json_member(&root, "l");
	assert_true(json_is_array(&list, 2));
	item = json_item(&list, 0);
	assert_false(json_hex(json_member(&item, "h"), out, 1));
	assert_string_equal(f.error, "FILE: l[0].h: expected 2 hex digits");
	json_close(&f);
	assert_true(json_open(&f, &root, "FILE", text, sizeof(text) - 1));
	assert_string_equal(json_text(json_member(&root, "t"), 9), "");
	assert_non_null(strstr(f.error, "t: expected printable ASCII"));
	json_close(&f);
	assert_true(json_open(&f, &root, "FILE", text, sizeof(text) - 1));
	json_base64(json_member(&root, "b"), 8, &bytes);
	assert_null(bytes.data);
	assert_non_null(strstr(f.error, "b: expected base64"));
	json_close(&f);
	assert_true(json_open(&f, &root, "FILE", text, sizeof(text) - 1));
	json_only(&root, (const char *[]){"n", "big", "huge", "f", "t", "h", NULL});
	assert_string_equal(f.error, "FILE: unknown key \"l\"");
	json_close(&f);
}

static void files(void **state)
{
	struct bytes out;
	char error[256];

	(void)state;
	assert_false(file_read("/nonexistent", 10, &out, error));
	assert_non_null(strstr(error, "/nonexistent: cannot be read: No such file"));
	assert_false(file_read("/tmp", 10, &out, error));
	assert_non_null(strstr(error, "expected a regular file"));
	assert_false(file_read("/dev/zero", 10, &out, error));
	assert_false(file_read("/proc/self/exe", 10, &out, error));
	assert_non_null(strstr(error, "expected at most 10 bytes"));
	assert_null(out.data);
}

/* ---- evidence ----------------------------------------------------------------------------- */

#define H4   "00112233"
#define H32  H4 H4 H4 H4 H4 H4 H4 H4
#define H184 H32 H32 H32 H32 H32 H4 H4 H4 H4 H4 H4

#define B64_8   "AAAAAAAA"
#define B64_64  B64_8 B64_8 B64_8 B64_8 B64_8 B64_8 B64_8 B64_8
#define B64_512 B64_64 B64_64 B64_64 B64_64 B64_64 B64_64 B64_64 B64_64
/* 512 zero bytes: 680 characters and a last group of two bytes */
#define RECORD B64_512 B64_64 B64_64 B64_8 B64_8 B64_8 B64_8 B64_8 "AAA="

#define HEAD         "{\"format\": \"corbel.evidence.1\", \"nonce\": \"" H32 "\", "
#define HOST         "\"host\": {\"ek_certificate\": \"AAAA\", \"ak_public\": \"0102\"}, "
#define QUOTE        "\"quote\": {\"attest\": \"0102\", \"signature\": \"0304\"}, "
#define PCRS         "\"pcrs\": {\"0\": \"" H32 "\", \"22\": \"" H32 "\"}, "
#define LOG          "\"boot_log\": \"AAAA\", \"checkpoint\": \"" H184 "\", "
#define ENTRY(index) "{\"index\": " index ", \"record\": \"" RECORD "\", \"proof\": [\"" H32 "\"]}"
#define TAIL         "\"records\": [" ENTRY("0") ", " ENTRY("7") "]}"

static void bad_evidence(const char *text, const char *message)
{
	struct evidence e;
	char error[256] = "";

	assert_false(verify_evidence_read(&e, text, strlen(text), error));
	if (!strstr(error, message)) {
		fprintf(stderr, "expected: %s\nfound:    %s\n", message, error);
	}
	assert_non_null(strstr(error, message));
	assert_null(e.entry);
	assert_null(e.attest.data);
}

static void evidence_good(void **state)
{
	static const char text[] = HEAD "\"batch\": {\"index\": 1, \"size\": 2, \"proof\": "
					"[\"" H32 "\"]}, " HOST QUOTE PCRS LOG
					"\"since\": {\"size\": 3, \"proof\": []}, " TAIL;
	struct evidence e;
	char error[256] = "";

	(void)state;
	if (!verify_evidence_read(&e, text, sizeof(text) - 1, error)) {
		fail_msg("%s", error);
	}
	assert_int_equal(e.batch_index, 1);
	assert_int_equal(e.batch_size, 2);
	assert_int_equal(e.batch_proof_length, 1);
	assert_int_equal(e.since_size, 3);
	assert_int_equal(e.since_proof_length, 0);
	assert_int_equal(e.pcr_present, 1u << 22 | 1u);
	assert_int_equal(e.pcr[22][3], 0x33);
	assert_int_equal(e.entry_count, 2);
	assert_int_equal(e.entry[1].index, 7);
	assert_int_equal(e.entry[1].proof_length, 1);
	assert_int_equal(e.attest.length, 2);
	assert_int_equal(e.ek_certificate.length, 3);
	verify_evidence_free(&e);
	verify_evidence_free(&e); /* does nothing twice */
}

static void evidence_bad(void **state)
{
	(void)state;
	bad_evidence("{}", "format: missing");
	bad_evidence("{\"format\": \"corbel.evidence.2\"}",
		     "is a corbel.evidence.2, expected corbel.evidence.1");
	bad_evidence(HEAD HOST QUOTE PCRS LOG "\"x\": 1, " TAIL, "unknown key \"x\"");
	bad_evidence(
		"{\"format\": \"corbel.evidence.1\", \"nonce\": \"00\", " HOST QUOTE PCRS LOG TAIL,
		"nonce: expected 64 hex digits");
	bad_evidence(HEAD QUOTE PCRS LOG TAIL, "host: missing");
	bad_evidence(HEAD HOST PCRS LOG TAIL, "quote: missing");
	bad_evidence(HEAD HOST QUOTE LOG TAIL, "pcrs: missing");
	bad_evidence(HEAD HOST QUOTE PCRS TAIL, "boot_log: missing");
	bad_evidence(HEAD HOST QUOTE PCRS LOG "\"records\": 0}", "records: expected an array");
	bad_evidence(HEAD HOST QUOTE PCRS LOG HOST TAIL, "\"host\" is given twice");
	bad_evidence(HEAD HOST QUOTE "\"pcrs\": {\"24\": \"" H32 "\"}, " LOG TAIL,
		     "pcrs: expected keys");
	bad_evidence(HEAD HOST QUOTE "\"pcrs\": {\"00\": \"" H32 "\"}, " LOG TAIL,
		     "pcrs: expected keys");
	bad_evidence(HEAD HOST QUOTE PCRS "\"boot_log\": \"AAAA\", \"checkpoint\": \"" H32
					  "\", " TAIL,
		     "checkpoint: expected 368 hex digits");
	bad_evidence(HEAD HOST QUOTE PCRS LOG
		     "\"batch\": {\"index\": 2, \"size\": 2, \"proof\": []}, " TAIL,
		     "batch: expected an index below the size");
	bad_evidence(HEAD HOST QUOTE PCRS LOG
		     "\"batch\": {\"index\": 0, \"size\": 0, \"proof\": []}, " TAIL,
		     "batch: expected an index below the size");
	bad_evidence(HEAD HOST QUOTE PCRS LOG "\"since\": {\"size\": 0, \"proof\": []}, " TAIL,
		     "since: expected a size of at least 1");
	bad_evidence(HEAD HOST QUOTE PCRS LOG "\"records\": [" ENTRY("7") ", " ENTRY("7") "]}",
		     "records[1]: index: expected more than 7");
	bad_evidence(HEAD HOST QUOTE PCRS LOG "\"records\": [" ENTRY("7") ", " ENTRY("0") "]}",
		     "records[1]: index: expected more than 7");
	bad_evidence(HEAD HOST QUOTE PCRS LOG
		     "\"records\": [{\"index\": 0, \"record\": \"AAAA\", \"proof\": []}]}",
		     "records[0]: record: expected base64 of 512 bytes");
	bad_evidence(HEAD HOST QUOTE PCRS LOG "\"records\": [" ENTRY("281474976710657") "]}",
		     "records[0].index: expected a whole number");
}

/* More hashes in a proof than any tree has; more records than a file may hold. */
static void evidence_counts(void **state)
{
	char *text = malloc(4u << 20), *at;
	(void)state;
	at = text + sprintf(text, "%s",
			    HEAD HOST QUOTE PCRS LOG "\"records\": [{\"index\": 0, \"record\": "
						     "\"" RECORD "\", \"proof\": [");
	for (unsigned i = 0; i <= PROOF_MAX; i++) {
		at += sprintf(at, "%s\"%s\"", i ? "," : "", H32);
	}
	strcpy(at, "]}]}");
	bad_evidence(text, "records[0].proof: expected at most 64 items");
	at = text + sprintf(text, "%s", HEAD HOST QUOTE PCRS LOG "\"records\": [0");
	for (unsigned i = 0; i < EVIDENCE_RECORDS_MAX; i++) {
		at += sprintf(at, ",0");
	}
	strcpy(at, "]}");
	bad_evidence(text, "records: expected at most 4096 items");
	free(text);
}

/* ---- hosts -------------------------------------------------------------------------------- */

static void bad_hosts(const struct fixture *f, const char *text, const char *message)
{
	struct host_list list;
	char path[96], error[256];

	fixture_write(f, "bad.json", text, strlen(text), path);
	assert_false(hosts_read(NULL, path, &list, error));
	assert_non_null(strstr(error, message));
	assert_null(list.host);
}

static void hosts(void **state)
{
	static struct fixture f;
	struct host host[2] = {{.name = "a.b-c_1"}, {.name = "x"}};
	struct host_list list = {host, 2}, back;
	char path[128], taken[136], error[256], long_path[4096];

	(void)state;
	fixture_open(&f);
	memset(host[1].ek_sha256, 0xAB, 32);
	memset(host[1].ak_name, 0xCD, NAME_LEN);
	snprintf(path, sizeof(path), "%s/list.json", f.directory);
	assert_true(hosts_write(path, &list, error));
	assert_true(hosts_read(NULL, path, &back, error));
	assert_int_equal(back.count, 2);
	assert_memory_equal(back.host, host, sizeof(host));
	free(back.host);
	list.count = 0;
	assert_true(hosts_write(path, &list, error));
	assert_true(hosts_read(NULL, path, &back, error));
	assert_int_equal(back.count, 0);
	free(back.host);
	assert_false(hosts_write("/nonexistent/list", &list, error));
	assert_false(hosts_write(f.directory, &list, error)); /* written, but not into its place */
	assert_non_null(strstr(error, "cannot be written: Is a directory"));
	snprintf(taken, sizeof(taken), "%s.new", f.directory); /* nor left beside it */
	assert_int_not_equal(access(taken, F_OK), 0);
	snprintf(long_path, sizeof(long_path), "/%4093d", 0);
	assert_false(hosts_write(long_path, &list, error));
	assert_non_null(strstr(error, "cannot be written: File name too long"));
	snprintf(path, sizeof(path), "%s/taken", f.directory); /* nothing gets into its place */
	snprintf(taken, sizeof(taken), "%s.new", path);
	assert_int_equal(mkdir(taken, 0700), 0);
	assert_false(hosts_write(path, &list, error));
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(rmdir(taken), 0); /* written, but not to a disk */
	assert_int_equal(symlink("/dev/null", taken), 0);
	assert_false(hosts_write(path, &list, error));
	assert_int_not_equal(access(path, F_OK), 0);
	assert_false(host_name_valid(""));
	assert_true(host_name_valid("a"));
	memset(path, 'a', HOST_NAME_MAX_LEN + 1);
	path[HOST_NAME_MAX_LEN + 1] = 0;
	assert_false(host_name_valid(path));
	assert_true(host_name_valid(path + 1));
	bad_hosts(&f, "{\"format\": \"corbel.hosts.1\"}", "hosts: missing");
	/* another kind of file is named as that, whatever keys it has */
	bad_hosts(&f, "{\"ek_public\": \"00\", \"format\": \"corbel.enroll.1\"}",
		  "bad.json: is a corbel.enroll.1, expected corbel.hosts.1");
	assert_false(hosts_read(NULL, "/nonexistent/a\rb\033", &list, error));
	assert_non_null(strstr(error, "a\\x0db\\x1b: cannot be read: No such file"));
	bad_hosts(&f, "{\"format\": \"corbel.hosts.1\", \"hosts\": [{\"name\": \"a b\"}]}",
		  "hosts[0].name: expected letters");
	bad_hosts(&f,
		  "{\"format\": \"corbel.hosts.1\", \"hosts\": [{\"name\": \"a\", \"ek_sha256\": "
		  "\"" H32 "\", \"ak_name\": \"" H32 "\"}]}",
		  "hosts[0].ak_name: expected 68 hex digits");
	fixture_close(&f);
}

/* ---- verdict ------------------------------------------------------------------------------ */

static void verdicts(void **state)
{
	static const uint8_t a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 5};
	struct verdict v = {0};
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	verdict_close(&v);
	assert_int_equal(v.status, VERDICT_cannot_judge); /* no row is no consent */
	assert_true(verdict_compare(&v, "grub", a, a, 4, "same", "other"));
	verdict_close(&v);
	assert_int_equal(v.status, VERDICT_trusted);
	verdict_add(&v, "policy", ROW_warning, "a", NULL, "%s", "mind");
	verdict_close(&v);
	assert_int_equal(v.status, VERDICT_trusted);
	verdict_add(&v, "plan", ROW_missing, NULL, "\033[2J\"<\\", "none");
	verdict_close(&v);
	assert_int_equal(v.status, VERDICT_cannot_judge);
	assert_false(verdict_compare(&v, "builder", a, b, 4, "same", "other"));
	verdict_add(&v, "plan", ROW_missing, NULL, NULL, "none");
	verdict_close(&v);
	assert_int_equal(v.status, VERDICT_not_trusted);
	assert_string_equal(v.row[3].expected, "01020304");
	assert_string_equal(v.row[3].found, "01020305");
	assert_string_equal(v.row[3].meaning, "other");
	verdict_json(&v, out);
	verdict_text(&v, out);
	verdict_html(&v, "title", out);
	fclose(out);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "\"found\": \"?[2J\\\"<\\\\\","));
	assert_non_null(strstr(text, "\"verdict\": \"not trusted\""));
	assert_non_null(
		strstr(text, "\nnot trusted: builder: 1 ok, 1 warnings, 1 bad, 2 missing\n"));
	free(text);
	verdict_free(&v);
}

/* Each form says what it is about, and the last line what decided. */
static void subjects(void **state)
{
	struct verdict v = {.about = {.host = true,
				      .genuine = true,
				      .evidence = "e\033.json",
				      .input = {{"roots.pem", true, {0xEE}}, {.file = "gone"}},
				      .inputs = 2}};
	char *text[4] = {NULL};
	size_t length;

	(void)state;
	memset(v.about.boot_id, 0xB0, 32);
	memset(v.about.evidence_sha256, 0xE5, 32);
	verdict_add(&v, "grub", ROW_ok, NULL, NULL, "good");
	verdict_close(&v);
	for (int i = 0; i < 4; i++) {
		FILE *out = open_memstream(&text[i], &length);

		if (i == 2) {
			verdict_html(&v, "title", out);
		} else {
			(i == 1 ? verdict_json : verdict_text)(&v, out);
		}
		fclose(out);
		assert_null(strchr(text[i], '\033'));
		assert_non_null(strstr(text[i], "b0b0b0b0"));
		assert_non_null(strstr(text[i], "e5e5e5e5"));
		assert_non_null(strstr(text[i], "ee000000"));
		v.about.tenant_asked = v.about.tenant = i == 2;
		v.about.launch_record = 37;
		if (i == 2) { /* twice the same reason is one */
			verdict_add(&v, "plan", ROW_missing, NULL, NULL, "none");
			verdict_add(&v, "grub", ROW_bad, NULL, NULL, "bad");
			verdict_add(&v, "grub", ROW_bad, NULL, NULL, "bad");
			verdict_add(&v, "tenant.cmdline", ROW_bad, NULL, NULL, "bad");
			verdict_close(&v);
		}
	}
	assert_non_null(strstr(text[0], "\ntrusted: host only, no tenant was judged: 1 ok, "));
	assert_non_null(strstr(text[0], "no tenant judged"));
	assert_non_null(strstr(text[1], "\"launch_record\": null"));
	assert_non_null(strstr(text[1], "\"ok\": 1, \"note\": 0"));
	assert_non_null(strstr(text[2], "no tenant judged"));
	assert_non_null(strstr(text[3], "\nnot trusted: grub, tenant.cmdline: 1 ok, "));
	assert_non_null(strstr(text[3], "launch record        37\n"));
	for (int i = 0; i < 4; i++) {
		free(text[i]);
	}
	verdict_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),        cmocka_unit_test(good_texts),
		cmocka_unit_test(bounds),       cmocka_unit_test(kinds),
		cmocka_unit_test(files),        cmocka_unit_test(evidence_good),
		cmocka_unit_test(evidence_bad), cmocka_unit_test(evidence_counts),
		cmocka_unit_test(hosts),        cmocka_unit_test(verdicts),
		cmocka_unit_test(subjects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
