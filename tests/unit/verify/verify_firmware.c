/* SPDX-License-Identifier: MIT */
/*
 * Events of firmware by themselves: what may be believed of an event's text, how those found are
 * put beside those expected, and how many differences a verdict shows.  Events are made here, each
 * with the digest of a text.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "measured-boot/shared/eventlog.h"
#include "measured-boot/verify/align.h"
#include "measured-boot/verify/described.h"
#include "measured-boot/verify/reference.h"

/* An event of PCR 1 whose digests are of these bytes. */
static struct boot_event event_of(const void *data, size_t size)
{
	struct boot_event event = {.pcr = 1, .type = EV_EFI_ACTION, .has_sha384 = true};

	digest_both(data, size, event.sha256, event.sha384);
	return event;
}

/* ---- what is said of an event --------------------------------------------------------------- */

#define NAME_SIZE  4 /* two characters */
#define VALUE_SIZE 3

/* A variable "ab" with a value of three bytes, and how long it says that name and value are. */
static void variable(uint8_t out[32 + NAME_SIZE + VALUE_SIZE], uint8_t characters, uint8_t bytes)
{
	static const uint8_t name_and_value[] = {'a', 0, 'b', 0, 1, 2, 3};

	memset(out, 0, 32);
	out[16] = characters;
	out[24] = bytes;
	memcpy(out + 32, name_and_value, sizeof(name_and_value));
}

static bool is_variable(uint32_t type, const uint8_t *data, uint32_t size)
{
	const struct boot_event event = {.type = type, .data = data, .size = size};
	struct event_variable found;

	if (!event_variable(&event, &found)) {
		return false;
	}
	assert_ptr_equal(found.name, data + 32);
	assert_ptr_equal(found.value, found.name + found.name_size);
	assert_int_equal(found.name_size + found.value_size, size - 32);
	return true;
}

static void variables(void **state)
{
	static const uint32_t types[] = {EV_EFI_VARIABLE_DRIVER_CONFIG, EV_EFI_VARIABLE_BOOT,
					 EV_EFI_VARIABLE_BOOT2, EV_EFI_VARIABLE_AUTHORITY};
	uint8_t data[32 + NAME_SIZE + VALUE_SIZE] = {0}, *just;

	(void)state;
	variable(data, 2, VALUE_SIZE);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_true(is_variable(types[i], data, sizeof(data)));
	}
	assert_false(is_variable(EV_EFI_ACTION, data, sizeof(data)));
	assert_false(is_variable(types[0], data, sizeof(data) - 1));
	variable(data, 2, VALUE_SIZE - 1);
	assert_false(is_variable(types[0], data, sizeof(data)));
	variable(data, 3, 1);
	assert_true(is_variable(types[0], data, sizeof(data)));
	/* more characters than there are bytes for, with a value that makes up for it */
	variable(data, 4, 0xFF);
	memset(data + 25, 0xFF, 7);
	assert_false(is_variable(types[0], data, sizeof(data)));
	just = malloc(31);
	memset(just, 0, 31);
	assert_false(is_variable(types[0], just, 31));
	free(just);
	memset(data, 0, 32);
	assert_true(is_variable(types[0], data, 32));
	memset(data + 24, 0xFF, 4); /* one byte less than its head has, in 32 bits */
	assert_false(is_variable(types[0], data, 31));
}

static enum event_truth truth(uint32_t type, const void *measured, size_t length,
			      const uint8_t *data, uint32_t size)
{
	struct boot_event event = event_of(measured, length);

	event.type = type;
	event.data = data;
	event.size = size;
	return event_truth(&event);
}

static void believed(void **state)
{
	static const uint32_t of_data[] = {EV_SEPARATOR,
					   EV_EVENT_TAG,
					   EV_S_CRTM_VERSION,
					   EV_OMIT_BOOT_DEVICE_EVENTS,
					   EV_EFI_VARIABLE_DRIVER_CONFIG,
					   EV_EFI_VARIABLE_BOOT2,
					   EV_EFI_VARIABLE_AUTHORITY,
					   EV_EFI_ACTION,
					   EV_EFI_GPT_EVENT,
					   EV_EFI_VARIABLE_BOOT};
	uint8_t data[32 + NAME_SIZE + VALUE_SIZE];
	const uint8_t *value = data + 32 + NAME_SIZE;
	uint32_t size = sizeof(data);

	(void)state;
	variable(data, 2, VALUE_SIZE);
	for (size_t i = 0; i < sizeof(of_data) / sizeof(of_data[0]); i++) {
		assert_int_equal(truth(of_data[i], data, size, data, size), EVENT_true);
		assert_int_equal(truth(of_data[i], "other", 5, data, size), EVENT_false);
	}
	assert_int_equal(truth(EV_EFI_FIRMWARE_BLOB, data, size, data, size), EVENT_true);
	assert_int_equal(truth(EV_EFI_FIRMWARE_BLOB, "other", 5, data, size), EVENT_unverified);
	assert_int_equal(truth(EV_EFI_VARIABLE_BOOT, value, VALUE_SIZE, data, size),
			 EVENT_value_true);
	assert_int_equal(truth(EV_EFI_VARIABLE_BOOT2, value, VALUE_SIZE, data, size), EVENT_false);
	variable(data, 2, VALUE_SIZE + 1); /* not well formed: it has no value */
	assert_int_equal(truth(EV_EFI_VARIABLE_BOOT, value, VALUE_SIZE, data, size), EVENT_false);
}

/* ---- beside those expected ------------------------------------------------------------------ */

#define LETTERS_MAX 16u

static struct boot_event letter[LETTERS_MAX], wanted[LETTERS_MAX];

static size_t letters(const char *text, struct boot_event *out)
{
	size_t count = strlen(text);

	for (size_t i = 0; i < count; i++) {
		out[i] = event_of(text + i, 1);
		out[i].number = (unsigned)text[i];
	}
	return count;
}

/* Events by a letter each.  `beside` has for each expected one what was found for it: the same
 * letter, another one in its place, or '-' for nothing; `extra` what nothing expected. */
static void aligned(const char *expected, const char *found, const char *beside, const char *extra)
{
	struct expected_event list[LETTERS_MAX];
	const struct boot_event *there[LETTERS_MAX], *left[LETTERS_MAX];
	size_t n = letters(expected, wanted), m = letters(found, letter), extras;

	for (size_t i = 0; i < n; i++) {
		list[i] = (struct expected_event){wanted[i].type, wanted[i].sha256,
						  wanted[i].sha384, NULL, false};
	}
	for (size_t i = 0; i < m; i++) {
		there[i] = &letter[i];
	}
	extras = align_events(list, n, there, m, left);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(list[i].found ? (char)list[i].found->number : '-', beside[i]);
		assert_int_equal(list[i].same, beside[i] == expected[i]);
	}
	assert_int_equal(extras, strlen(extra));
	for (size_t i = 0; i < extras; i++) {
		assert_int_equal(left[i]->number, extra[i]);
	}
}

static void alignments(void **state)
{
	(void)state;
	aligned("abc", "abc", "abc", "");
	aligned("aab", "aab", "aab", ""); /* the first of two equal ones is none put in */
	aligned("aba", "aba", "aba", ""); /* one that also belongs further on belongs here */
	aligned("abc", "axbc", "abc", "x");
	aligned("abc", "ac", "a-c", "");
	aligned("abc", "axc", "axc", "");
	aligned("abc", "", "---", "");
	aligned("abc", "abcxy", "abc", "xy");
	aligned("", "xy", "", "xy");
	aligned("ab", "ba", "a-", "b");
}

/* ---- differences in a verdict --------------------------------------------------------------- */

#define EVENTS_MAX (ALIGN_MAX + 100u)

static struct verdict v;

/* Rows "firmware" for a profile of `expected` events and a log of `found` ones in this PCR; the
 * first `good` of each are the same. */
static size_t rows_of(uint32_t pcr, size_t expected, size_t found, size_t good)
{
	static struct profile_event profile[EVENTS_MAX];
	static struct boot_event event[EVENTS_MAX];
	struct bootlog log = {.event = event, .count = found};
	struct reference reference = {.profile = true,
				      .profile_name = "board",
				      .event = profile,
				      .event_count = expected};
	struct judge judge = {.verdict = &v, .log = &log, .reference = &reference};

	for (size_t i = 0; i < EVENTS_MAX; i++) {
		struct boot_event other = event_of(&i, sizeof(i));

		event[i] = i < good ? other : event_of("other", 5);
		event[i].number = (unsigned)i + 1;
		event[i].pcr = pcr;
		profile[i] = (struct profile_event){
			.pcr = pcr, .type = other.type, .has_sha384 = true, .text = (char *)"t"};
		memcpy(profile[i].sha256, other.sha256, 32);
		memcpy(profile[i].sha384, other.sha384, 48);
	}
	verdict_free(&v);
	appraise_firmware(&judge);
	return v.count;
}

static size_t rows(size_t expected, size_t found, size_t good)
{
	return rows_of(1, expected, found, good);
}

static const char *last_meaning(void)
{
	return v.row[v.count - 1].meaning;
}

static void differences(void **state)
{
	(void)state;
	assert_int_equal(rows(20, 20, 20), 1);
	assert_non_null(strstr(last_meaning(), "All 20 events"));
	assert_int_equal(rows(20, 20, 8), 12);
	assert_non_null(strstr(last_meaning(), "event 20 of the log: the profile expects 't'"));
	assert_int_equal(rows(20, 20, 7), 13);
	assert_non_null(strstr(last_meaning(), "1 more events differ"));
	assert_int_equal(rows(20, 19, 19), 1);
	assert_non_null(strstr(last_meaning(), "no event: the profile expects 't'"));
	assert_int_equal(rows(20, 21, 20), 1);
	assert_non_null(strstr(last_meaning(), "event 21 of the log: the profile has no such"));
	/* in PCR 4 GRUB's events follow, which are no firmware's */
	assert_int_equal(rows_of(4, 3, 5, 3), 1);
	assert_non_null(strstr(last_meaning(), "All 3 events"));
	assert_int_equal(rows_of(4, 3, 2, 2), 1);
	assert_non_null(strstr(last_meaning(), "no event: the profile expects 't'"));
	/* more events than are looked at */
	assert_int_equal(rows(0, EVENTS_MAX, 0), 13);
	assert_non_null(strstr(last_meaning(), "1012 more events differ"));
	verdict_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables),
		cmocka_unit_test(believed),
		cmocka_unit_test(alignments),
		cmocka_unit_test(differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
