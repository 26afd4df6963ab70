/* SPDX-License-Identifier: MIT */
/*
 * The launch log: that each record given is in the checkpoint's tree, that leaf 0 is the boot of
 * the reference, and that the log only grew since older evidence.  Records come from Dom0's disk;
 * what is not proved here no later step looks at.
 */
#include "measured-boot/verify/log.h"

#include <stdlib.h>
#include <string.h>

#include "tools/lib/merkle.h"
#include "measured-boot/verify/json.h"

#define FAULTS_MAX 8u

enum row_result good_log(const struct judge *judge)
{
	if (judge->pcrs_ok) {
		return ROW_ok;
	}
	return ROW_note;
}

enum row_result log_result(const struct judge *judge, bool is_good)
{
	if (is_good) {
		return good_log(judge);
	}
	return ROW_bad;
}

const struct log_entry *log_next(const struct judge *judge, uint32_t type, size_t *at)
{
	while (judge->entry_ok && *at < judge->e->entry_count) {
		const struct log_entry *entry = &judge->e->entry[(*at)++];

		if (judge->entry_ok[*at - 1] && (!type || entry->record.type == type)) {
			return entry;
		}
	}
	return NULL;
}

static const char *entry_fault(const struct judge *judge, const struct log_entry *entry)
{
	const struct corbel_checkpoint *c = &judge->e->checkpoint;
	const struct corbel_log_record *r = &entry->record;
	merkle_hash leaf;

	merkle_leaf(r, sizeof(*r), leaf);
	if (entry->index >= c->size) {
		return "is beyond the end of the log";
	}
	if (!merkle_inclusion_verify(leaf, entry->index, c->size, entry->proof, entry->proof_length,
				     c->root)) {
		return "is not in the log at this place: record or proof was changed, or is "
		       "another log's";
	}
	if (memcmp(r->magic, CORBEL_LOG_MAGIC, sizeof(r->magic)) || !r->type ||
	    r->type >= CORBEL_LOG_type_end) {
		return "is of no kind that is known";
	}
	if (r->index != entry->index || memcmp(r->boot_id, c->boot_id, sizeof(r->boot_id))) {
		return "belongs to another place or to another boot";
	}
	if ((r->type == CORBEL_LOG_boot) != (r->index == 0)) {
		return "cannot be at this place: the first record, and only it, is the boot's";
	}
	return NULL;
}

static void inclusion(struct judge *judge)
{
	const struct evidence *e = judge->e;
	unsigned faults = 0;

	judge->entry_ok = calloc(e->entry_count + 1, sizeof(*judge->entry_ok));
	if (!judge->entry_ok) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	for (size_t i = 0; i < e->entry_count; i++) {
		const char *fault = entry_fault(judge, &e->entry[i]);

		judge->entry_ok[i] = !fault;
		if (fault && faults++ < FAULTS_MAX) {
			verdict_add(judge->verdict, "log.inclusion", ROW_bad,
				    "a record of this log", NULL, "Record %llu %s.",
				    (unsigned long long)e->entry[i].index, fault);
		}
	}
	if (faults > FAULTS_MAX) {
		verdict_add(judge->verdict, "log.inclusion", ROW_bad, "a record of this log", NULL,
			    "%u more records do not belong to it.", faults - FAULTS_MAX);
	}
	if (!e->entry_count) {
		verdict_add(judge->verdict, "log.inclusion", ROW_missing, "records", "none",
			    "The evidence has no record of the launch log.");
	} else if (!faults) {
		char found[96];

		snprintf(found, sizeof(found), "%zu of %llu records", e->entry_count,
			 (unsigned long long)e->checkpoint.size);
		verdict_add(
			judge->verdict, "log.inclusion",
			judge->checkpoint_ok ? ROW_ok : ROW_missing, "records of this log", found,
			judge->checkpoint_ok ? "Each record given is proved to be in the launch "
					       "log."
					     : "The records are in the log that the checkpoint "
					       "names, but nothing vouches for the checkpoint.");
	}
}

/* ---- leaf 0 ------------------------------------------------------------------------------- */

static bool number_is(struct judge *judge, const char *what, uint64_t expected, uint64_t found)
{
	char e[64], f[64];

	if (expected == found) {
		return true;
	}
	snprintf(e, sizeof(e), "%s %llu", what, (unsigned long long)expected);
	snprintf(f, sizeof(f), "%s %llu", what, (unsigned long long)found);
	verdict_add(judge->verdict, "log.boot", ROW_bad, e, f,
		    "What the hypervisor said at boot is not the reference's.");
	return false;
}

static bool digest_same(struct judge *judge, const char *what, const uint8_t *expected,
			const uint8_t *found)
{
	if (!memcmp(expected, found, 32)) {
		return true;
	}
	verdict_add_digest(judge->verdict, "log.boot", ROW_bad, expected, found, 32,
			   "The %s that the hypervisor named at boot is not the reference's.",
			   what);
	return false;
}

static void boot_row(struct judge *judge)
{
	const struct reference_file *file = judge->reference ? judge->reference->best : NULL;
	const struct corbel_log_boot *b;
	size_t at = 0;
	const struct log_entry *entry = log_next(judge, CORBEL_LOG_boot, &at);
	bool good;

	if (!entry) {
		verdict_add(judge->verdict, "log.boot", ROW_missing, "the boot record", NULL,
			    "The evidence lacks the first record of the launch log.");
		return;
	}
	judge->boot = &entry->record;
	b = &judge->boot->body.boot;
	if (!file) {
		verdict_add(judge->verdict, "log.boot", ROW_missing, "a reference", NULL,
			    "Without a reference the boot record cannot be judged.");
		return;
	}
	good = number_is(judge, "hypervisor version", file->hypervisor_svn, b->hypervisor_svn);
	good &= number_is(judge, "builder version", file->builder_svn, b->builder_svn);
	good &= number_is(judge, "policy serial", file->policy_serial, judge->boot->policy_serial);
	good &= number_is(judge, "TPM error", 0, b->tpm_error);
	good &= digest_same(judge, "builder", reference_find(file, "builder")->sha256,
			    b->builder_image);
	good &= digest_same(judge, "policy", reference_find(file, "policy")->sha256,
			    judge->boot->policy);
	if (good) {
		char found[96];

		text_escape(b->version, strnlen(b->version, sizeof(b->version)), found,
			    sizeof(found));
		verdict_add(judge->verdict, "log.boot", good_log(judge), file->name, found,
			    "The boot record says what the reference says.");
	}
}

/* ---- since older evidence ------------------------------------------------------------------- */

static void compare_logs(struct judge *judge, const struct evidence *old)
{
	const struct corbel_checkpoint *was = &old->checkpoint, *is = &judge->e->checkpoint;
	char expected[64], found[64];
	size_t proof_length = judge->e->since_size ? judge->e->since_proof_length : 0;

	snprintf(expected, sizeof(expected), "%llu records or more", (unsigned long long)was->size);
	snprintf(found, sizeof(found), "%llu records", (unsigned long long)is->size);
	if (memcmp(was->boot_id, is->boot_id, sizeof(was->boot_id))) {
		verdict_add_digest(judge->verdict, "log.consistency", ROW_bad, was->boot_id,
				   is->boot_id, 32,
				   "The older evidence is of another boot: the host was restarted "
				   "since, and all domains with it.");
	} else if (was->size > is->size) {
		verdict_add(judge->verdict, "log.consistency", ROW_bad, expected, found,
			    "The launch log was rolled back: it was longer before.");
	} else if (was->size != is->size && !judge->e->since_size) {
		verdict_add(judge->verdict, "log.consistency", ROW_missing, expected, found,
			    "The evidence has no proof that the log only grew: ask the host for "
			    "it with --since %llu.",
			    (unsigned long long)was->size);
	} else if (judge->e->since_size && judge->e->since_size != was->size) {
		verdict_add(judge->verdict, "log.consistency", ROW_missing, expected, found,
			    "The proof in the evidence is about a log of %llu records: ask the "
			    "host with --since %llu.",
			    (unsigned long long)judge->e->since_size,
			    (unsigned long long)was->size);
	} else if (!merkle_consistency_verify(was->size, was->root, is->size, is->root,
					      judge->e->since_proof, proof_length)) {
		verdict_add_digest(judge->verdict, "log.consistency", ROW_bad, was->root, is->root,
				   32,
				   "The launch log was forked: what it held before is not in it "
				   "now.");
	} else {
		verdict_add(judge->verdict, "log.consistency",
			    judge->checkpoint_ok ? ROW_ok : ROW_missing, expected, found,
			    judge->checkpoint_ok
				    ? "The launch log only grew since the older evidence."
				    : "The log grew, but nothing vouches for the "
				      "checkpoint.");
	}
}

static void consistency(struct judge *judge)
{
	struct evidence old;
	struct bytes text;
	char error[256];

	if (!judge->in->since) {
		verdict_add(judge->verdict, "log.consistency", ROW_note, NULL,
			    judge->e->since_size ? "a proof since older evidence" : NULL,
			    judge->e->since_size
				    ? "The evidence has a proof that nobody asked for: not "
				      "judged, since no older evidence was given."
				    : "No older evidence was given to compare the log "
				      "with.");
		return;
	}
	if (!input_read(judge->verdict, judge->in->since, EVIDENCE_MAX, &text, error)) {
		verdict_add(judge->verdict, "log.consistency", ROW_missing, "older evidence", error,
			    "The older evidence cannot be read.");
		return;
	}
	if (verify_evidence_read(&old, (const char *)text.data, text.length, error)) {
		compare_logs(judge, &old);
		verify_evidence_free(&old);
	} else {
		verdict_add(judge->verdict, "log.consistency", ROW_missing, "older evidence", error,
			    "The older evidence cannot be read.");
	}
	free(text.data);
}

/* ---- which domain ------------------------------------------------------------------------- */

const struct corbel_log_record *report_find(const struct judge *judge, unsigned *others)
{
	const struct corbel_log_record *report = NULL;
	const struct log_entry *entry;

	*others = 0;
	for (size_t at = 0; (entry = log_next(judge, CORBEL_LOG_report, &at));) {
		if (memcmp(entry->record.body.report.data, judge->in->nonce, CORBEL_NONCE_LEN)) {
			++*others;
		} else {
			report = &entry->record;
		}
	}
	return report;
}

/* The domain that is judged is the one that reported, else the last one launched in the
 * evidence. */
static const struct corbel_log_record *launch_find(const struct judge *judge)
{
	const struct corbel_log_record *launch = NULL, *report;
	const struct log_entry *entry;
	unsigned others;

	report = report_find(judge, &others);
	for (size_t at = 0; (entry = log_next(judge, CORBEL_LOG_launch, &at));) {
		if (!report || entry->index == report->body.report.launch) {
			launch = &entry->record;
		}
	}
	return launch;
}

void log_check(struct judge *judge)
{
	inclusion(judge);
	judge->launch = launch_find(judge);
	boot_row(judge);
	checkpoint_switches(judge);
	consistency(judge);
}
