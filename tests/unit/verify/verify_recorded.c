/* SPDX-License-Identifier: MIT */
/*
 * A recorded boot with a launch log and a quote (verify_recorded.h).  Log bytes and evidence JSON
 * are written here by other code than what reads them.
 */
#include "verify/verify_recorded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/sha.h>

#include "abi/corbel.h"
#include "tools/lib/hex.h"
#include "measured-boot/verify/json.h"

static const char cmdline[] = "console=hvc0 panic=5 xen_blkfront.trusted=0 "
			      "xen_netfront.trusted=0 sysctl.kernel.sysrq=0";
static const char bound[] = "the key of this session";

static void need(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "verify_recorded: %s\n", what);
		exit(2);
	}
}

/* ---- boot log ----------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *p, uint64_t value, unsigned bytes)
{
	for (; bytes; bytes--, value >>= 8) {
		*p++ = (uint8_t)value;
	}
	return p;
}

static size_t header_size(const struct recorded *w)
{
	const uint8_t *p = w->golden.data + 28;

	return 32 + (p[0] | p[1] << 8);
}

void recorded_boot_log(struct recorded *w)
{
	size_t room = header_size(w), header = room;
	uint8_t *p;

	for (size_t i = 0; i < w->events; i++) {
		room += 12 + 34 + 50 + 4 + w->event[i].size;
	}
	free(w->f.e.boot_log.data);
	w->f.e.boot_log.data = p = malloc(room);
	memcpy(p, w->golden.data, header);
	p += header;
	for (size_t i = 0; i < w->events; i++) {
		const struct boot_event *event = &w->event[i];

		p = put(put(put(p, event->pcr, 4), event->type, 4), 2, 4);
		p = put(p, 0x000B, 2);
		memcpy(p, event->sha256, 32);
		p = put(p + 32, 0x000C, 2);
		memcpy(p, event->sha384, 48);
		p = put(p + 48, event->size, 4);
		if (event->size) {
			memcpy(p, event->data, event->size);
		}
		p += event->size;
	}
	w->f.e.boot_log.length = (size_t)(p - w->f.e.boot_log.data);
}

struct boot_event *recorded_event(struct recorded *w, uint32_t pcr, unsigned n)
{
	for (size_t i = 0; i < w->events; i++) {
		if (w->event[i].pcr == pcr && w->event[i].type != EV_NO_ACTION && !n--) {
			return &w->event[i];
		}
	}
	need(false, "no such event");
	return NULL;
}

void recorded_remove(struct recorded *w, struct boot_event *event)
{
	size_t at = (size_t)(event - w->event);

	memmove(event, event + 1, (--w->events - at) * sizeof(*event));
}

void recorded_insert(struct recorded *w, size_t at, const struct boot_event *event)
{
	struct boot_event copy = *event;

	memmove(&w->event[at + 1], &w->event[at], (w->events++ - at) * sizeof(*event));
	w->event[at] = copy;
}

/* ---- launch log --------------------------------------------------------------------------- */

struct corbel_log_record *recorded_append(struct recorded *w, uint32_t type, uint16_t domid)
{
	struct corbel_log_record *r = &w->record[w->records];

	memset(r, 0, sizeof(*r));
	memcpy(r->magic, CORBEL_LOG_MAGIC, 8);
	r->type = type;
	r->domid = domid;
	r->index = w->records;
	r->time_ns = 1000 * w->records;
	memcpy(r->boot_id, w->checkpoint.boot_id, 32);
	memset(r->salt, (int)(0x30 + w->records), 16);
	memcpy(r->policy, w->checkpoint.policy, 32);
	r->policy_serial = w->checkpoint.policy_serial;
	r->instance = 1;
	r->host_flags = w->checkpoint.host_flags;
	w->shown[w->records++] = true;
	return r;
}

struct corbel_log_record *recorded_report(struct recorded *w, const uint8_t nonce[32])
{
	struct corbel_log_record *r = recorded_append(w, CORBEL_LOG_report, 2);
	uint8_t message[sizeof(CORBEL_REPORT_TAG) + 64];

	r->body.report.launch = RECORD_LAUNCH;
	memcpy(message, CORBEL_REPORT_TAG, sizeof(CORBEL_REPORT_TAG));
	memcpy(message + sizeof(CORBEL_REPORT_TAG), nonce, 32);
	SHA256((const uint8_t *)bound, strlen(bound), message + sizeof(CORBEL_REPORT_TAG) + 32);
	memcpy(r->body.report.data, nonce, 32);
	SHA256(message, sizeof(message), r->body.report.data + 32);
	return r;
}

static void usual_records(struct recorded *w)
{
	static const uint8_t old_nonce[32] = {1};
	struct corbel_log_record *r;

	w->records = 0;
	r = recorded_append(w, CORBEL_LOG_boot, CORBEL_LOG_NONE);
	r->body.boot.hypervisor_svn = r->body.boot.builder_svn = 1;
	r->body.boot.reset_count = 7;
	r->body.boot.banks = 2 | 4;
	r->body.boot.restart_count = 2;
	memcpy(r->body.boot.builder_image, recorded_event(w, 9, 2)->sha256, 32);
	strcpy(r->body.boot.version, "0.1");
	recorded_append(w, CORBEL_LOG_launch, 0);
	r = recorded_append(w, CORBEL_LOG_launch, 2);
	strcpy(r->body.launch.label, "system_u:system_r:tenant_a.t");
	memset(r->body.launch.kernel, 0x11, 32);
	memset(r->body.launch.initrd, 0x22, 32);
	memset(r->body.launch.owner, 0x33, 32);
	SHA256((const uint8_t *)cmdline, strlen(cmdline), r->body.launch.cmdline);
	r->body.launch.memory_pages = 16384;
	r->body.launch.vcpus = 2;
	r->body.launch.min_policy = 3;
	recorded_report(w, old_nonce);
	recorded_report(w, w->f.in.nonce);
}

static void leaves(const struct recorded *w, merkle_hash *leaf)
{
	for (size_t i = 0; i < w->records; i++) {
		merkle_leaf(&w->record[i], sizeof(w->record[i]), leaf[i]);
	}
}

void recorded_entries(struct recorded *w)
{
	merkle_hash leaf[RECORDED_MAX];
	struct evidence *e = &w->f.e;

	leaves(w, leaf);
	w->checkpoint.size = w->records;
	merkle_root(leaf, w->records, w->checkpoint.root);
	memcpy(w->checkpoint.nonce, w->f.in.nonce, 32);
	e->checkpoint = w->checkpoint;
	free(e->entry);
	e->entry = calloc(w->records + 1, sizeof(*e->entry));
	e->entry_count = 0;
	for (size_t i = 0; i < w->records; i++) {
		struct log_entry *entry = &e->entry[e->entry_count];

		if (w->shown[i]) {
			entry->index = i;
			entry->record = w->record[i];
			entry->proof_length = merkle_inclusion(leaf, w->records, i, entry->proof);
			e->entry_count++;
		}
	}
}

void recorded_since(struct recorded *w, uint64_t size)
{
	merkle_hash leaf[RECORDED_MAX];

	leaves(w, leaf);
	w->f.e.since_size = size;
	w->f.e.since_proof_length = merkle_consistency(leaf, w->records, size, w->f.e.since_proof);
}

/* ---- quote and judgement -------------------------------------------------------------------- */

void recorded_quote(struct recorded *w)
{
	struct fixture *f = &w->f;
	char error[256];
	struct bootlog *log = bootlog_parse(f->e.boot_log.data, f->e.boot_log.length, error);

	need(log, error);
	bootlog_values(log, f->j.pcr256, f->j.pcr384);
	bootlog_free(log);
	checkpoint_pcr(&f->j);
	for (unsigned i = 0; i < 24; i++) {
		memcpy(f->e.pcr[i], f->j.pcr256[i], 32);
	}
	f->e.pcr_present = QUOTE_PCRS;
	fixture_digest(f);
	fixture_sign(f, f->ak);
}

void recorded_make(struct recorded *w)
{
	recorded_boot_log(w);
	recorded_entries(w);
	recorded_quote(w);
}

enum verdict_status recorded_judge(struct recorded *w)
{
	verdict_free(&w->v);
	verify_judge(&w->f.in, &w->f.e, &w->v);
	return w->v.status;
}

int recorded_row(const struct recorded *w, const char *component)
{
	return fixture_row(&w->v, component);
}

bool recorded_is(struct recorded *w, enum verdict_status status, const char *component,
		 enum row_result result)
{
	enum verdict_status got = recorded_judge(w);

	if (got == status && recorded_row(w, component) == (int)result) {
		return true;
	}
	verdict_text(&w->v, stderr);
	fprintf(stderr, "%s expected, %s found, and %s %s\n", verdict_word(status),
		verdict_word(got), component, row_word(result));
	return false;
}

/* ---- files ---------------------------------------------------------------------------------- */

void recorded_expect(struct recorded *w, const char *from, const char *to)
{
	char text[2048], digest[65], out[4096];
	uint8_t sha256[32];
	const char *at;

	SHA256((const uint8_t *)cmdline, strlen(cmdline), sha256);
	hex_encode(sha256, 32, digest);
	snprintf(text, sizeof(text),
		 "{\"format\": \"corbel.expect.1\", \"name\": \"tenant\", \"kernel\": \"%s\", "
		 "\"initrd\": \"%s\", \"cmdline\": \"%s\", \"cmdline_sha256\": \"%s\", "
		 "\"memory_pages\": 16384, \"vcpus\": 2, "
		 "\"label\": \"system_u:system_r:tenant_a.t\", \"owner\": \"%s\", "
		 "\"min_policy\": 3, \"uuid\": \"\"}\n",
		 "1111111111111111111111111111111111111111111111111111111111111111",
		 "2222222222222222222222222222222222222222222222222222222222222222", cmdline,
		 digest, "3333333333333333333333333333333333333333333333333333333333333333");
	at = from ? strstr(text, from) : text;
	need(at, "expectation has no such text");
	snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - text), text, from ? to : "",
		 at + (from ? strlen(from) : 0));
	fixture_write(&w->f, "expect.json", out, strlen(out), w->expect);
	w->f.in.expect = w->expect;
}

static void json_proof(FILE *out, const uint8_t (*proof)[32], size_t length)
{
	char hex[65];

	fputs("[", out);
	for (size_t i = 0; i < length; i++) {
		hex_encode(proof[i], 32, hex);
		fprintf(out, "%s\"%s\"", i ? ", " : "", hex);
	}
	fputs("]", out);
}

static void json_hex_member(FILE *out, const char *key, const void *data, size_t length)
{
	char *text = malloc(2 * length + 1);

	hex_encode(data, length, text);
	fprintf(out, "\"%s\": \"%s\"", key, text);
	free(text);
}

static void json_base64_member(FILE *out, const char *key, const void *data, size_t length)
{
	char *text = malloc(BASE64_SIZE(length) + 1);

	base64_encode(data, length, text);
	fprintf(out, "\"%s\": \"%s\"", key, text);
	free(text);
}

static void json_records(FILE *out, const struct evidence *e)
{
	fputs(",\n  \"records\": [", out);
	for (size_t i = 0; i < e->entry_count; i++) {
		const struct log_entry *entry = &e->entry[i];

		fprintf(out, "%s{\"index\": %llu, ", i ? ",\n    " : "",
			(unsigned long long)entry->index);
		json_base64_member(out, "record", &entry->record, sizeof(entry->record));
		fputs(", \"proof\": ", out);
		json_proof(out, entry->proof, entry->proof_length);
		fputs("}", out);
	}
	fputs("]\n}\n", out);
}

static void json_host(FILE *out, const struct evidence *e)
{
	fputs(",\n  \"host\": {", out);
	json_base64_member(out, "ek_certificate", e->ek_certificate.data, e->ek_certificate.length);
	fputs(", ", out);
	json_hex_member(out, "ak_public", e->ak_public.data, e->ak_public.length);
	fputs("},\n  \"quote\": {", out);
	json_hex_member(out, "attest", e->attest.data, e->attest.length);
	fputs(", ", out);
	json_hex_member(out, "signature", e->signature.data, e->signature.length);
	fputs("},\n  \"pcrs\": {", out);
	for (unsigned i = 0, first = 1; i < 24; i++) {
		char key[4];

		if (e->pcr_present & 1u << i) {
			snprintf(key, sizeof(key), "%u", i);
			fputs(first ? "" : ", ", out);
			json_hex_member(out, key, e->pcr[i], 32);
			first = 0;
		}
	}
	fputs("}", out);
}

char *recorded_json(const struct recorded *w)
{
	const struct evidence *e = &w->f.e;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	fputs("{\"format\": \"corbel.evidence.1\",\n  ", out);
	json_hex_member(out, "nonce", w->f.in.nonce, 32);
	json_host(out, e);
	fputs(",\n  ", out);
	json_base64_member(out, "boot_log", e->boot_log.data, e->boot_log.length);
	fputs(",\n  ", out);
	json_hex_member(out, "checkpoint", &e->checkpoint, sizeof(e->checkpoint));
	if (e->since_size) {
		fprintf(out, ",\n  \"since\": {\"size\": %llu, \"proof\": ",
			(unsigned long long)e->since_size);
		json_proof(out, e->since_proof, e->since_proof_length);
		fputs("}", out);
	}
	json_records(out, e);
	fclose(out);
	return text;
}

/* ---- life ----------------------------------------------------------------------------------- */

static void golden(struct recorded *w)
{
	char error[256];

	need(file_read(RECORDED_GOLDEN "bootlog.bin", 1 << 20, &w->golden, error), error);
	w->log = bootlog_parse(w->golden.data, w->golden.length, error);
	need(w->log, error);
	need(w->log->count < RECORDED_EVENTS - 8, "golden log is too long");
}

void recorded_reset(struct recorded *w)
{
	struct corbel_checkpoint *c = &w->checkpoint;

	memcpy(w->event, w->log->event, w->log->count * sizeof(w->event[0]));
	w->events = w->log->count;
	*c = (struct corbel_checkpoint){.policy_serial = 7, .builder_instance = 3};
	memcpy(c->magic, CORBEL_CHECKPOINT_MAGIC, 8);
	memset(c->boot_id, 0xB0, 32);
	memcpy(c->policy, recorded_event(w, 9, 1)->sha256, 32);
	c->host_flags =
		CORBEL_HOST_MEASURED | CORBEL_HOST_TPM | CORBEL_HOST_EFI | CORBEL_HOST_NO_DEVICES;
	usual_records(w);
	w->f.e.since_size = 0;
	w->f.in.since = NULL;
	w->f.in.limits = NULL;
	w->f.in.bound = w->bound;
	w->references[0] = RECORDED_GOLDEN "reference.json";
	w->references[1] = NULL;
	w->f.in.references = w->references;
	w->f.in.firmware = RECORDED_GOLDEN "firmware.json";
	w->f.in.firmware_key = RECORDED_GOLDEN "firmware.pem";
	recorded_expect(w, NULL, NULL);
	recorded_make(w);
}

void recorded_open(struct recorded *w)
{
	memset(w, 0, sizeof(*w));
	fixture_open(&w->f);
	fixture_quote(&w->f);
	fixture_write(&w->f, "bound", bound, strlen(bound), w->bound);
	golden(w);
	recorded_reset(w);
}

void recorded_close(struct recorded *w)
{
	verdict_free(&w->v);
	bootlog_free(w->log);
	free(w->golden.data);
	fixture_close(&w->f);
}
