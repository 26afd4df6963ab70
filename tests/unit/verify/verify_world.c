/* SPDX-License-Identifier: MIT */
/* The artificial host of verify_world.h. */
#include "verify/verify_world.h"
#include "measured-boot/shared/eventlog.h"
#include "tools/lib/hex.h"
#include "measured-boot/verify/bootlog.h"
#include "abi/corbel.h"
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[WORLD_FILES] = {"hypervisor", "policy", "builder",
					       "plan",       "kernel", "initrd"};
static const char tenant_line[] = "console=hvc0 panic=5 xen_blkfront.trusted=0 "
				  "xen_netfront.trusted=0 sysctl.kernel.sysrq=0";
static const char label[] = "guest_t";

/* ---- the boot log ------------------------------------------------------------------------- */

static void put(struct world *w, const void *data, size_t length)
{
	if (w->log_length + length > sizeof(w->log)) {
		abort();
	}
	memcpy(w->log + w->log_length, data, length);
	w->log_length += length;
}

static void put32(struct world *w, uint32_t value)
{
	put(w, &value, 4);
}

static void put16(struct world *w, uint16_t value)
{
	put(w, &value, 2);
}

static void head(struct world *w)
{
	static const uint8_t none[20], version[8] = {0, 0, 0, 0, 0, 2, 0, 2};

	w->log_length = 0;
	put32(w, 0);
	put32(w, EV_NO_ACTION);
	put(w, none, 20);
	put32(w, 16 + 8 + 4 + 8 + 1);
	put(w, "Spec ID Event03", 16);
	put(w, version, 8);
	put32(w, 2);
	put16(w, TPM_ALG_SHA256);
	put16(w, 32);
	put16(w, TPM_ALG_SHA384);
	put16(w, 48);
	put(w, none, 1);
}

/* An event whose digest is that of `hashed`. */
static void event(struct world *w, uint32_t pcr, uint32_t type, const void *hashed, size_t length,
		  const void *data, size_t size)
{
	uint8_t sha256[32], sha384[48];

	digest_both(hashed, length, sha256, sha384);
	put32(w, pcr);
	put32(w, type);
	put32(w, 2);
	put16(w, TPM_ALG_SHA256);
	put(w, sha256, 32);
	put16(w, TPM_ALG_SHA384);
	put(w, sha384, 48);
	put32(w, (uint32_t)size);
	put(w, data, size);
}

static void text_event(struct world *w, uint32_t pcr, uint32_t type, const char *text)
{
	event(w, pcr, type, text, strlen(text), text, strlen(text));
}

static void loader_line(struct world *w, unsigned i)
{
	char text[128];

	snprintf(text, sizeof(text), "%s: %s", i ? "module_cmdline" : "kernel_cmdline", w->line[i]);
	event(w, 8, EV_IPL, w->line[i], strlen(w->line[i]), text, strlen(text) + 1);
}

static void records(struct world *w)
{
	struct eventlog_data data;
	uint8_t sha256[32], sha384[48];

	for (unsigned kind = MEASURE_config; kind < MEASURE_kind_end; kind++) {
		const char *hashed = kind == MEASURE_config ? w->line[0] : w->file[kind - 1];

		digest_both(hashed, strlen(hashed), sha256, sha384);
		IGNORED(eventlog_record(&data, kind, hashed,
					kind == MEASURE_config ? strlen(hashed) : 0, strlen(hashed),
					sha256, sha384)); /* the text is short */
		event(w, eventlog_pcr(kind), EVENTLOG_TAG, data.byte, data.len, data.byte,
		      data.len);
	}
	eventlog_separator(&data, false);
	for (unsigned pcr = EVENTLOG_FIRST_PCR; pcr <= EVENTLOG_LAST_PCR; pcr++) {
		event(w, pcr, EVENTLOG_SEPARATOR, data.byte, data.len, data.byte, data.len);
	}
}

void world_boot(struct world *w)
{
	static const uint8_t zero[4];

	head(w);
	text_event(w, 0, 8, "Firmware 1.0");
	text_event(w, 7, 0x80000001, "SecureBoot");
	text_event(w, 4, 0x80000007, "Calling EFI Application from Boot Option");
	for (unsigned pcr = 0; pcr < 8; pcr++) {
		event(w, pcr, EV_SEPARATOR, zero, 4, zero, 4);
	}
	event(w, 4, EV_EFI_BOOT_SERVICES_APPLICATION, w->grub, strlen(w->grub), "path", 4);
	for (unsigned i = 0; i < WORLD_FILES; i++) {
		event(w, 9, EV_IPL, w->file[i], strlen(w->file[i]), names[i], strlen(names[i]) + 1);
		loader_line(w, i);
	}
	text_event(w, 5, 0x80000007, "Exit Boot Services Invocation");
	records(w);
}

/* ---- the verifier's files ----------------------------------------------------------------- */

static void digests_json(FILE *out, const uint8_t sha256[32], const uint8_t sha384[48])
{
	char a[65], b[97];

	hex_encode(sha256, 32, a);
	hex_encode(sha384, 48, b);
	fprintf(out, "\"sha256\": \"%s\", \"sha384\": \"%s\"", a, b);
}

static void component_json(FILE *out, const char *name, const char *content, const char *line)
{
	uint8_t sha256[32], sha384[48];

	digest_both(content, strlen(content), sha256, sha384);
	fprintf(out, "%s{\"name\": \"%s\", \"pcr\": %u, ", line ? ", " : "", name, line ? 9 : 4);
	if (line) {
		fprintf(out, "\"string\": \"%s\", \"size\": %zu, ", line, strlen(content));
	}
	digests_json(out, sha256, sha384);
	fputs("}", out);
}

static struct bootlog *parsed(const struct world *w)
{
	char error[256] = "";
	struct bootlog *log = bootlog_parse(w->log, w->log_length, error);

	if (!log) {
		fprintf(stderr, "verify world: %s\n", error);
		abort();
	}
	return log;
}

/* Writes what `out` holds and frees it. */
static void save(struct world *w, const char *name, FILE *out, char **text, char path[96])
{
	fclose(out);
	fixture_write(&w->f, name, *text, strlen(*text), path);
	free(*text);
}

static void write_reference(struct world *w, const struct bootlog *log)
{
	static const unsigned pcrs[] = {8, 9, 17, 18, 19};
	uint8_t pcr256[24][32], pcr384[24][48];
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	bootlog_values(log, pcr256, pcr384);
	fputs("{\"format\": \"corbel.reference.1\", \"name\": \"world 1\", \"hypervisor_svn\": 1, "
	      "\"builder_svn\": 1, \"policy_serial\": 0, \"components\": [",
	      out);
	component_json(out, "grub", w->grub, NULL);
	for (unsigned i = 0; i < WORLD_FILES; i++) {
		component_json(out, names[i], w->file[i], w->line[i]);
	}
	fputs("], \"pcr\": {", out);
	for (unsigned i = 0; i < 5; i++) {
		fprintf(out, "%s\"%u\": {", i ? ", " : "", pcrs[i]);
		digests_json(out, pcr256[pcrs[i]], pcr384[pcrs[i]]);
		fputs("}", out);
	}
	fputs("}, \"dom0_cmdline\": \"quiet\", \"dom0_memory_pages\": 65536, \"dom0_vcpus\": 1}",
	      out);
	save(w, "reference.json", out, &text, w->reference_file);
}

static void write_profile(struct world *w, const struct bootlog *log)
{
	char *text;
	size_t length, count = 0;
	FILE *out = open_memstream(&text, &length);

	fputs("{\"format\": \"corbel.firmware.1\", \"name\": \"board 1\", \"events\": [", out);
	for (size_t i = 0; i < log->count; i++) {
		const struct boot_event *e = &log->event[i];

		if (e->pcr > 7 || e->type == EV_EFI_BOOT_SERVICES_APPLICATION) {
			continue;
		}
		fprintf(out, "%s{\"pcr\": %u, \"type\": %u, ", count++ ? ", " : "", e->pcr,
			e->type);
		digests_json(out, e->sha256, e->sha384);
		fputs(", \"text\": \"event\"}", out);
	}
	fputs("]}", out);
	fflush(out);
	fixture_sign_file(&w->f, "firmware.json.sig", text, "firmware.pem", w->firmware_key);
	save(w, "firmware.json", out, &text, w->firmware_file);
}

void world_references(struct world *w)
{
	struct bootlog *log = parsed(w);

	write_reference(w, log);
	write_profile(w, log);
	bootlog_free(log);
}

static void write_expectation(struct world *w)
{
	const struct corbel_log_launch *l = &w->record[WORLD_TENANT].body.launch;
	char kernel[65], initrd[65], line[65], *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	hex_encode(l->kernel, 32, kernel);
	hex_encode(l->initrd, 32, initrd);
	hex_encode(l->cmdline, 32, line);
	fprintf(out,
		"{\"format\": \"corbel.expect.1\", \"name\": \"tenant\", \"kernel\": \"%s\", "
		"\"initrd\": \"%s\", \"cmdline\": \"%s\", \"cmdline_sha256\": \"%s\", "
		"\"memory_pages\": 4096, \"vcpus\": 1, \"label\": \"%s\", \"owner\": \"\", "
		"\"min_policy\": 0, \"uuid\": \"\"}",
		kernel, initrd, tenant_line, line, label);
	save(w, "expect.json", out, &text, w->expect_file);
	fixture_write(&w->f, "bound", "public key", 10, w->bound_file);
	text = strdup("{\"format\": \"corbel.limits.1\", \"hypervisor_svn\": 1, \"builder_svn\": "
		      "1, \"policy_serial\": 0, \"revoked\": []}");
	fixture_write(&w->f, "limits.json", text, strlen(text), w->limits_file);
	free(text);
}

/* ---- the launch log ----------------------------------------------------------------------- */

static void fill_boot(struct world *w, struct corbel_log_record *r)
{
	r->type = CORBEL_LOG_boot;
	r->domid = CORBEL_LOG_NONE;
	r->body.boot = (struct corbel_log_boot){.hypervisor_svn = 1,
						.builder_svn = 1,
						.reset_count = 7,
						.restart_count = 2,
						.banks = 2 | 4,
						.version = "world"};
	SHA256((const uint8_t *)w->file[2], strlen(w->file[2]), r->body.boot.builder_image);
}

static void fill_launch(struct corbel_log_record *r)
{
	struct corbel_log_launch *l = &r->body.launch;

	r->type = CORBEL_LOG_launch;
	l->memory_pages = 4096;
	l->vcpus = 1;
	memcpy(l->label, label, sizeof(label));
	memset(l->kernel, 0x11, 32);
	memset(l->initrd, 0x22, 32);
	memset(l->request, 0x33, 32);
	SHA256((const uint8_t *)tenant_line, strlen(tenant_line), l->cmdline);
}

static void fill_report(struct world *w, struct corbel_log_record *r)
{
	static const char bound[] = "public key";
	uint8_t message[sizeof(CORBEL_REPORT_TAG) + 64];

	r->type = CORBEL_LOG_report;
	r->domid = WORLD_TENANT;
	r->body.report.launch = WORLD_TENANT;
	memcpy(message, CORBEL_REPORT_TAG, sizeof(CORBEL_REPORT_TAG));
	memcpy(message + sizeof(CORBEL_REPORT_TAG), w->f.in.nonce, 32);
	SHA256((const uint8_t *)bound, 10, message + sizeof(CORBEL_REPORT_TAG) + 32);
	memcpy(r->body.report.data, w->f.in.nonce, 32);
	SHA256(message, sizeof(message), r->body.report.data + 32);
}

static void fill_records(struct world *w)
{
	for (uint64_t i = 0; i < w->size; i++) {
		struct corbel_log_record *r = &w->record[i];

		memset(r, 0, sizeof(*r));
		memcpy(r->magic, CORBEL_LOG_MAGIC, 8);
		r->index = i;
		r->domid = (uint16_t)i;
		memset(r->boot_id, 0xB0, 32);
		memcpy(r->salt, &i, sizeof(i));
		SHA256((const uint8_t *)w->file[1], strlen(w->file[1]), r->policy);
		r->instance = (uint32_t)i;
		r->host_flags = w->checkpoint.host_flags;
		if (i == 0) {
			fill_boot(w, r);
		} else if (i == WORLD_TENANT + 1) {
			fill_report(w, r);
		} else {
			fill_launch(r);
		}
	}
}

void world_leaves(struct world *w)
{
	struct corbel_checkpoint *c = &w->checkpoint;

	for (uint64_t i = 0; i < w->size; i++) {
		merkle_leaf(&w->record[i], sizeof(w->record[i]), w->leaf[i]);
	}
	memcpy(c->magic, CORBEL_CHECKPOINT_MAGIC, 8);
	memset(c->boot_id, 0xB0, 32);
	c->size = w->size;
	merkle_root(w->leaf, w->size, c->root);
	SHA256((const uint8_t *)w->file[1], strlen(w->file[1]), c->policy);
	memcpy(c->nonce, w->f.in.nonce, 32);
}

/* ---- evidence ----------------------------------------------------------------------------- */

void world_sign(struct world *w)
{
	struct fixture *f = &w->f;
	struct bootlog *log = parsed(w);

	f->e.checkpoint = w->checkpoint;
	bootlog_values(log, f->j.pcr256, f->j.pcr384);
	checkpoint_pcr(&f->j);
	for (unsigned i = 0; i < 24; i++) {
		memcpy(f->e.pcr[i], f->j.pcr256[i], 32);
	}
	bootlog_free(log);
	fixture_digest(f);
	fixture_sign(f, f->ak);
}

void world_quote(struct world *w)
{
	struct fixture *f = &w->f;

	fixture_quote(f);
	f->in.references = w->references;
	f->in.firmware = w->firmware_file;
	f->in.firmware_key = w->firmware_key;
	f->in.limits = w->limits_file;
	f->in.expect = w->expect_file;
	f->in.bound = w->bound_file;
	world_sign(w);
}

static void proof_json(FILE *out, const merkle_hash *proof, size_t count)
{
	char text[65];

	fputs("\"proof\": [", out);
	for (size_t i = 0; i < count; i++) {
		hex_encode(proof[i], 32, text);
		fprintf(out, "%s\"%s\"", i ? ", " : "", text);
	}
	fputs("]", out);
}

static void record_json(struct world *w, FILE *out, uint64_t index)
{
	merkle_hash proof[MERKLE_INCLUSION_MAX];
	size_t count = merkle_inclusion(w->leaf, w->size, index, proof);

	fprintf(out, "%s{\"index\": %llu, ", index ? ",\n" : "", (unsigned long long)index);
	fixture_base64(out, "record", &w->record[index], sizeof(w->record[0]), ", ");
	proof_json(out, proof, count);
	fputs("}", out);
}

static void head_json(struct world *w, FILE *out)
{
	const struct evidence *e = &w->f.e;
	char key[4];

	fputs("{\"format\": \"corbel.evidence.1\",\n", out);
	fixture_hex(out, "nonce", w->f.in.nonce, 32, ",\n\"host\": {");
	fixture_base64(out, "ek_certificate", e->ek_certificate.data, e->ek_certificate.length,
		       ",\n");
	fixture_hex(out, "ak_public", e->ak_public.data, e->ak_public.length, "},\n\"quote\": {");
	fixture_hex(out, "attest", e->attest.data, e->attest.length, ",\n");
	fixture_hex(out, "signature", e->signature.data, e->signature.length, "},\n\"pcrs\": {");
	for (unsigned i = 0; i < 24; i++) {
		snprintf(key, sizeof(key), "%u", i);
		if (QUOTE_PCRS & 1u << i) {
			fixture_hex(out, key, e->pcr[i], 32, i == 22 ? "},\n" : ", ");
		}
	}
	fixture_base64(out, "boot_log", w->log, w->log_length, ",\n");
	fixture_hex(out, "checkpoint", &w->checkpoint, sizeof(w->checkpoint), ",\n");
}

void world_text(struct world *w)
{
	FILE *out;

	free(w->text);
	w->text = NULL;
	out = open_memstream(&w->text, &w->length);
	head_json(w, out);
	if (w->since) {
		merkle_hash proof[MERKLE_CONSISTENCY_MAX];
		size_t count = merkle_consistency(w->leaf, w->size, w->since, proof);

		fprintf(out, "\"since\": {\"size\": %llu, ", (unsigned long long)w->since);
		proof_json(out, proof, count);
		fputs("},\n", out);
	}
	fputs("\"records\": [", out);
	record_json(w, out, 0);
	record_json(w, out, WORLD_TENANT);
	record_json(w, out, WORLD_TENANT + 1);
	fputs("]}\n", out);
	fclose(out);
}

enum verdict_status world_judge(struct world *w)
{
	struct evidence e;
	char error[256];

	verdict_free(&w->f.v);
	if (!verify_evidence_read(&e, w->text, w->length, error)) {
		return VERDICT_cannot_judge;
	}
	verify_judge(&w->f.in, &e, &w->f.v);
	verify_evidence_free(&e);
	return w->f.v.status;
}

/* ---- life --------------------------------------------------------------------------------- */

void world_open(struct world *w, uint64_t launches)
{
	memset(w, 0, sizeof(*w));
	fixture_open(&w->f);
	strcpy(w->grub, "GRUB image");
	for (unsigned i = 0; i < WORLD_FILES; i++) {
		snprintf(w->file[i], sizeof(w->file[i]), "file of %s", names[i]);
		snprintf(w->line[i], sizeof(w->line[i]), "%s", i ? names[i] : "console=com1");
	}
	w->size = WORLD_TENANT + 2 + (launches ? launches - 1 : 0);
	w->record = calloc(w->size, sizeof(w->record[0]));
	w->leaf = calloc(w->size, sizeof(w->leaf[0]));
	w->checkpoint.host_flags =
		CORBEL_HOST_MEASURED | CORBEL_HOST_TPM | CORBEL_HOST_EFI | CORBEL_HOST_NO_DEVICES;
	w->checkpoint.builder_instance = (uint32_t)w->size;
	w->references[0] = w->reference_file;
	world_boot(w);
	world_references(w);
	fill_records(w);
	write_expectation(w);
	world_leaves(w);
	world_quote(w);
	world_text(w);
}

void world_close(struct world *w)
{
	free(w->record);
	free(w->leaf);
	free(w->text);
	fixture_close(&w->f);
}
