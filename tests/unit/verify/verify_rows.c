/* SPDX-License-Identifier: MIT */
/*
 * What a verdict says beside its results: the table's cells, its head, and which of the rows
 * decided. Wording decides nothing, but a reader acts on it.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "verify/verify_case.h"
#include "measured-boot/verify/bootlog.h"
#include "measured-boot/verify/verdict.h"

static struct verdict v;
static char *text;

static int nothing(void **state)
{
	(void)state;
	verdict_free(&v);
	free(text);
	text = NULL;
	return 0;
}

/* The table has this, as the verdict is now. */
static void says(const char *what)
{
	size_t length;
	FILE *out;

	free(text);
	out = open_memstream(&text, &length);
	verdict_text(&v, out);
	fclose(out);
	if (!strstr(text, what)) {
		fail_msg("not said: '%s', but:\n%s", what, text);
	}
}

static void says_not(const char *what)
{
	says("\n");
	assert_null(strstr(text, what));
}

static void cells(void **state)
{
	static const char just[] = "26 characters fit a cell..";
	static const char longer[] = "27 characters are one more.";

	(void)state;
	verdict_add(&v, "a", ROW_bad, NULL, "", "m");
	verdict_close(&v);
	says("bad      -                          (empty) ");
	verdict_add(&v, "b", ROW_bad, just, just, "m");
	says("bad      26 characters fit a cell.. 26 characters fit a cell.. m\n");
	says_not("expected: 26");
	verdict_add(&v, "c", ROW_ok, longer, longer, "m");
	says("ok       27 characters ar..ne more. 27 characters ar..ne more. m\n");
	says_not("expected: 27"); /* a good row needs no more */
	verdict_add(&v, "d", ROW_bad, longer, NULL, "m");
	says(" expected: 27 characters are one more.\n");
	verdict_add(&v, "e", ROW_warning, NULL, longer, "m");
	says(" found: 27 characters are one more.\n");
	verdict_add(&v, "f", ROW_missing, "f: 29 characters are two more", NULL, "m");
	says(" expected: f: 29 characters are two more\n");
	verdict_add(&v, "g", ROW_ok, "\177\200\x1f~ ", NULL, "m");
	assert_string_equal(v.row[v.count - 1].expected, "???~ ");
}

static void escapes(void **state)
{
	static const uint8_t raw[] = "a\\b\x1f~\x7f\xff";
	char out[16], all[64];

	(void)state;
	text_escape(raw, sizeof(raw) - 1, all, sizeof(all));
	assert_string_equal(all, "a\\x5cb\\x1f~\\x7f\\xff");
	text_escape("0123456789abcdef", 11, out, sizeof(out));
	assert_string_equal(out, "0123456789a");
	text_escape("0123456789abcdef", 13, out, sizeof(out));
	assert_string_equal(out, "0123456789ab...");
	text_escape(raw + 1, 1, out, 8);
	assert_string_equal(out, "\\x5c");
	text_escape(raw + 1, 1, out, 7);
	assert_string_equal(out, "...");
}

static void digests(void **state)
{
	static const uint8_t bytes[DIGEST_MAX + 1] = {0xAB};
	char hex[HEX_TEXT];

	(void)state;
	assert_null(verdict_hex(NULL, 32, hex));
	assert_null(verdict_hex(bytes, DIGEST_MAX + 1, hex));
	assert_ptr_equal(verdict_hex(bytes, DIGEST_MAX, hex), hex);
	assert_int_equal(strlen(hex), 2 * DIGEST_MAX);
}

static void head(void **state)
{
	(void)state;
	verdict_add(&v, "grub", ROW_ok, NULL, NULL, "m");
	verdict_close(&v);
	says_not("boot id"); /* a verdict about no host has no head */
	says("\ntrusted: 1 ok,");
	v.about.host = true;
	says("00 (nothing vouches for it)\n");
	says("host                 none that is enrolled\n");
	says("launch record        no tenant judged\n");
	says("\ntrusted: host only, no tenant was judged: 1 ok,");
	says_not("evidence SHA-256");
	v.about.genuine = true;
	strcpy(v.about.host_name, "host-1");
	v.about.tenant_asked = true;
	says_not("vouches");
	says("host                 host-1\n");
	says("launch record        none that is proved\n");
	says("\ntrusted: 1 ok,");
	v.about.tenant = true;
	v.about.launch_record = 5;
	says("launch record        5\n");
	v.about.input[0] = (struct verdict_input){.file = "roots.pem"};
	v.about.inputs = 1;
	says("input SHA-256        (cannot be read) roots.pem\n");
	v.about.input[0].read = true;
	says("input SHA-256        0000000000000000");
}

/* Which rows the last line names, once each: those that decided. */
static void reasons(void **state)
{
	(void)state;
	verdict_add(&v, "warns", ROW_warning, NULL, NULL, "m");
	verdict_add(&v, "lacks", ROW_missing, NULL, NULL, "m");
	verdict_add(&v, "good", ROW_ok, NULL, NULL, "m");
	verdict_close(&v);
	says("\ncannot judge: lacks: 1 ok,");
	verdict_add(&v, "bad", ROW_bad, NULL, NULL, "m");
	verdict_add(&v, "bad", ROW_bad, NULL, NULL, "again");
	verdict_add(&v, "lacks", ROW_bad, NULL, NULL, "m");
	verdict_close(&v);
	says("\nnot trusted: bad, lacks: 1 ok,");
	v.strict = true;
	verdict_close(&v);
	says("\nnot trusted: warns, bad, lacks: 1 ok,");
	verdict_free(&v);
	verdict_add(&v, "warns", ROW_warning, NULL, NULL, "m");
	verdict_close(&v);
	says("\ntrusted: 0 ok, 1 warnings");
	v.strict = true;
	verdict_close(&v);
	says("\nnot trusted: warns: 0 ok, 1 warnings");
	v.about.host = true;
	says("\nnot trusted: warns: 0 ok, 1 warnings");
}

/* The head of a judgement: who it is about, and of which launch. */
static void subject(void **state)
{
	struct host twice[2] = {w.f.host, w.f.host};
	struct host_list list = {twice, 2};
	char error[256];

	(void)state;
	trusted();
	assert_string_equal(w.v.about.host_name, w.f.host.name);
	assert_true(w.v.about.genuine && w.v.about.tenant && w.v.about.tenant_asked);
	assert_int_equal(w.v.about.launch_record, RECORD_LAUNCH);
	assert_string_equal(row_of("quote.banks")->found, "SHA-256 SHA-384");
	assert_true(hosts_write(w.f.hosts_file, &list, error));
	missing("host.enrolled");
	assert_string_equal(w.v.about.host_name, ""); /* which of the two is not known */
	assert_false(w.v.about.genuine);
	fixture_enroll(&w.f);
}

/* ---- the launch log ------------------------------------------------------------------------- */

/* How many rows say that a record is not in the log, of so many with a byte changed. */
static size_t faulty_rows(size_t faults)
{
	size_t rows = 0;

	case_fresh(NULL);
	while (w.records < 12) {
		recorded_append(&w, CORBEL_LOG_builder, CORBEL_LOG_NONE);
	}
	recorded_make(&w);
	for (size_t i = 0; i < faults; i++) {
		w.f.e.entry[i].record.salt[0] ^= 1;
	}
	bad("log.inclusion");
	for (size_t i = 0; i < w.v.count; i++) {
		rows += !strcmp(w.v.row[i].component, "log.inclusion");
	}
	return rows;
}

static void many_faults(void **state)
{
	(void)state;
	assert_int_equal(faulty_rows(1), 1);
	assert_int_equal(faulty_rows(8), 8);
	assert_int_equal(faulty_rows(10), 9);
	says_bad("log.inclusion", "2 more records do not belong to it.");
}

static void wrong_records(void **state)
{
	struct log_entry *launch = &w.f.e.entry[RECORD_LAUNCH];

	(void)state;
	trusted();
	assert_string_equal(row_of("log.boot")->meaning,
			    "The boot record says what the reference says.");
	launch->record.salt[0] ^= 1; /* not proved: no later step looks at it */
	bad("log.inclusion");
	assert_int_equal(recorded_row(&w, "tenant.launch"), ROW_missing);
	assert_false(w.v.about.tenant);
	launch->record.salt[0] ^= 1;
	launch->index = 99;
	bad("log.inclusion");
	says_bad("log.inclusion", "Record 99 is beyond the end of the log.");
	case_fresh(NULL);
	w.record[RECORD_DOM0].type = 0;
	recorded_make(&w);
	bad("log.inclusion");
	says_bad("log.inclusion", "Record 1 is of no kind that is known.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(cells, nothing),
		cmocka_unit_test_teardown(escapes, nothing),
		cmocka_unit_test_teardown(digests, nothing),
		cmocka_unit_test_teardown(head, nothing),
		cmocka_unit_test_teardown(reasons, nothing),
		cmocka_unit_test_setup(subject, case_fresh),
		cmocka_unit_test_setup(many_faults, case_fresh),
		cmocka_unit_test_setup(wrong_records, case_fresh),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
