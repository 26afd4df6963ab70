/* SPDX-License-Identifier: MIT */
/*
 * The boot log's part of a verdict, on a recorded boot: its replay gives what the TPM had; a log
 * that was changed after the fact is never trusted.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "verify/verify_case.h"
#include "measured-boot/shared/eventlog.h"
#include "tools/lib/hex.h"
#include "measured-boot/verify/json.h"

/* ---- replay ------------------------------------------------------------------------------- */

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

/* Hardware measured first: PCR 0 starts at 4, and no remark says so. */
static void hardware_first(void **state)
{
	uint8_t pcr256[24][32], pcr384[24][48];
	struct bytes bytes;
	struct bootlog *log;
	char error[256], text[97];

	(void)state;
	assert_true(file_read(RECORDED_GOLDEN "cases/log-hcrtm/boot.log", 1 << 16, &bytes, error));
	log = bootlog_parse(bytes.data, bytes.length, error);
	assert_non_null(log);
	bootlog_values(log, pcr256, pcr384);
	hex_encode(pcr256[0], 32, text);
	assert_string_equal(text, "7a8399ac8b1b513b8dfbdd952ec6e907"
				  "3fd076b4b0154afc62be5a3493bb7439");
	hex_encode(pcr384[0], 48, text);
	assert_string_equal(text, "7fcf2ad17735543c9800c34792501afef2f8b497dc6e9151"
				  "4bd7cc5ab522a8c0d7714db3b439d184323da79453ecd3a5");
	bootlog_free(log);
	free(bytes.data);
}

/* ---- the log was changed, the quote was not ------------------------------------------------ */

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
	case_fresh(NULL);
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
	malformed("one algorithm", 32 + 24, 1); /* the header then ends elsewhere */
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
		{{0x000B}, {0x000B}, 1, NULL},
		{{0x0004, 0x000B}, {0x0004, 0x000B}, 2, NULL},
		{{0x0004, 0x000B, 0x000D}, {0x0004, 0x000B, 0x000D}, 3, NULL},
		{{0x000C}, {0x000C}, 1, "a SHA-256 bank expected"},
		{{0x0004, 0x000C}, {0x0004, 0x000C}, 2, "a SHA-256 bank expected"},
		{{0x000B, 0x000C}, {0x000B, 0x000B}, 2, "twice"},
		{{0x000B, 0x000C}, {0x000B, 0x000D}, 2, "not in the header"},
		{{0x000B, 0x000B}, {0x000B, 0x000B}, 2, "is listed twice"},
		{{0x000B, 0x00EE}, {0x000B, 0x00EE}, 2, "algorithm 0x00ee with 0 bytes is not"},
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
			assert_int_equal(read->banks, cases[i].count);
			assert_int_equal(read->event[0].has_sha384,
					 cases[i].listed[1] == 0x000C ||
						 cases[i].listed[2] == 0x000C);
		} else {
			assert_null(read);
			assert_non_null(strstr(error, cases[i].fault));
		}
		bootlog_free(read);
	}
}

/* Whole logs but for one number: too short digests, or one of them left out. */
static void consistent_lies(void **state)
{
	static const uint16_t bank[3] = {0x000B, 0x000C};
	uint8_t log[512];
	char error[256];
	size_t length = small_log(log, bank, bank, 1), digest = 61 + 4 + 4 + 4 + 4 + 2;

	(void)state;
	put(log, 62, 20, 2);
	memmove(log + digest + 20, log + digest + 32, length - digest - 32);
	assert_null(bootlog_parse(log, length - 12, error));
	assert_non_null(strstr(error, "algorithm 0x000b with 20 bytes is not known"));
	length = small_log(log, bank, bank, 2);
	digest += 4;
	put(log, digest - 6, 1, 4);
	memmove(log + digest + 32, log + digest + 32 + 50, length - digest - 82);
	assert_null(bootlog_parse(log, length - 50, error));
	assert_non_null(strstr(error, "2 digests expected, not 1"));
}

/* Whether the recorded log with this event at this place is read, and what PCR 0 starts with. */
static uint8_t start_with(size_t at, const struct boot_event *event)
{
	struct bootlog *log;
	char error[256];
	uint8_t start;

	recorded_insert(&w, at, event);
	recorded_boot_log(&w);
	log = bootlog_parse(w.f.e.boot_log.data, w.f.e.boot_log.length, error);
	assert_non_null(log);
	start = log->start_value;
	bootlog_free(log);
	case_fresh(NULL);
	return start;
}

/* Only the remark of that name and form, about PCR 0, before anything was measured there. */
static void remarks(void **state)
{
	static const uint8_t data[18] = "StartupLocality\0\3", other[17] = "StartupLocalitx\0\3";
	struct boot_event event = {.type = EV_NO_ACTION, .data = data, .size = 17};
	size_t first = (size_t)(recorded_event(&w, 0, 0) - w.event);

	(void)state;
	assert_int_equal(start_with(first, &event), 3);
	assert_int_equal(start_with(first + 1, &event), 0);
	event.pcr = 1;
	assert_int_equal(start_with(first, &event), 0);
	event.pcr = UINT32_MAX; /* a remark may be about no PCR */
	assert_int_equal(start_with(first, &event), 0);
	event.pcr = 0;
	event.size = 18;
	assert_int_equal(start_with(first, &event), 0);
	event.size = 16;
	assert_int_equal(start_with(first, &event), 0);
	event.size = 17;
	event.data = other;
	assert_int_equal(start_with(first, &event), 0);
	event.type = EV_EFI_HCRTM_EVENT;
	assert_int_equal(start_with(first, &event), 4);
	assert_int_equal(start_with(first + 1, &event), 0);
	event.pcr = 1;
	assert_int_equal(start_with(first, &event), 0);
	/* measured nowhere, and trusted beside the rest */
	event = (struct boot_event){.pcr = 9, .type = EV_NO_ACTION, .data = other, .size = 17};
	recorded_insert(&w, 3, &event);
	recorded_make(&w);
	trusted();
}

/* A log with more events than are read, and one with the largest event and one byte more. */
static void bounds(void **state)
{
	static const uint16_t bank[3] = {0x000B};
	static const size_t event_size = 4 + 4 + 4 + 2 + 32 + 4;
	size_t head, room = 512 + (BOOTLOG_EVENTS_MAX + 1) * event_size + (1u << 21);
	uint8_t *log = malloc(room), *event;
	struct bootlog *read;
	char error[256];

	(void)state;
	head = small_log(log, bank, bank, 1) - event_size - 4;
	memset(log + head, 0, room - head);
	for (unsigned i = 0; i <= BOOTLOG_EVENTS_MAX; i++) {
		event = log + head + i * event_size;
		put(event, 0, 7, 4);
		put(event, 4, EV_SEPARATOR, 4);
		put(event, 8, 1, 4);
		put(event, 12, 0x000B, 2);
	}
	read = bootlog_parse(log, head + BOOTLOG_EVENTS_MAX * event_size, error);
	assert_non_null(read);
	assert_int_equal(read->count, BOOTLOG_EVENTS_MAX);
	bootlog_free(read);
	assert_null(bootlog_parse(log, head + (BOOTLOG_EVENTS_MAX + 1) * event_size, error));
	assert_non_null(strstr(error, "at most"));
	put(log, head + event_size - 4, 1u << 20, 4);
	read = bootlog_parse(log, head + event_size + (1u << 20), error);
	assert_non_null(read);
	assert_int_equal(read->count, 1);
	bootlog_free(read);
	put(log, head + event_size - 4, (1u << 20) + 1, 4);
	assert_null(bootlog_parse(log, head + event_size + (1u << 20) + 1, error));
	assert_non_null(strstr(error, "event data of at most"));
	free(log);
}

/* Of a PCR: measured events alone, all counted, and no more written than there is room for. */
static void of_pcr(void **state)
{
	const struct boot_event *all[64], *few[2] = {NULL};
	size_t count = bootlog_of_pcr(w.log, 9, all, 64);

	(void)state;
	assert_int_equal(count, 6);
	assert_int_equal(bootlog_of_pcr(w.log, 9, few, 1), 6);
	assert_ptr_equal(few[0], all[0]);
	assert_null(few[1]);
	for (size_t i = 0; i < bootlog_of_pcr(w.log, 0, all, 64); i++) {
		assert_int_not_equal(all[i]->type, EV_NO_ACTION);
	}
	bootlog_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(replay, case_fresh),
		cmocka_unit_test_setup(as_recorded, case_fresh),
		cmocka_unit_test_setup(startup_locality, case_fresh),
		cmocka_unit_test_setup(hardware_first, case_fresh),
		cmocka_unit_test_setup(cut, case_fresh),
		cmocka_unit_test_setup(event_lost_or_twice, case_fresh),
		cmocka_unit_test_setup(event_edited, case_fresh),
		cmocka_unit_test_setup(event_order, case_fresh),
		cmocka_unit_test_setup(text_edited, case_fresh),
		cmocka_unit_test_setup(bad_form, case_fresh),
		cmocka_unit_test_setup(banks, case_fresh),
		cmocka_unit_test_setup(consistent_lies, case_fresh),
		cmocka_unit_test_setup(remarks, case_fresh),
		cmocka_unit_test_setup(bounds, case_fresh),
		cmocka_unit_test_setup(of_pcr, case_fresh),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
