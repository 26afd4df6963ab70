/* SPDX-License-Identifier: MIT */
/*
 * Corbel's own records in the boot log, of a host that truly measured something else than the
 * reference's: each field by itself, each form that is no record, each end of a chain.  Log and
 * quote agree, unless the text was edited.
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

#define PLACE_POLICY 1 /* of its record in PCR 17, and of its file in PCR 9 */

static uint8_t data[1024];
static size_t length;

static void measure(struct boot_event *event)
{
	event->data = data;
	event->size = (uint32_t)length;
	digest_both(data, length, event->sha256, event->sha384);
}

static void judged_as(const char *component, const char *words)
{
	recorded_boot_log(&w);
	recorded_quote(&w);
	bad(component);
	says_bad(component, words);
	case_fresh(NULL);
}

static struct boot_event *record(void)
{
	struct boot_event *event = recorded_event(&w, 17, PLACE_POLICY);

	memcpy(data, event->data, event->size);
	length = event->size;
	return event;
}

/* The policy's record, well formed, with this byte turned. */
static void field(size_t at, const char *words)
{
	struct boot_event *event = record();

	data[at] ^= 1;
	measure(event);
	judged_as("policy", words);
}

/* tag, size, 16 of magic, u16 kind, u16 PCR, u16 and name, u32 and text, u64 size, then for each of
 * two algorithms its number, its size and the digest */
static void fields(void **state)
{
	size_t name, size;
	const char *found;

	(void)state;
	record();
	name = data[28];
	size = 30 + name + 4;
	field(0, "is no record");
	field(4, "is no record");
	field(8, "is no record");
	field(24, "it is a record of kind 3 for PCR 17");
	field(26, "it is a record of kind 2 for PCR 16");
	field(29, "is no record"); /* a name of more bytes than there are */
	field(30, "another name of the kind");
	field(30 + name, "is no record");
	field(size, "another size");
	field(size + 8, "is no record");
	field(size + 10, "is no record");
	field(size + 12, "another file");
	field(size + 12 + 32, "is no record");
	field(size + 14 + 32, "is no record");
	field(size + 16 + 32, "another SHA-384");
	record(); /* nothing may be behind it */
	data[length++] = 0;
	data[4]++;
	measure(recorded_event(&w, 17, PLACE_POLICY));
	judged_as("policy", "is no record");
	record(); /* ends in its last digest */
	length--;
	data[4]--;
	measure(recorded_event(&w, 17, PLACE_POLICY));
	judged_as("policy", "is no record");
	record();
	data[size] ^= 1;
	measure(recorded_event(&w, 17, PLACE_POLICY));
	recorded_boot_log(&w);
	recorded_quote(&w);
	bad("policy");
	found = row_of("policy")->found;
	assert_string_equal(found + strlen(found) - 6, " bytes");
	assert_string_not_equal(row_of("policy")->expected, found);
}

static void events(void **state)
{
	struct boot_event *event = record();

	(void)state;
	data[40] ^= 1; /* the text alone */
	event->data = data;
	judged_as("policy", "the log was edited");
	recorded_event(&w, 17, PLACE_POLICY)->type = EV_IPL;
	judged_as("policy", "has type 0xd");
	recorded_remove(&w, recorded_event(&w, 17, PLACE_POLICY));
	recorded_boot_log(&w);
	recorded_quote(&w);
	bad("policy");
	says_bad("policy", "there is none");
	assert_string_equal(row_of("policy")->found, "none");
	assert_int_equal(strlen(row_of("policy")->expected), 64);
}

/* Corbel's command line: of the same length, of another, and what it was. */
static void lines(void **state)
{
	struct eventlog_data made;
	uint8_t sha256[32], sha384[48];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const struct boot_event *was = recorded_event(&w, 17, 0);
		uint32_t size = was->data[30 + was->data[28]];
		char line[256];

		memcpy(line, was->data + 30 + was->data[28] + 4, size);
		line[size] = 'x';
		if (!i) {
			line[0] ^= 1;
		}
		digest_both(line, size + i, sha256, sha384);
		assert_true(eventlog_record(&made, MEASURE_config, line, size + i, size + i, sha256,
					    sha384));
		memcpy(data, made.byte, made.len);
		length = made.len;
		measure(recorded_event(&w, 17, 0));
		judged_as("hypervisor.cmdline", "another command line");
	}
}

/* How a chain ends, and that the row of a good one says so. */
static void ends(void **state)
{
	static const uint8_t error[4] = {1};
	struct boot_event extra;

	(void)state;
	recorded_remove(&w, recorded_event(&w, 17, 3));
	judged_as("pcr17", "is not closed by a separator");
	recorded_event(&w, 17, 3)->type = EV_IPL;
	judged_as("pcr17", "is not closed by a separator");
	memcpy(data, error, length = 4);
	measure(recorded_event(&w, 17, 3));
	judged_as("pcr17", "after an error of the TPM");
	recorded_event(&w, 17, 3)->data = error; /* edited: it was the good one */
	judged_as("pcr17", "is not one with value 0");
	memset(data, 2, length);
	measure(recorded_event(&w, 17, 3));
	judged_as("pcr17", "is not one with value 0");
	memset(data, 0, length = 5);
	data[0] = 1;
	measure(recorded_event(&w, 17, 3));
	judged_as("pcr17", "is not one with value 0");
	extra = *recorded_event(&w, 17, 3);
	recorded_insert(&w, w.events, &extra);
	judged_as("pcr17", "is one too many");
	extra = *recorded_event(&w, 17, 0); /* the error is told, not what is behind it */
	memcpy(data, error, length = 4);
	measure(recorded_event(&w, 17, 3));
	recorded_insert(&w, w.events, &extra);
	judged_as("pcr17", "after an error of the TPM");
	trusted();
	assert_non_null(strstr(row_of("pcr17")->meaning, "is complete and closed"));
}

/* What the boot loader read, when it is not the reference's. */
static void files(void **state)
{
	(void)state;
	recorded_event(&w, 9, 1)->sha256[0] ^= 1;
	judged_as("policy", "read is not the reference's");
	recorded_event(&w, 9, 1)->sha384[0] ^= 1;
	judged_as("policy", "SHA-384 digest of the file");
	recorded_event(&w, 9, 1)->type = EV_SEPARATOR;
	judged_as("policy", "does not say that the boot loader read it");
	recorded_remove(&w, recorded_event(&w, 9, 5));
	judged_as("dom0.initrd", "did not read this file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fields, case_fresh),
		cmocka_unit_test_setup(events, case_fresh),
		cmocka_unit_test_setup(lines, case_fresh),
		cmocka_unit_test_setup(ends, case_fresh),
		cmocka_unit_test_setup(files, case_fresh),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
