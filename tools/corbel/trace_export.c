/* SPDX-License-Identifier: MIT */
/*
 * `trace --export`: denials and audited grants, equal ones summed, and the counters, as lines that
 * corbel-policy reads elsewhere.  Names instead of numbers, so that the text outlives the policy.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/corbel.h"
#include "tools/corbel/names.h"
#include "tools/corbel/trace.h"

/* Equal keys are one line. */
static int by_meaning(const void *left, const void *right)
{
	const struct corbel_trace *a = left, *b = right;
	const unsigned keys[][2] = {
		{a->kind, b->kind},
		{a->subject_context, b->subject_context},
		{a->object_context, b->object_context},
		{a->relation, b->relation},
		{a->cls, b->cls},
		{a->perm, b->perm},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i][0] != keys[i][1]) {
			return keys[i][0] < keys[i][1] ? -1 : 1;
		}
	}
	return 0;
}

static void print_sum(const struct xsm_policy *policy, const struct corbel_trace *record,
		      size_t count)
{
	printf("%s %s %s %s %s %s %zu\n",
	       record->kind == CORBEL_TRACE_denied ? "denied" : "audited",
	       force_context(policy, record->subject_context),
	       force_context(policy, record->object_context), relation_name(record->relation),
	       class_word(record->cls), permission_word(record->cls, record->perm), count);
}

/* A record that can be said in names of this policy. */
static bool can_be_said(const struct reader *reader, size_t i)
{
	const struct corbel_trace *record = &reader->rings.records[i];
	const struct xsm_policy *policy = reader_policy(reader, i);

	return record_has_labels(record) && policy &&
	       force_context(policy, record->subject_context) &&
	       force_context(policy, record->object_context) &&
	       permission_word(record->cls, record->perm);
}

static void export_records(const struct reader *reader)
{
	struct corbel_trace *records = reader->rings.records;
	size_t kept = 0, left_out = 0;

	for (size_t i = 0; i < reader->rings.count; i++) {
		if (records[i].kind != CORBEL_TRACE_denied &&
		    records[i].kind != CORBEL_TRACE_audited) {
			continue;
		}
		if (can_be_said(reader, i)) {
			records[kept++] = records[i]; /* kept <= i: those behind i are untouched */
		} else {
			left_out++;
		}
	}
	if (reader->rings.lost) {
		printf("# %llu older records were overwritten\n",
		       (unsigned long long)reader->rings.lost);
	}
	if (left_out) {
		printf("# %zu records are left out: of an earlier policy, or of calls that no "
		       "policy decides\n",
		       left_out);
	}
	if (!kept) {
		return;
	}
	qsort(records, kept, sizeof(records[0]), by_meaning);
	for (size_t i = 0, first = 0; i < kept; i++) {
		if (i + 1 == kept || by_meaning(&records[i], &records[i + 1]) != 0) {
			print_sum(&reader->force.policy, &records[i], i + 1 - first);
			first = i + 1;
		}
	}
}

static void export_counter(const char *verb, const struct xsm_policy *policy, size_t at,
			   uint64_t count)
{
	unsigned class = (unsigned)(at / 32 % CORBEL_COUNTER_CLASSES), perm = (unsigned)(at % 32);
	const char *name = permission_word(class, perm);

	if (count && name) {
		printf("%s %s %s %s %llu\n", verb,
		       force_context(policy, (unsigned)(at / 32 / CORBEL_COUNTER_CLASSES)),
		       class_word(class), name, (unsigned long long)count);
	}
}

static int export_all(struct reader *reader)
{
	struct corbel_policy_counter *counters;
	char why[FORCE_WHY];
	int error = reader_read(reader);

	if (error) {
		return tool_call_error(error, CALL_CORBEL(CORBEL_OP_trace_read),
				       "cannot read the trace");
	}
	if (reader->error) {
		return tool_error(0, "%s", reader->why);
	}
	counters = force_counters(&reader->force, &error, why);
	if (!counters) {
		return tool_error(0, "%s", why);
	}
	printf("corbel-trace 1 ");
	for (size_t i = 0; i < CORBEL_DIGEST_LEN; i++) {
		printf("%02x", reader->force.info.digest[i]);
	}
	putchar('\n');
	export_records(reader);
	for (size_t i = 0; i < FORCE_COUNTERS(reader->force.policy.contexts); i++) {
		export_counter("allowed", &reader->force.policy, i, counters[i].allowed);
		export_counter("refused", &reader->force.policy, i, counters[i].denied);
	}
	free(counters);
	return EXIT_OK;
}

int trace_export(void)
{
	static struct reader reader;
	int code = export_all(&reader);

	reader_free(&reader);
	return code;
}
