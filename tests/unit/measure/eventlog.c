/* SPDX-License-Identifier: MIT */
/*
 * The boot log's records and entries as far as room goes: the longest text, the last entry that
 * fits, and what does not.  Their bytes are compared in measure, which has a TPM to extend.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "measured-boot/shared/eventlog.h"

static struct eventlog_data data;

static void longest_text(void **state)
{
	static char text[EVENTLOG_DATA_MAX + 1];
	static const uint8_t digest[48];

	(void)state;
	memset(text, 't', sizeof(text));
	for (int kind = MEASURE_config; kind < MEASURE_kind_end; kind++) {
		assert_true(
			eventlog_record(&data, kind, text, EVENTLOG_TEXT_MAX, 1, digest, digest));
		assert_in_range(data.len, EVENTLOG_TEXT_MAX + 1, EVENTLOG_DATA_MAX);
		memset(&data, 0, sizeof(data));
		assert_false(eventlog_record(&data, kind, text, EVENTLOG_TEXT_MAX + 1, 1, digest,
					     digest));
		assert_int_equal(data.len, 0);
		assert_int_equal(data.byte[0], 0);
	}
}

/* PCR, type, count, two digests with their algorithms, length, four bytes: exactly as long. */
static void last_entry(void **state)
{
	static const struct tpm_banks banks = {2, {{TPM_ALG_SHA256, 32}, {TPM_ALG_SHA384, 48}}};
	static uint8_t digest[TPM_BANKS_MAX][TPM_DIGEST_MAX];
	const size_t entry = 4 + 4 + 4 + (2 + 32) + (2 + 48) + 4 + 4, used = 10;
	uint8_t *log = calloc(used + entry, 1);

	(void)state;
	eventlog_separator(&data, false);
	for (size_t cap = 0; cap <= used + entry; cap++) {
		size_t len = eventlog_append(log, used, cap, 17, EVENTLOG_SEPARATOR, &banks, digest,
					     &data);

		assert_int_equal(len, cap == used + entry ? cap : 0);
		assert_int_equal(log[used], len ? 17 : 0); /* nothing was written */
	}
	free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_text),
		cmocka_unit_test(last_entry),
	};

	return cmocka_run_group_tests_name("eventlog", tests, NULL, NULL);
}
