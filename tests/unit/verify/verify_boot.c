/* SPDX-License-Identifier: MIT */
/*
 * A host that truly booted something else than the recorded boot, so that log and quote agree: the
 * verdict names the component, and no other.  Also references and the firmware's profile.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/pem.h>

#include "verify/verify_case.h"
#include "measured-boot/shared/eventlog.h"
#include "measured-boot/verify/json.h"

/* ---- another boot, and the quote agrees ----------------------------------------------------- */

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
	case_fresh(NULL);
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

		assert_true(eventlog_record(&data, kind, "", 0, 7, read->sha256, read->sha384));
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
			assert_true(eventlog_record(&data, MEASURE_config, "other", 5, 5, sha256,
						    sha384));
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
	assert_true(eventlog_record(&data, MEASURE_kernel, "", 0, 5, read->sha256, read->sha384));
	measure(recorded_event(&w, 18, 1), data.byte, data.len);
	names("dom0.kernel"); /* another size */
	assert_true(eventlog_record(&data, MEASURE_policy, "", 0, 5, read->sha256, read->sha384));
	measure(recorded_event(&w, 17, 1), data.byte, data.len);
	names("policy");
	measure(recorded_event(&w, 17, 2), "garbage", 7);
	names("builder");
	recorded_remove(&w, recorded_event(&w, 18, 0));
	names("plan");
}

/* A bit of the log, not of what was measured: the row shows both digests, not nothing. */
static void bit_flipped(void **state)
{
	static uint8_t data[512];
	struct boot_event *event = recorded_event(&w, 17, 0);
	unsigned shown = 0;

	(void)state;
	memcpy(data, event->data, event->size);
	data[event->size - 1] ^= 1;
	event->data = data;
	recorded_boot_log(&w);
	recorded_quote(&w);
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
	for (size_t i = 0; i < w.v.count; i++) {
		const struct verdict_row *row = &w.v.row[i];

		if (row->result == ROW_bad && !strcmp(row->component, "hypervisor.cmdline")) {
			assert_int_equal(strlen(row->expected), 64);
			assert_int_equal(strlen(row->found), 64);
			assert_string_not_equal(row->expected, row->found);
			shown++;
		}
	}
	assert_int_equal(shown, 1);
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
	extra.type = EV_NO_ACTION; /* this extends no PCR, whichever it names */
	recorded_insert(&w, 3, &extra);
	recorded_boot_log(&w);
	recorded_quote(&w);
	assert_int_equal(recorded_judge(&w), VERDICT_trusted);
	recorded_remove(&w, recorded_event(&w, 9, 5));
	recorded_boot_log(&w);
	recorded_quote(&w);
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
	assert_int_equal(recorded_row(&w, "dom0.initrd"), ROW_bad);
	assert_int_equal(recorded_row(&w, "dom0.kernel"), ROW_ok);
}

/* The log as it is now is bad, and some row of this component says so. */
static void says(const char *component, const char *words)
{
	recorded_boot_log(&w);
	recorded_quote(&w);
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
	says_bad(component, words);
}

static void boot_loaders(void **state)
{
	(void)state;
	recorded_event(&w, 4, 2)->sha256[0] ^= 1;
	says("grub", "Another boot loader");
	case_fresh(NULL);
	recorded_event(&w, 4, 2)->sha384[0] ^= 1;
	says("grub", "another type or SHA-384");
	case_fresh(NULL);
	recorded_event(&w, 4, 2)->type = EV_IPL;
	says("grub", "another type or SHA-384");
	case_fresh(NULL);
	recorded_remove(&w, recorded_event(&w, 4, 2));
	says("grub", "started no boot loader");
}

/* Six files too many: four are told one by one, the rest as a number. */
static void many_extras(void **state)
{
	struct boot_event extra = *recorded_event(&w, 9, 5);

	(void)state;
	extra.sha256[5] ^= 1;
	for (unsigned i = 0; i < 6; i++) {
		recorded_insert(&w, w.events, &extra);
	}
	says("boot.log", "2 more events of the log");
	case_fresh(NULL);
	for (unsigned i = 0; i < 4; i++) {
		recorded_insert(&w, w.events, &extra);
	}
	says("boot.log", "a file that the reference does not have");
	for (size_t i = 0; i < w.v.count; i++) {
		assert_null(strstr(w.v.row[i].meaning, "more events of the log"));
	}
}

/* Of a line that is another: its text if that was measured, else its digest. */
static void shown_lines(void **state)
{
	static const char other[] = "module_cmdline: other", *line = other + 16;
	static const char edited[] = "module_cmdline: policy\0x";
	struct boot_event *event = recorded_event(&w, 8, 1);

	(void)state;
	digest_both(line, strlen(line), event->sha256, event->sha384);
	event->data = (const uint8_t *)other;
	event->size = sizeof(other);
	says("policy.cmdline", "Another line was given to 'policy'");
	assert_string_equal(row_of("policy.cmdline")->found, "other");
	event->sha256[0] ^= 1;
	says("policy.cmdline", "Another line");
	assert_non_null(strstr(row_of("policy.cmdline")->found, "text with SHA-256 "));
	event->data = (const uint8_t *)"nothing";
	event->size = 7;
	says("policy.cmdline", "Another line");
	assert_non_null(strstr(row_of("policy.cmdline")->found, "text with SHA-256 "));
	case_fresh(NULL);
	event = recorded_event(&w, 8, 1);
	event->data = (const uint8_t *)edited;
	event->size = sizeof(edited); /* the line, and more behind it */
	says("policy.cmdline", "it was edited");
	event->data = (const uint8_t *)"module_cmdline: polic1";
	event->size = 23;
	says("policy.cmdline", "it was edited");
	event->data = (const uint8_t *)"module_cmdlinE: policy";
	says("policy.cmdline", "it was edited");
	case_fresh(NULL);
	recorded_remove(&w, recorded_event(&w, 8, 5));
	says("dom0.initrd.cmdline", "did not pass on this line");
}

static void chain_end(const char *row)
{
	recorded_boot_log(&w);
	recorded_quote(&w);
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
	assert_int_equal(recorded_row(&w, row), ROW_bad);
	assert_int_equal(recorded_row(&w, "quote.pcrs"), ROW_ok);
	case_fresh(NULL);
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

/* ---- firmware profile, references ----------------------------------------------------------- */

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
	/* one bank's end of a chain is enough */
	changed_reference("a3927a00", "00000000", path);
	w.references[1] = NULL;
	assert_int_equal(recorded_judge(&w), VERDICT_not_trusted);
	assert_int_equal(recorded_row(&w, "pcr17"), ROW_bad);
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
		cmocka_unit_test_setup(other_files, case_fresh),
		cmocka_unit_test_setup(other_lines, case_fresh),
		cmocka_unit_test_setup(record_differs, case_fresh),
		cmocka_unit_test_setup(bit_flipped, case_fresh),
		cmocka_unit_test_setup(more_or_less, case_fresh),
		cmocka_unit_test_setup(chains_closed, case_fresh),
		cmocka_unit_test_setup(boot_loaders, case_fresh),
		cmocka_unit_test_setup(many_extras, case_fresh),
		cmocka_unit_test_setup(shown_lines, case_fresh),
		cmocka_unit_test_setup(firmware_differs, case_fresh),
		cmocka_unit_test_setup(profile_signature, case_fresh),
		cmocka_unit_test_setup(references, case_fresh),
	};

	return cmocka_run_group_tests(tests, case_setup, case_teardown);
}
