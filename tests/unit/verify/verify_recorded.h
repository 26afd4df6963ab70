/* SPDX-License-Identifier: MIT */
/*
 * A recorded boot (tests/golden/verify) with a launch log and a quote that fit it: what tests of
 * boot log and launch log judge.  A test changes events, records or checkpoint, makes the evidence
 * again, and judges it.
 */
#ifndef VERIFY_VERIFY_RECORDED_H
#define VERIFY_VERIFY_RECORDED_H
#include "verify/verify_fixture.h"
#include "tools/lib/merkle.h"
#include "measured-boot/verify/bootlog.h"

#define RECORDED_MAX    64 /* records of the launch log */
#define RECORDED_EVENTS 128
#define RECORDED_GOLDEN "tests/golden/verify/"

enum { RECORD_BOOT, RECORD_DOM0, RECORD_LAUNCH, RECORD_OLD_REPORT, RECORD_REPORT, RECORD_USUAL };

struct recorded {
	struct fixture f;
	struct bytes golden; /* the recorded log */
	struct bootlog *log; /* its events; recorded_boot_log() writes those of `event` */
	struct boot_event event[RECORDED_EVENTS];
	size_t events;
	struct corbel_log_record record[RECORDED_MAX];
	bool shown[RECORDED_MAX]; /* is in the evidence */
	size_t records;
	struct corbel_checkpoint checkpoint; /* size, root and nonce are filled in */
	char expect[96], limits[96], bound[96];
	const char *references[3];
	struct verdict v;
};

void recorded_open(struct recorded *w);
void recorded_close(struct recorded *w);
/* The recorded boot and the usual records again. */
void recorded_reset(struct recorded *w);

/* Evidence from events, records and checkpoint, with a quote that covers it. */
void recorded_make(struct recorded *w);
/* Parts of it: the log's bytes; entries and checkpoint; PCR values and quote for what is there. */
void recorded_boot_log(struct recorded *w);
void recorded_entries(struct recorded *w);
void recorded_quote(struct recorded *w);

/* verify_judge(); afterwards w->v has the rows. */
enum verdict_status recorded_judge(struct recorded *w);
/* Worst result of the rows of this component; -1: none. */
int recorded_row(const struct recorded *w, const char *component);
/* Judges; whether the verdict is this one with this row as a reason.  If not, prints the rows. */
bool recorded_is(struct recorded *w, enum verdict_status status, const char *component,
		 enum row_result result);
/* The n-th event of this PCR. */
struct boot_event *recorded_event(struct recorded *w, uint32_t pcr, unsigned n);
void recorded_remove(struct recorded *w, struct boot_event *event);
void recorded_insert(struct recorded *w, size_t at, const struct boot_event *event);
/* Writes an expectation that fits the usual launch, with `from` (if any) replaced by `to`. */
void recorded_expect(struct recorded *w, const char *from, const char *to);
struct corbel_log_record *recorded_append(struct recorded *w, uint32_t type, uint16_t domid);
/* A report of the tenant that binds the usual bytes. */
struct corbel_log_record *recorded_report(struct recorded *w, const uint8_t nonce[32]);
/* Consistency proof from the tree of the first `size` records. */
void recorded_since(struct recorded *w, uint64_t size);
/* The evidence as a JSON file's text; malloc()ed. */
char *recorded_json(const struct recorded *w);
#endif
