/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary launch-log records, proofs and checkpoints, behind a quote that is taken for good.  The
 * first byte chooses what the rest is put over: the entries as the evidence has them (then nothing
 * that was changed may be believed), or the records before the tree is made (then only a tenant
 * that is in every respect the expected one may pass).
 */
#include <stdlib.h>
#include <string.h>

#include "verify/verify_recorded.h"
#include "measured-boot/verify/reference.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct recorded w;
static struct reference *reference;
static struct corbel_log_launch usual;
static struct corbel_log_record kept[RECORD_USUAL];

static void put_back(void)
{
	reference_free(reference);
	recorded_close(&w);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	recorded_open(&w);
	reference = reference_read(&w.f.in, NULL);
	reference->best = &reference->file[0];
	usual = w.record[RECORD_LAUNCH].body.launch;
	memcpy(kept, w.record, sizeof(kept));
	atexit(put_back);
	return 0;
}

/* u16 offset, u8 length, bytes, repeated */
static void put_over(void *over, size_t length, const uint8_t *data, size_t size)
{
	while (size > 3) {
		size_t at = (size_t)(data[0] | data[1] << 8) % length, count = data[2];

		data += 3;
		size -= 3;
		count = count < size ? count : size;
		count = count < length - at ? count : length - at;
		memcpy((uint8_t *)over + at, data, count);
		data += count;
		size -= count;
	}
}

/* The steps behind the quote; true: nothing was found wrong. */
static bool passes(struct judge *j)
{
	bool good = true;

	checkpoint_check(j);
	log_check(j);
	limits_check(j);
	launch_check(j);
	for (size_t i = 0; i < j->verdict->count; i++) {
		good &= j->verdict->row[i].result != ROW_bad &&
			j->verdict->row[i].result != ROW_missing;
	}
	return good;
}

static void same_tenant(const struct judge *j)
{
	const struct corbel_log_launch *l = &j->launch->body.launch;

	if (memcmp(l->label, usual.label, 64) || memcmp(l->owner, usual.owner, 32) ||
	    memcmp(l->kernel, usual.kernel, 32) || memcmp(l->initrd, usual.initrd, 32) ||
	    memcmp(l->cmdline, usual.cmdline, 32) || l->memory_pages != usual.memory_pages ||
	    l->vcpus != usual.vcpus || l->min_policy != usual.min_policy) {
		abort();
	}
}

static void judge(bool changed)
{
	struct evidence *e = &w.f.e;
	struct verdict v = {0};
	struct judge j = {.in = &w.f.in,
			  .e = e,
			  .verdict = &v,
			  .reference = reference,
			  .pcrs_ok = true,
			  .quote_fresh = true,
			  .boot_log_ok = true};

	memcpy(j.quote_nonce, w.f.in.nonce, 32);
	for (size_t i = 0; i < e->entry_count; i++) {
		if (e->entry[i].proof_length > PROOF_MAX) {
			e->entry[i].proof_length = PROOF_MAX; /* as the reader does */
		}
	}
	if (passes(&j)) {
		if (changed) {
			abort();
		}
		same_tenant(&j);
	}
	limits_free(j.limits);
	expectation_free(j.expect);
	free(j.entry_ok);
	verdict_free(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log_entry before[RECORD_USUAL];
	struct evidence *e = &w.f.e;
	bool changed = false;

	if (!size) {
		return 0;
	}
	memcpy(w.record, kept, sizeof(kept));
	recorded_entries(&w);
	switch (data[0] % 3) {
	case 0: /* record and index of the entries; the proof's unused hashes decide nothing */
		memcpy(before, e->entry, sizeof(before));
		put_over(e->entry, sizeof(before), data + 1, size - 1);
		for (unsigned i = 0; i < RECORD_USUAL; i++) {
			changed |= e->entry[i].index != before[i].index ||
				   memcmp(&e->entry[i].record, &before[i].record,
					  sizeof(before[i].record));
		}
		break;
	case 1: /* records, truly in the tree */
		put_over(w.record, w.records * sizeof(w.record[0]), data + 1, size - 1);
		recorded_entries(&w);
		break;
	default: /* a checkpoint, truly in PCR 22 */
		put_over(&e->checkpoint, sizeof(e->checkpoint), data + 1, size - 1);
		break;
	}
	judge(changed);
	return 0;
}
