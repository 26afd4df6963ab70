/* SPDX-License-Identifier: MIT */
/*
 * The verdict as one JSON object (docs/ATTESTATION.md), for programs.  Strings are ASCII without
 * control characters, whatever came with evidence.
 */
#include "measured-boot/verify/verdict.h"
#include <time.h>

#define VERIFY_VERSION "corbel-verify 0.1"

static void json_string(const char *indent, const char *key, const char *value, const char *end,
			FILE *out)
{
	fprintf(out, "%s\"%s\": ", indent, key);
	if (!value) {
		fprintf(out, "null%s\n", end);
		return;
	}
	fputc('"', out);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\') {
			fputc('\\', out);
		}
		if (*value >= ' ' && *value <= '~') {
			fputc(*value, out);
		} else {
			fputc('?', out);
		}
	}
	fprintf(out, "\"%s\n", end);
}

static void json_inputs(const struct verdict_subject *about, FILE *out)
{
	const char *before = "";
	const char *end = "";
	char text[HEX_TEXT];

	fputs("  \"inputs\": [", out);
	for (size_t i = 0; i < about->inputs; i++) {
		const uint8_t *sha256 = verdict_input_digest(&about->input[i]);

		fprintf(out, "%s\n    {\n", before);
		json_string("      ", "file", about->input[i].file, ",", out);
		json_string("      ", "sha256", verdict_hex(sha256, 32, text), "", out);
		fputs("    }", out);
		before = ",";
		end = "\n  ";
	}
	fprintf(out, "%s],\n", end);
}

static void json_subject(const struct verdict_subject *about, FILE *out)
{
	const char *host = NULL;
	const char *evidence = NULL;
	char number[24] = "null";
	char text[HEX_TEXT];

	if (about->host_name[0]) {
		host = about->host_name;
	}
	if (about->tenant) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)about->launch_record);
	}
	json_string("  ", "host", host, ",", out);
	json_string("  ", "boot_id", verdict_hex(about->boot_id, 32, text), ",", out);
	fprintf(out, "  \"launch_record\": %s,\n", number);
	json_string("  ", "nonce", verdict_hex(about->nonce, sizeof(about->nonce), text), ",", out);
	if (about->evidence) {
		evidence = verdict_hex(about->evidence_sha256, 32, text);
	}
	json_string("  ", "evidence_sha256", evidence, ",", out);
	json_inputs(about, out);
}

/* What every object begins with: when and by which program. */
static void json_head(enum verdict_status status, FILE *out)
{
	time_t now = time(NULL);
	struct tm utc;
	char text[32] = "";

	if (gmtime_r(&now, &utc)) {
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	}
	fputs("{\n", out);
	json_string("  ", "format", "corbel.verdict.1", ",", out);
	json_string("  ", "verdict", verdict_word(status), ",", out);
	json_string("  ", "time", text, ",", out);
	json_string("  ", "version", VERIFY_VERSION, ",", out);
}

void verdict_json_error(const char *why, FILE *out)
{
	json_head(VERDICT_cannot_judge, out);
	json_string("  ", "error", why, "", out);
	fputs("}\n", out);
}

static void json_decided(const struct verdict *verdict, FILE *out)
{
	const char *before = "";

	fputs("  \"decided_by\": [", out);
	for (size_t i = 0; i < verdict->count; i++) {
		if (verdict_decided(verdict, i)) {
			fprintf(out, "%s\"%s\"", before, verdict->row[i].component);
			before = ", ";
		}
	}
	fputs("],\n", out);
}

static void json_counts(const struct verdict *verdict, FILE *out)
{
	const char *before = "";

	fputs("  \"counts\": {", out);
	for (int i = ROW_ok; i <= ROW_missing; i++) {
		fprintf(out, "%s\"%s\": %zu", before, row_word(i), verdict_count(verdict, i));
		before = ", ";
	}
	fputs("},\n", out);
}

static void json_rows(const struct verdict *verdict, FILE *out)
{
	const char *before = "";
	const char *end = "";

	fputs("  \"rows\": [", out);
	for (size_t i = 0; i < verdict->count; i++) {
		const struct verdict_row *row = &verdict->row[i];

		fprintf(out, "%s\n    {\n", before);
		json_string("      ", "component", row->component, ",", out);
		json_string("      ", "result", row_word(row->result), ",", out);
		json_string("      ", "expected", row->expected, ",", out);
		json_string("      ", "found", row->found, ",", out);
		json_string("      ", "meaning", row->meaning, "", out);
		fputs("    }", out);
		before = ",";
		end = "\n  ";
	}
	fprintf(out, "%s]\n", end);
}

void verdict_json(const struct verdict *verdict, FILE *out)
{
	json_head(verdict->status, out);
	json_decided(verdict, out);
	if (verdict->about.host) {
		json_subject(&verdict->about, out);
	}
	json_counts(verdict, out);
	json_rows(verdict, out);
	fputs("}\n", out);
}
