/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary evidence: read, and judged against the fixed inputs of an artificial host.  The first
 * byte chooses: a text as it is, or bytes put over those of good evidence, so that what lies behind
 * the signature is reached too.  It must not crash, and never be trusted: the host is a debug one.
 */
#include "verify/verify_world.h"
#include "measured-boot/verify/bootlog.h"
#include "abi/corbel.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world w;

static void put_back(void)
{
	world_close(&w);
}

static void judge(const char *text, size_t length)
{
	static FILE *sink;
	struct verdict v = {0};
	struct evidence e;
	char error[256];

	if (!sink) {
		sink = fopen("/dev/null", "w");
	}
	if (!verify_evidence_read(&e, text, length, error)) {
		return;
	}
	verify_judge(&w.f.in, &e, &v);
	if (v.status == VERDICT_trusted) {
		abort();
	}
	verdict_text(&v, sink);
	verdict_json(&v, sink);
	verdict_html(&v, "fuzz", sink);
	verdict_free(&v);
	verify_evidence_free(&e);
}

/* The input in place of the boot log, signed as if the TPM had recorded it. */
static void judge_log(const uint8_t *data, size_t size)
{
	char error[256];
	struct bootlog *log;

	if (size > sizeof(w.log)) {
		return;
	}
	memcpy(w.log, data, size);
	w.log_length = size;
	log = bootlog_parse(w.log, w.log_length, error);
	if (log) {
		bootlog_free(log);
		world_sign(&w);
		world_text(&w);
		judge(w.text, w.length);
	}
}

/* The input over a record that is then truly in the tree: u16 offset into the records, bytes. */
static void judge_records(const uint8_t *data, size_t size)
{
	size_t room = w.size * sizeof(w.record[0]), at;
	struct corbel_log_record *before;

	if (size < 3) {
		return;
	}
	at = (size_t)(data[0] | data[1] << 8) % room;
	size -= 2;
	before = malloc(room);
	memcpy(before, w.record, room);
	memcpy((uint8_t *)w.record + at, data + 2, size < room - at ? size : room - at);
	world_leaves(&w);
	world_sign(&w);
	world_text(&w);
	judge(w.text, w.length);
	memcpy(w.record, before, room);
	free(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!w.size) {
		setenv("TSS2_LOG", "all+none", 1);
		world_open(&w, 3);
		atexit(put_back);
		/* a debug host is never trusted, even if an input makes all else good */
		w.checkpoint.host_flags |= CORBEL_HOST_DEBUG;
	}
	if (size < 1) {
		return 0;
	}
	switch (data[0] % 3) {
	case 0:
		judge((const char *)data + 1, size - 1);
		break;
	case 1:
		judge_log(data + 1, size - 1);
		break;
	default:
		world_boot(&w);
		judge_records(data + 1, size - 1);
		break;
	}
	return 0;
}
