/* SPDX-License-Identifier: MIT */
/*
 * The whole judgement on the evidence of an artificial host: good evidence is trusted, and whatever
 * is changed in it is not, in the row of the component that was changed.
 */
#include "verify/verify_world.h"
#include "measured-boot/verify/bootlog.h"
#include "abi/corbel.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_open(&w, 5);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_close(&w);
	return 0;
}

static void judge_as(enum verdict_status status, const char *component, int result)
{
	enum verdict_status found;

	found = world_judge(&w);
	if (found != status || (component && fixture_row(&w.f.v, component) != result)) {
		fprintf(stderr, "expected %s, %s %s\n", verdict_word(status),
			component ? component : "", component ? row_word(result) : "");
		verdict_text(&w.f.v, stderr);
	}
	assert_int_equal(found, status);
	if (component) {
		assert_int_equal(fixture_row(&w.f.v, component), result);
	}
}

static void trusted(void **state)
{
	(void)state;
	judge_as(VERDICT_trusted, "report.data", ROW_ok);
	for (size_t i = 0; i < w.f.v.count; i++) {
		assert_true(w.f.v.row[i].result == ROW_ok || w.f.v.row[i].result == ROW_note);
	}
}

/* One byte of what boots, with the references of before: the component is named. */
static void boots_changed(void **state)
{
	static const char *const row[WORLD_FILES] = {"hypervisor", "policy",      "builder",
						     "plan",       "dom0.kernel", "dom0.initrd"};
	static const char *const line[WORLD_FILES] = {"hypervisor.cmdline",  "policy.cmdline",
						      "builder.cmdline",     "plan.cmdline",
						      "dom0.kernel.cmdline", "dom0.initrd.cmdline"};

	(void)state;
	for (unsigned i = 0; i < 2 * WORLD_FILES + 1; i++) {
		char *byte = w.grub;
		const char *name = "grub";

		if (i < WORLD_FILES) {
			byte = w.file[i];
			name = row[i];
		} else if (i < 2 * WORLD_FILES) {
			byte = w.line[i - WORLD_FILES];
			name = line[i - WORLD_FILES];
		}
		*byte ^= 1;
		world_boot(&w);
		world_quote(&w);
		world_text(&w);
		judge_as(VERDICT_not_trusted, name, ROW_bad);
		assert_int_equal(fixture_row(&w.f.v, "quote.pcrs"), ROW_ok);
		*byte ^= 1;
	}
	world_boot(&w);
	world_quote(&w);
	world_text(&w);
	judge_as(VERDICT_trusted, NULL, 0);
}

/* The quote of the true boot, with a log that tells another one. */
static void log_edited(void **state)
{
	uint8_t *kernel;

	(void)state;
	kernel = memmem(w.log, w.log_length, "module_cmdline: kernel", 22);
	assert_non_null(kernel);
	kernel[0] ^= 1; /* text only: no digest covers it */
	world_text(&w);
	judge_as(VERDICT_not_trusted, "dom0.kernel.cmdline", ROW_bad);
	kernel[0] ^= 1;
	w.log_length--;
	world_text(&w);
	judge_as(VERDICT_not_trusted, "boot.log", ROW_bad);
	w.log_length++;
	w.log[w.log_length - 40] ^= 1; /* the last separator's digest */
	world_text(&w);
	judge_as(VERDICT_not_trusted, "quote.pcrs", ROW_bad);
	w.log[w.log_length - 40] ^= 1;
	world_text(&w);
	judge_as(VERDICT_trusted, NULL, 0);
}

static void replayed(void **state)
{
	(void)state;
	w.f.in.nonce[7] ^= 1;
	judge_as(VERDICT_not_trusted, "quote.nonce", ROW_bad);
	w.f.in.nonce[7] ^= 1;
	/* an old checkpoint under a new quote */
	w.checkpoint.nonce[0] ^= 1;
	world_quote(&w);
	world_text(&w);
	judge_as(VERDICT_not_trusted, "checkpoint.nonce", ROW_bad);
	/* a checkpoint that is not the one in PCR 22 */
	w.checkpoint.nonce[0] ^= 1;
	world_text(&w);
	judge_as(VERDICT_not_trusted, "quote.pcrs", ROW_bad);
	world_quote(&w);
	world_text(&w);
	judge_as(VERDICT_trusted, NULL, 0);
}

static void with_flags(uint32_t flags, const char *component, enum row_result result,
		       enum verdict_status status)
{
	uint32_t before = w.checkpoint.host_flags;

	w.checkpoint.host_flags = flags;
	world_quote(&w);
	world_text(&w);
	judge_as(status, component, result);
	w.checkpoint.host_flags = before;
}

static void flags(void **state)
{
	uint32_t good = w.checkpoint.host_flags;

	(void)state;
	with_flags(good | CORBEL_HOST_DEBUG, "host.debug", ROW_bad, VERDICT_not_trusted);
	with_flags(good | CORBEL_HOST_WEAK_ENTROPY, "host.entropy", ROW_bad, VERDICT_not_trusted);
	with_flags(good & ~CORBEL_HOST_MEASURED, "host.measured", ROW_bad, VERDICT_not_trusted);
	with_flags(good & ~CORBEL_HOST_NO_DEVICES, "host.iommu", ROW_bad, VERDICT_not_trusted);
	with_flags(good | 1u << 30, "checkpoint.flags", ROW_bad, VERDICT_not_trusted);
	with_flags(good | CORBEL_HOST_SMT, "host.smt", ROW_warning, VERDICT_trusted);
	with_flags(good, "host.ibpb", ROW_ok, VERDICT_trusted);
	with_flags(good | CORBEL_HOST_NO_IBPB, "host.ibpb", ROW_warning, VERDICT_trusted);
	world_quote(&w);
	world_text(&w);
}

static void clock_of_leaf_0(void **state)
{
	(void)state;
	w.record[0].body.boot.reset_count++;
	world_leaves(&w);
	world_quote(&w);
	world_text(&w);
	judge_as(VERDICT_not_trusted, "quote.clock", ROW_bad);
	w.record[0].body.boot.reset_count--;
	world_leaves(&w);
	world_quote(&w);
	world_text(&w);
	judge_as(VERDICT_trusted, NULL, 0);
}

static void records_edited(void **state)
{
	(void)state;
	w.record[WORLD_TENANT].body.launch.memory_pages++;
	world_text(&w); /* the record only: the tree knows better */
	judge_as(VERDICT_not_trusted, "log.inclusion", ROW_bad);
	world_leaves(&w);
	world_quote(&w);
	world_text(&w); /* the domain really got more memory */
	judge_as(VERDICT_not_trusted, "tenant.memory", ROW_bad);
	w.record[WORLD_TENANT].body.launch.memory_pages--;
	w.record[WORLD_TENANT + 1].body.report.data[0] ^= 1;
	world_leaves(&w);
	world_quote(&w);
	world_text(&w); /* a report for another nonce */
	judge_as(VERDICT_not_trusted, "report.nonce", ROW_bad);
	w.record[WORLD_TENANT + 1].body.report.data[0] ^= 1;
	world_leaves(&w);
	world_quote(&w);
	world_text(&w);
	judge_as(VERDICT_trusted, NULL, 0);
}

/* Without any of its own inputs the verifier does not trust. */
static void inputs_missing(void **state)
{
	const struct verify_inputs all = w.f.in;
	static const char *const none[] = {NULL};

	(void)state;
	w.f.in.hosts = NULL;
	judge_as(VERDICT_cannot_judge, "host.enrolled", ROW_missing);
	w.f.in = all;
	w.f.in.roots = none;
	judge_as(VERDICT_cannot_judge, "ek.chain", ROW_missing);
	w.f.in = all;
	w.f.in.references = none;
	assert_int_not_equal(world_judge(&w), VERDICT_trusted);
	assert_int_equal(fixture_row(&w.f.v, "hypervisor"), ROW_missing);
	w.f.in = all;
	w.f.in.firmware = NULL;
	judge_as(VERDICT_cannot_judge, "firmware", ROW_missing);
	w.f.in = all;
	w.f.in.firmware_key = NULL;
	judge_as(VERDICT_cannot_judge, "firmware", ROW_missing);
	w.f.in = all;
	w.f.in.expect = "/nonexistent/expect.json";
	judge_as(VERDICT_cannot_judge, "tenant.launch", ROW_missing);
	w.f.in = all;
	w.f.in.limits = "/nonexistent/limits.json";
	judge_as(VERDICT_cannot_judge, "limits.hypervisor", ROW_missing);
	w.f.in = all;
	w.f.in.expect = w.f.in.bound = NULL;
	judge_as(VERDICT_trusted, "tenant.launch", ROW_note);
	w.f.in = all;
	judge_as(VERDICT_trusted, NULL, 0);
}

/* Whether the text's boot log has the same events as the true one, in what digests cover. */
static bool same_events(void)
{
	struct evidence e;
	char error[256];
	struct bootlog *one, *two;
	bool same;

	assert_true(verify_evidence_read(&e, w.text, w.length, error));
	one = bootlog_parse(w.log, w.log_length, error);
	two = bootlog_parse(e.boot_log.data, e.boot_log.length, error);
	assert_non_null(one);
	assert_non_null(two);
	same = one->count == two->count;
	for (size_t i = 0; same && i < one->count; i++) {
		const struct boot_event *a = &one->event[i], *b = &two->event[i];

		same = a->pcr == b->pcr && a->type == b->type &&
		       memcmp(a->sha256, b->sha256, 32) == 0 &&
		       memcmp(a->sha384, b->sha384, 48) == 0;
	}
	bootlog_free(one);
	bootlog_free(two);
	verify_evidence_free(&e);
	return same;
}

/* One bit of the evidence's text at a time, all over it: it is never trusted unless it means the
 * same.  Not vouched for by anything, and not judged by: texts of the firmware's events and names
 * of files in the boot log. */
static void bits(void **state)
{
	const char *log = strstr(w.text, "\"boot_log\""), *end = strstr(w.text, "\"checkpoint\"");

	(void)state;
	for (size_t i = 0; i < w.length; i += 23) {
		char *byte = &w.text[i], before = *byte;

		*byte ^= 1;
		if (world_judge(&w) == VERDICT_trusted &&
		    !(byte > log && byte < end && same_events())) {
			fail_msg("byte %zu of %zu: '%c' for '%c' is trusted", i, w.length, *byte,
				 before);
		}
		*byte = before;
	}
	judge_as(VERDICT_trusted, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trusted),        cmocka_unit_test(boots_changed),
		cmocka_unit_test(log_edited),     cmocka_unit_test(replayed),
		cmocka_unit_test(flags),          cmocka_unit_test(clock_of_leaf_0),
		cmocka_unit_test(records_edited), cmocka_unit_test(inputs_missing),
		cmocka_unit_test(bits),
	};

	setenv("TSS2_LOG", "all+none", 1);
	return cmocka_run_group_tests(tests, setup, teardown);
}
