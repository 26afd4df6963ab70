/* SPDX-License-Identifier: MIT */
/*
 * Corbel's own records in the boot log (measured-boot/shared/eventlog.h): PCR 17 to 19.  A PCR is
 * extended with the hash of the record's bytes, so a record that is not hashed right is no record,
 * and one that is can be believed field by field as far as the quote vouches for the PCR.
 */
#include "measured-boot/verify/appraise.h"

#include <string.h>

#include "tools/lib/hex.h"

#define CHAIN_MAX (MEASURE_kind_end + 1u) /* records of one PCR and the separator */

struct fields {
	uint16_t kind, pcr;
	const uint8_t *name, *text, *sha256, *sha384;
	uint32_t name_length, text_length;
	uint64_t size;
};

struct cursor {
	const uint8_t *at;
	size_t left;
	bool failed;
};

static const uint8_t *take(struct cursor *c, size_t length)
{
	const uint8_t *p = c->at;

	if (c->failed || length > c->left) {
		c->failed = true;
		return NULL;
	}
	c->at += length;
	c->left -= length;
	return p;
}

static uint64_t number(struct cursor *c, unsigned bytes)
{
	const uint8_t *p = take(c, bytes);
	uint64_t value = 0;

	for (unsigned i = 0; p && i < bytes; i++) {
		value |= (uint64_t)p[i] << (8 * i);
	}
	return value;
}

static bool digest_is(struct cursor *c, uint16_t alg, uint16_t size)
{
	return number(c, 2) == alg && number(c, 2) == size;
}

/* Takes a record apart; false: it is none. */
static bool record_read(const uint8_t *data, size_t length, struct fields *f)
{
	struct cursor c = {data, length, false};
	const uint8_t *magic;

	if (number(&c, 4) != EVENTLOG_TAG_ID || number(&c, 4) != length - 8 ||
	    !(magic = take(&c, 16)) || memcmp(magic, "corbel.measure.1", 16)) {
		return false;
	}
	f->kind = number(&c, 2);
	f->pcr = number(&c, 2);
	f->name_length = number(&c, 2);
	f->name = take(&c, f->name_length);
	f->text_length = number(&c, 4);
	f->text = take(&c, f->text_length);
	f->size = number(&c, 8);
	if (!digest_is(&c, TPM_ALG_SHA256, 32) || !(f->sha256 = take(&c, 32)) ||
	    !digest_is(&c, TPM_ALG_SHA384, 48) || !(f->sha384 = take(&c, 48))) {
		return false;
	}
	return !c.failed && !c.left;
}

/* What the record of this kind must be, and its two digests. */
struct wanted {
	enum measure_kind kind; /* 0: the separator */
	struct eventlog_data data;
	uint8_t sha256[32], sha384[48];
};

static bool want_record(const struct reference_file *file, enum measure_kind kind,
			struct wanted *want)
{
	static const char *const name[MEASURE_kind_end] = {
		NULL, "hypervisor", "policy", "builder", "plan", "kernel", "initrd"};
	const struct reference_component *c = reference_find(file, name[kind]);
	uint8_t sha256[32], sha384[48];

	want->kind = kind;
	if (!c) {
		return false; /* no initrd: read_reference() demands all others */
	}
	if (kind == MEASURE_config) {
		digest_both(c->string, strlen(c->string), sha256, sha384);
		if (!eventlog_record(&want->data, kind, c->string, strlen(c->string),
				     strlen(c->string), sha256, sha384)) {
			return false; /* longer than Corbel boots with */
		}
	} else if (!eventlog_record(&want->data, kind, "", 0, c->size, c->sha256, c->sha384)) {
		return false;
	}
	digest_both(want->data.byte, want->data.len, want->sha256, want->sha384);
	return true;
}

static void want_separator(struct wanted *want)
{
	want->kind = 0;
	eventlog_separator(&want->data, false);
	digest_both(want->data.byte, want->data.len, want->sha256, want->sha384);
}

static bool hashes_itself(const struct boot_event *event)
{
	uint8_t sha256[32], sha384[48];

	digest_both(event->data, event->size, sha256, sha384);
	return event_is(event, sha256, sha384);
}

static void show_digests(struct record *r, const uint8_t *expected, const uint8_t *found,
			 size_t length)
{
	hex_encode(expected, length, r->expected);
	hex_encode(found, length, r->found);
}

/* Both are well-formed records; names the first field that differs. */
static void differing_field(const struct fields *want, const struct fields *got, struct record *r)
{
	if (want->kind != got->kind || want->pcr != got->pcr) {
		snprintf(r->fault, sizeof(r->fault), "it is a record of kind %u for PCR %u",
			 got->kind, got->pcr);
	} else if (want->text_length != got->text_length ||
		   memcmp(want->text, got->text, want->text_length)) {
		snprintf(r->fault, sizeof(r->fault), "another command line");
		text_escape(want->text, want->text_length, r->expected, sizeof(r->expected));
		text_escape(got->text, got->text_length, r->found, sizeof(r->found));
	} else if (memcmp(want->sha256, got->sha256, 32)) {
		snprintf(r->fault, sizeof(r->fault), "another file");
		show_digests(r, want->sha256, got->sha256, 32);
	} else if (want->size != got->size) {
		snprintf(r->fault, sizeof(r->fault), "another size");
		snprintf(r->expected, sizeof(r->expected), "%llu bytes",
			 (unsigned long long)want->size);
		snprintf(r->found, sizeof(r->found), "%llu bytes", (unsigned long long)got->size);
	} else if (memcmp(want->sha384, got->sha384, 48)) {
		snprintf(r->fault, sizeof(r->fault), "another SHA-384");
		show_digests(r, want->sha384, got->sha384, 48);
	} else {
		snprintf(r->fault, sizeof(r->fault), "another name of the kind");
	}
}

/* What is known when the record cannot be taken apart: the digest that the event should have, and
 * that of the text which the log has in its place. */
static void show_event(const struct wanted *want, const struct boot_event *found, struct record *r)
{
	uint8_t sha256[32], sha384[48];

	digest_both(found->data, found->size, sha256, sha384);
	show_digests(r, want->sha256, sha256, 32);
}

static void record_fault(const struct wanted *want, const struct expected_event *e,
			 struct record *r)
{
	struct fields expected, found;

	hex_encode(want->sha256, 32, r->expected);
	snprintf(r->found, sizeof(r->found), "none");
	if (e->found) {
		show_event(want, e->found, r);
	}

	if (!e->found) {
		snprintf(r->fault, sizeof(r->fault), "there is none");
	} else if (e->found->type != EVENTLOG_TAG) {
		snprintf(r->fault, sizeof(r->fault), "event %u in its place has type 0x%x",
			 e->found->number, e->found->type);
	} else if (!hashes_itself(e->found)) {
		snprintf(r->fault, sizeof(r->fault),
			 "the text of event %u is not what was measured: the log was edited",
			 e->found->number);
	} else if (!record_read(e->found->data, e->found->size, &found)) {
		snprintf(r->fault, sizeof(r->fault), "event %u is no record", e->found->number);
	} else if (!e->same && record_read(want->data.byte, want->data.len, &expected)) {
		differing_field(&expected, &found, r);
	}
}

static void separator_fault(const struct expected_event *e, char fault[160])
{
	static const uint8_t error[4] = {1, 0, 0, 0};

	if (!e->found || e->found->type != EVENTLOG_SEPARATOR) {
		snprintf(fault, 160, "the chain is not closed by a separator");
	} else if (e->found->size == 4 && !memcmp(e->found->data, error, 4) &&
		   hashes_itself(e->found)) {
		snprintf(fault, 160, "Corbel closed the chain after an error of the TPM");
	} else if (!e->same || !hashes_itself(e->found)) {
		snprintf(fault, 160, "the separator is not one with value 0");
	}
}

static void align_chain(const struct judge *judge, struct appraisal *a, uint32_t pcr)
{
	static const struct {
		enum measure_kind first, last;
	} kinds[] = {{MEASURE_config, MEASURE_builder}, {MEASURE_plan, MEASURE_initrd}, {1, 0}};
	unsigned chain = pcr - EVENTLOG_FIRST_PCR;
	const struct boot_event *found[ALIGN_MAX], *extra[ALIGN_MAX];
	struct expected_event expected[CHAIN_MAX];
	struct wanted want[CHAIN_MAX];
	size_t n = 0, m, extras;

	for (unsigned kind = kinds[chain].first; kind <= kinds[chain].last; kind++) {
		n += want_record(a->file, kind, &want[n]);
	}
	want_separator(&want[n++]);
	for (size_t i = 0; i < n; i++) {
		expected[i] =
			(struct expected_event){want[i].kind ? EVENTLOG_TAG : EVENTLOG_SEPARATOR,
						want[i].sha256, want[i].sha384, NULL, false};
	}
	m = bootlog_of_pcr(judge->log, pcr, found, ALIGN_MAX);
	extras = align_events(expected, n, found, m > ALIGN_MAX ? ALIGN_MAX : m, extra);
	for (size_t i = 0; i + 1 < n; i++) {
		record_fault(&want[i], &expected[i], &a->record[want[i].kind]);
	}
	separator_fault(&expected[n - 1], a->chain_fault[chain]);
	if (extras && !a->chain_fault[chain][0]) {
		snprintf(a->chain_fault[chain], sizeof(a->chain_fault[chain]),
			 "event %u is one too many", extra[0]->number);
	}
}

void records_align(const struct judge *judge, struct appraisal *a)
{
	for (uint32_t pcr = EVENTLOG_FIRST_PCR; pcr <= EVENTLOG_LAST_PCR; pcr++) {
		align_chain(judge, a, pcr);
	}
}

void file_difference(struct verdict *verdict, const char *row, const struct expected_event *read)
{
	if (!read->found) {
		verdict_add_digest(verdict, row, ROW_bad, read->sha256, NULL, 32,
				   "The boot loader did not read this file, or could not.");
	} else if (memcmp(read->sha256, read->found->sha256, 32)) {
		verdict_add_digest(verdict, row, ROW_bad, read->sha256, read->found->sha256, 32,
				   "The file that the boot loader read is not the reference's.");
	} else if (!event_is(read->found, read->sha256, read->sha384)) {
		verdict_add_digest(verdict, row, ROW_bad, read->sha384, read->found->sha384, 48,
				   "The SHA-384 digest of the file is not the reference's.");
	} else {
		verdict_add(verdict, row, ROW_bad, "EV_IPL", "another type of event",
			    "Event %u of the log does not say that the boot loader read it.",
			    read->found->number);
	}
}

void records_rows(const struct judge *judge, struct appraisal *a)
{
	static const char *const row[] = {"pcr17", "pcr18", "pcr19"};
	static const char *const what[] = {"the trusted part", "Dom0", "nothing but the cap"};

	for (unsigned i = 0; i < 3; i++) {
		unsigned pcr = EVENTLOG_FIRST_PCR + i;
		const uint8_t *want256 = a->file->pcr[pcr].sha256;
		const uint8_t *want384 = a->file->pcr[pcr].sha384;
		bool same256 = !memcmp(want256, judge->pcr256[pcr], 32);
		bool same = same256 && (!judge_bank(judge, TPM_ALG_SHA384) ||
					!memcmp(want384, judge->pcr384[pcr], 48));

		if (a->chain_fault[i][0] || !same) {
			verdict_add_digest(a->verdict, row[i], ROW_bad, same256 ? want384 : want256,
					   same256 ? judge->pcr384[pcr] : judge->pcr256[pcr],
					   same256 ? 48 : 32, "The chain of %s: %s.", what[i],
					   a->chain_fault[i][0] ? a->chain_fault[i]
								: "its value is another");
		} else {
			verdict_add_digest(a->verdict, row[i], good_result(judge), want256,
					   judge->pcr256[pcr], 32,
					   "The chain of %s is complete and closed.", what[i]);
		}
	}
}
