/* SPDX-License-Identifier: MIT */
/*
 * The boot log's part of a verdict, on a recorded boot: its replay gives what the TPM had; a log
 * that was changed after the fact is never trusted; and of a host that truly booted something else
 * (log and quote agree) the verdict names the component.
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

#include "verify_recorded.h"
#include "measured-boot/eventlog.h"
#include "measured-boot/lib/hex.h"
#include "measured-boot/verify/json.h"

static struct recorded w;

static int setup(void **state)
{
	(void)state;
	recorded_open(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	recorded_close(&w);
	return 0;
}

static int fresh(void **state)
{
	(void)state;
	recorded_reset(&w);
	return 0;
}

/* ---- replay -----------------------------------------------------------------------------------
 */

static void replay(void **state)
{
	uint8_t pcr256[24][32], pcr384[24][48];
	FILE *file = fopen(RECORDED_GOLDEN "bootlog.pcrs", "r");
	char bank[8], value[100], text[100];
	unsigned pcr, lines = 0;

	(void)state;
	assert_non_null(file);
	bootlog_values(w.log, pcr256, pcr384);
	while (fscanf(file, "pcr %u %7s %99s\n", &pcr, bank, value) == 3) {
		assert_in_range(pcr, 0, 23);
		if (!strcmp(bank, "sha256")) {
			hex_encode(pcr256[pcr], 32, text);
		} else {
			hex_encode(pcr384[pcr], 48, text);
		}
		assert_string_equal(text, value);
		lines++;
	}
	fclose(file);
	assert_int_equal(lines, 26);
}

static void as_recorded(void **state)
{
	static const char *const row[] = {"boot.log", "quote.pcrs",        "firmware",    "grub",
					  "policy",   "hypervisor",        "builder",     "plan",
					  "pcr17",    "dom0.kernel",       "dom0.initrd", "pcr18",
					  "pcr19",    "hypervisor.cmdline"};

	(void)state;
	assert_int_equal(w.f.e.boot_log.length, w.golden.length);
	assert_memory_equal(w.f.e.boot_log.data, w.golden.data, w.golden.length);
	if (recorded_judge(&w) != VERDICT_trusted) {
		verdict_text(&w.v, stderr);
		fail();
	}
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		assert_int_equal(recorded_row(&w, row[i]), ROW_ok);
	}
}

/* The firmware says that it started the TPM from locality 3: PCR 0 starts with that. */
static void startup_locality(void **state)
{
	static const uint8_t data[17] = "StartupLocality\0\3";
	struct boot_event event = {
		.pcr = 0, .type = EV_NO_ACTION, .data = data, .size = sizeof(data)};
	uint8_t before[24][32], after[24][32], unused[24][48];
	struct bootlog *log;
	char error[256];

	(void)state;
	bootlog_values(w.log, before, unused);
	recorded_insert(&w, 0, &event);
	recorded_boot_log(&w);
	log = bootlog_parse(w.f.e.boot_log.data, w.f.e.boot_log.length, error);
	assert_non_null(log);
	bootlog_values(log, after, unused);
	bootlog_free(log);
	assert_memory_not_equal(before[0], after[0], 32);
	assert_memory_equal(before[1], after[1], 23 * 32);
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
}

/* ---- the log was changed, the quote was not ----------------------------------------------------
 */

static void cut(void **state)
{
	char error[256];
	struct bytes whole = w.f.e.boot_log;
	unsigned readable = 0;

	(void)state;
	for (size_t length = 0; length < whole.length; length++) {
		/* a copy of just that size, so that a byte too far is seen */
		uint8_t *copy = malloc(length ? length : 1);
		struct bootlog *log;

		memcpy(copy, whole.data, length);
		error[0] = 0;
		log = bootlog_parse(copy, length, error);
		if (log) {
			readable++;
			w.f.e.boot_log = (struct bytes){copy, length};
			assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
			assert_int_equal(recorded_row(&w, "quote.pcrs"), ROW_bad);
		} else {
			assert_true(error[0]);
		}
		bootlog_free(log);
		free(copy);
	}
	w.f.e.boot_log = whole;
	assert_int_equal(readable, w.events); /* between two events it looks whole */
}

static void never_trusted(const char *what, size_t i)
{
	recorded_boot_log(&w);
	if (recorded_judge(&w) != VERDICT_not_trusted) {
		verdict_text(&w.v, stderr);
		fail_msg("%s event %zu: trusted", what, i + 1);
	}
	memcpy(w.event, w.log->event, w.log->count * sizeof(w.event[0]));
	w.events = w.log->count;
}

static void event_lost_or_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < w.log->count; i++) {
		recorded_remove(&w, &w.event[i]);
		never_trusted("without", i);
		recorded_insert(&w, i, &w.event[i]);
		never_trusted("twice", i);
	}
}

static void event_edited(void **state)
{
	(void)state;
	for (size_t i = 0; i < w.log->count; i++) {
		w.event[i].sha256[31] ^= 1;
		never_trusted("SHA-256 of", i);
		w.event[i].sha384[0] ^= 1;
		never_trusted("SHA-384 of", i);
		w.event[i].pcr = (w.event[i].pcr + 1) % 24;
		never_trusted("PCR of", i);
		w.event[i].type ^= 0x40;
		never_trusted("type of", i);
	}
}

/* Two neighbours of one PCR change places.  Equal events cannot be told apart. */
static void event_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < w.log->count; i++) {
		for (size_t k = i + 1; k < w.log->count; k++) {
			struct boot_event swap = w.event[i];

			if (swap.pcr != w.event[k].pcr ||
			    !memcmp(swap.sha256, w.event[k].sha256, 32)) {
				continue;
			}
			w.event[i] = w.event[k];
			w.event[k] = swap;
			never_trusted("another place of", i);
			break;
		}
	}
}

/* Text that no digest covers is never believed; a changed label or record is called an edit. */
static void text_edited(void **state)
{
	static const uint8_t label[] = "grub_cmd: policy";
	uint8_t record[256];
	struct boot_event *event = recorded_event(&w, 8, 1);

	(void)state;
	event->data = label;
	event->size = sizeof(label);
	recorded_boot_log(&w);
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
	assert_int_equal(recorded_row(&w, "policy.cmdline"), ROW_bad);
	assert_int_equal(recorded_row(&w, "quote.pcrs"), ROW_ok);
	fresh(NULL);
	event = recorded_event(&w, 17, 2);
	memcpy(record, event->data, event->size);
	record[60] ^= 1; /* in the digest that it names */
	event->data = record;
	recorded_boot_log(&w);
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
	assert_int_equal(recorded_row(&w, "builder"), ROW_bad);
	assert_int_equal(recorded_row(&w, "policy"), ROW_ok);
}

static void malformed(const char *what, size_t at, uint8_t value)
{
	char error[256] = "";
	struct bootlog *log;
	uint8_t was = w.f.e.boot_log.data[at];

	w.f.e.boot_log.data[at] = value;
	log = bootlog_parse(w.f.e.boot_log.data, w.f.e.boot_log.length, error);
	if (log) {
		fail_msg("%s: was read", what);
	}
	assert_non_null(strstr(error, "event "));
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
	assert_int_equal(recorded_row(&w, "boot.log"), ROW_bad);
	w.f.e.boot_log.data[at] = was;
}

static void bad_form(void **state)
{
	size_t first = 32 + 37; /* of the first event */

	(void)state;
	malformed("PCR of the header", 0, 1);
	malformed("type of the header", 4, 4);
	malformed("digest of the header", 8, 1);
	malformed("size of the header", 28, 38);
	malformed("size of the header", 31, 0xFF);
	malformed("name", 32, 's');
	malformed("no algorithm", 32 + 24, 0);
	malformed("one algorithm", 32 + 24, 1);
	malformed("many algorithms", 32 + 24, 9);
	malformed("unknown algorithm", 32 + 28, 0xEE);
	malformed("one algorithm twice", 32 + 32, 0x0B);
	malformed("size of an algorithm", 32 + 30, 20);
	malformed("vendor's words", 32 + 36, 4);
	malformed("PCR", first, 24);
	malformed("PCR", first + 3, 1);
	malformed("one digest", first + 8, 1);
	malformed("three digests", first + 8, 3);
	malformed("algorithm", first + 12, 4);
	malformed("one bank twice", first + 12 + 34, 0x0B);
	malformed("size", first + 96 + 3, 1);
	malformed("size", first + 96, 0xFF);
}

static size_t put(uint8_t *log, size_t at, uint64_t value, unsigned bytes)
{
	for (; bytes; bytes--, value >>= 8) {
		log[at++] = (uint8_t)value;
	}
	return at;
}

/* A log of one separator in PCR 7: `listed` banks in the header, `given` in the event. */
static size_t small_log(uint8_t *log, const uint16_t *listed, const uint16_t *given, unsigned count)
{
	size_t at;

	memset(log, 0, 512);
	put(log, 4, EV_NO_ACTION, 4);
	put(log, 28, 28 + 4 * count + 1, 4);
	memcpy(log + 32, "Spec ID Event03", 16);
	at = put(log, 56, count, 4);
	for (unsigned i = 0; i < count; i++) {
		at = put(log, put(log, at, listed[i], 2), eventlog_digest_size(listed[i]), 2);
	}
	at = put(log, put(log, put(log, at + 1, 7, 4), EV_SEPARATOR, 4), count, 4);
	for (unsigned i = 0; i < count; i++) {
		at = put(log, at, given[i], 2) + eventlog_digest_size(given[i]);
	}
	return put(log, at, 4, 4) + 4;
}

static void banks(void **state)
{
	static const struct {
		uint16_t listed[3], given[3];
		unsigned count;
		const char *fault; /* NULL: good */
	} cases[] = {
		{{0x000B, 0x000C}, {0x000B, 0x000C}, 2, NULL},
		{{0x000B, 0x000C}, {0x000C, 0x000B}, 2, NULL},
		{{0x0004, 0x000B, 0x000C}, {0x0004, 0x000B, 0x000C}, 3, NULL},
		{{0x000B}, {0x000B}, 1, "banks expected"},
		{{0x000C}, {0x000C}, 1, "banks expected"},
		{{0x0004, 0x000B}, {0x0004, 0x000B}, 2, "banks expected"},
		{{0x000B, 0x000C}, {0x000B, 0x000B}, 2, "twice"},
		{{0x000B, 0x000C}, {0x000B, 0x000D}, 2, "not in the header"},
		{{0x000B, 0x000B}, {0x000B, 0x000B}, 2, "twice"},
	};
	uint8_t log[512];
	char error[256];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t length = small_log(log, cases[i].listed, cases[i].given, cases[i].count);
		struct bootlog *read = bootlog_parse(log, length, error);

		if (!cases[i].fault) {
			assert_non_null(read);
			assert_int_equal(read->count, 1);
		} else {
			assert_null(read);
			assert_non_null(strstr(error, cases[i].fault));
		}
		bootlog_free(read);
	}
}

/* ---- another boot, and the quote agrees ---------------------------------------------------------
 */

/* Whether this row, and none of `others` (NULL-terminated), is bad. */
static void names(const char *component)
{
	static const char *const all[] = {"firmware",
					  "grub",
					  "hypervisor",
					  "hypervisor.cmdline",
					  "policy",
					  "policy.cmdline",
					  "builder",
					  "builder.cmdline",
					  "plan",
					  "plan.cmdline",
					  "dom0.kernel",
					  "dom0.kernel.cmdline",
					  "boot.log",
					  "dom0.initrd",
					  "dom0.initrd.cmdline"};

	recorded_boot_log(&w);
	recorded_quote(&w);
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
	assert_int_equal(recorded_row(&w, "quote.pcrs"), ROW_ok);
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		bool bad = recorded_row(&w, all[i]) == ROW_bad;

		if (bad != !strcmp(all[i], component)) {
			verdict_text(&w.v, stderr);
			fail_msg("%s is %s", all[i], bad ? "bad" : "not bad");
		}
	}
	fresh(NULL);
}

static void measure(struct boot_event *event, const void *data, size_t size)
{
	event->data = data;
	event->size = (uint32_t)size;
	digest_both(data, size, event->sha256, event->sha384);
}

/* Another file: GRUB's event and Corbel's record of it. */
static void other_file(unsigned n, enum measure_kind kind)
{
	static struct eventlog_data data;
	struct boot_event *read = recorded_event(&w, 9, n);

	digest_both("another", 7, read->sha256, read->sha384);
	if (kind != MEASURE_config) {
		unsigned pcr = eventlog_pcr(kind);

		eventlog_record(&data, kind, "", 0, 7, read->sha256, read->sha384);
		measure(recorded_event(&w, pcr, kind - (pcr == 17 ? 1 : 4)), data.byte, data.len);
	}
}

static void other_files(void **state)
{
	(void)state;
	other_file(0, MEASURE_config);
	names("hypervisor");
	other_file(1, MEASURE_policy);
	names("policy");
	other_file(2, MEASURE_builder);
	names("builder");
	other_file(3, MEASURE_plan);
	names("plan");
	other_file(4, MEASURE_kernel);
	names("dom0.kernel");
	other_file(5, MEASURE_initrd);
	names("dom0.initrd");
	recorded_event(&w, 4, 2)->sha256[0] ^= 1;
	names("grub");
	recorded_event(&w, 4, 2)->sha384[0] ^= 1;
	names("grub");
	recorded_event(&w, 9, 0)->sha384[47] ^= 1;
	names("hypervisor");
}

static void other_lines(void **state)
{
	static const char *const row[] = {"hypervisor.cmdline",  "policy.cmdline",
					  "builder.cmdline",     "plan.cmdline",
					  "dom0.kernel.cmdline", "dom0.initrd.cmdline"};
	static struct eventlog_data data;
	uint8_t sha256[32], sha384[48];

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct boot_event *event = recorded_event(&w, 8, i);

		digest_both("other", 5, event->sha256, event->sha384);
		if (!i) {
			digest_both("other", 5, sha256, sha384);
			eventlog_record(&data, MEASURE_config, "other", 5, 5, sha256, sha384);
			measure(recorded_event(&w, 17, 0), data.byte, data.len);
		}
		names(row[i]);
	}
}

/* Corbel measured what GRUB did not read: the record alone is another. */
static void record_differs(void **state)
{
	static struct eventlog_data data;
	struct boot_event *read = recorded_event(&w, 9, 4);

	(void)state;
	eventlog_record(&data, MEASURE_kernel, "", 0, 5, read->sha256, read->sha384);
	measure(recorded_event(&w, 18, 1), data.byte, data.len);
	names("dom0.kernel"); /* another size */
	eventlog_record(&data, MEASURE_policy, "", 0, 5, read->sha256, read->sha384);
	measure(recorded_event(&w, 17, 1), data.byte, data.len);
	names("policy");
	measure(recorded_event(&w, 17, 2), "garbage", 7);
	names("builder");
	recorded_remove(&w, recorded_event(&w, 18, 0));
	names("plan");
}

/* GRUB goes on without a module for which it has no memory, or a boot entry loads one more. */
static void more_or_less(void **state)
{
	struct boot_event extra = *recorded_event(&w, 9, 5);

	(void)state;
	extra.sha256[5] ^= 1;
	recorded_insert(&w, (size_t)(recorded_event(&w, 9, 3) - w.event), &extra);
	names("boot.log");
	recorded_insert(&w, (size_t)(recorded_event(&w, 17, 0) - w.event), &extra);
	names("boot.log");
	extra = *recorded_event(&w, 8, 1);
	measure(&extra, "insmod x", 8);
	recorded_insert(&w, (size_t)(recorded_event(&w, 8, 1) - w.event), &extra);
	names("boot.log");
	extra = *recorded_event(&w, 4, 2);
	extra.sha256[0] ^= 1;
	recorded_insert(&w, (size_t)(recorded_event(&w, 4, 2) - w.event), &extra);
	names("grub");
	extra = *recorded_event(&w, 17, 0);
	extra.pcr = 12;
	recorded_insert(&w, 3, &extra);
	names("boot.log");
	recorded_remove(&w, recorded_event(&w, 9, 5));
	recorded_boot_log(&w);
	recorded_quote(&w);
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
	assert_int_equal(recorded_row(&w, "dom0.initrd"), ROW_bad);
	assert_int_equal(recorded_row(&w, "dom0.kernel"), ROW_ok);
}

static void chain_end(const char *row)
{
	recorded_boot_log(&w);
	recorded_quote(&w);
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
	assert_int_equal(recorded_row(&w, row), ROW_bad);
	assert_int_equal(recorded_row(&w, "quote.pcrs"), ROW_ok);
	fresh(NULL);
}

static void chains_closed(void **state)
{
	static const char *const row[] = {"pcr17", "pcr18", "pcr19"};
	static const unsigned end[] = {3, 3, 0};
	static const uint8_t error[4] = {1};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct boot_event extra = *recorded_event(&w, 17 + i, end[i]);

		measure(recorded_event(&w, 17 + i, end[i]), error, 4);
		chain_end(row[i]);
		recorded_remove(&w, recorded_event(&w, 17 + i, end[i]));
		chain_end(row[i]);
		recorded_insert(&w, w.events, &extra);
		chain_end(row[i]);
	}
}

/* ---- firmware profile, references ---------------------------------------------------------------
 */

static void firmware_differs(void **state)
{
	(void)state;
	for (uint32_t pcr = 0; pcr <= 7; pcr++) {
		recorded_event(&w, pcr, 0)->sha384[1] ^= 1;
		names("firmware");
		if (pcr != 4) {
			struct boot_event extra = *recorded_event(&w, pcr, 0);

			recorded_insert(&w, 0, &extra);
			names("firmware");
			recorded_remove(&w, recorded_event(&w, pcr, 0));
			names("firmware");
		}
	}
	recorded_event(&w, 7, 0)->type = EV_IPL;
	names("firmware");
}

/* A profile without its signature is no profile. */
static void profile_signature(void **state)
{
	EVP_PKEY *other = fixture_ec_key();
	struct bytes text;
	char error[256], path[96], key[96];
	FILE *file;

	(void)state;
	w.f.in.firmware_key = NULL;
	assert_int_equal(recorded_judge(&w), VERDICT_cannot_judge);
	assert_int_equal(recorded_row(&w, "firmware"), ROW_missing);
	snprintf(key, sizeof(key), "%s/other.pem", w.f.directory);
	file = fopen(key, "w");
	PEM_write_PUBKEY(file, other);
	fclose(file);
	w.f.in.firmware_key = key;
	assert_int_equal(recorded_judge(&w), VERDICT_cannot_judge);
	w.f.in.firmware_key = RECORDED_GOLDEN "firmware.pem";
	assert_true(file_read(RECORDED_GOLDEN "firmware.json", 1 << 20, &text, error));
	fixture_write(&w.f, "firmware.json", text.data, text.length, path);
	w.f.in.firmware = path;
	assert_int_equal(recorded_judge(&w), VERDICT_cannot_judge); /* no signature beside it */
	free(text.data);
	w.f.in.firmware = NULL;
	assert_int_equal(recorded_judge(&w), VERDICT_cannot_judge);
	EVP_PKEY_free(other);
}

static void changed_reference(const char *from, const char *to, char path[96])
{
	struct bytes text;
	char error[256], *at, *out;

	assert_true(file_read(RECORDED_GOLDEN "reference.json", 1 << 20, &text, error));
	at = strstr((char *)text.data, from);
	assert_non_null(at);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - (char *)text.data), text.data, to,
			     at + strlen(from)) > 0);
	fixture_write(&w.f, "reference.json", out, strlen(out), path);
	free(out);
	free(text.data);
}

static void references(void **state)
{
	char path[96];

	(void)state;
	/* the one that fits is used, whichever its place */
	changed_reference("1c298784", "00000000", path);
	w.references[0] = path;
	w.references[1] = RECORDED_GOLDEN "reference.json";
	assert_int_equal(recorded_judge(&w), VERDICT_trusted);
	w.references[1] = NULL;
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
	assert_int_equal(recorded_row(&w, "hypervisor"), ROW_bad);
	/* a fault in one: nothing is judged by any */
	w.references[1] = RECORDED_GOLDEN "reference.json";
	changed_reference("\"plan\"", "\"plans\"", path);
	assert_int_equal(recorded_judge(&w), VERDICT_cannot_judge);
	changed_reference("\"pcr\": 9", "\"pcr\": 8", path);
	assert_int_equal(recorded_judge(&w), VERDICT_cannot_judge);
	changed_reference("\"dom0_vcpus\"", "\"dom0_cpus\"", path);
	assert_int_equal(recorded_judge(&w), VERDICT_cannot_judge);
	w.references[0] = "/nonexistent";
	assert_int_equal(recorded_judge(&w), VERDICT_cannot_judge);
	assert_int_equal(recorded_row(&w, "hypervisor"), ROW_missing);
	w.references[0] = NULL;
	assert_int_equal(recorded_judge(&w), VERDICT_cannot_judge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(replay, fresh),
		cmocka_unit_test_setup(as_recorded, fresh),
		cmocka_unit_test_setup(startup_locality, fresh),
		cmocka_unit_test_setup(cut, fresh),
		cmocka_unit_test_setup(event_lost_or_twice, fresh),
		cmocka_unit_test_setup(event_edited, fresh),
		cmocka_unit_test_setup(event_order, fresh),
		cmocka_unit_test_setup(text_edited, fresh),
		cmocka_unit_test_setup(bad_form, fresh),
		cmocka_unit_test_setup(banks, fresh),
		cmocka_unit_test_setup(other_files, fresh),
		cmocka_unit_test_setup(other_lines, fresh),
		cmocka_unit_test_setup(record_differs, fresh),
		cmocka_unit_test_setup(more_or_less, fresh),
		cmocka_unit_test_setup(chains_closed, fresh),
		cmocka_unit_test_setup(firmware_differs, fresh),
		cmocka_unit_test_setup(profile_signature, fresh),
		cmocka_unit_test_setup(references, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
