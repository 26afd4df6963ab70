/* SPDX-License-Identifier: MIT */
/*
 * The verdict: its rows, its rule (one bad row is enough, one missing row is enough not to trust),
 * the table for people and the JSON for programs.  Text that came with evidence is made harmless
 * here, once, before it becomes part of a row.
 */
#include "measured-boot/verify/verify.h"
#include "measured-boot/shared/hex.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VERIFY_VERSION "corbel-verify 0.1"
#define DIGEST_MAX     64u
#define CELL           26 /* characters of a table cell; longer values follow the row in full */

const char *verdict_word(enum verdict_status status)
{
	static const char *const word[] = {"trusted", "not trusted", "cannot judge"};

	return word[status];
}

const char *row_word(enum row_result result)
{
	static const char *const word[] = {"ok", "note", "warning", "bad", "missing"};

	return word[result];
}

/* ---- rows -------------------------------------------------------------------------------------
 */

static void *checked(void *memory)
{
	if (!memory) {
		fputs("out of memory\n", stderr);
		exit(2);
	}
	return memory;
}

/* A copy in which nothing is left that a terminal or a page could take for a command. */
static char *harmless(const char *text)
{
	char *copy = text ? checked(strdup(text)) : NULL;

	for (char *c = copy; c && *c; c++) {
		if (*c < ' ' || *c > '~') {
			*c = '?';
		}
	}
	return copy;
}

static void add(struct verdict *v, const char *component, enum row_result result,
		const char *expected, const char *found, const char *meaning, va_list arguments)
{
	struct verdict_row *row;
	char *text = NULL;

	if (v->count == v->room) {
		v->room = v->room ? 2 * v->room : 64;
		v->row = checked(realloc(v->row, v->room * sizeof(v->row[0])));
	}
	if (vasprintf(&text, meaning, arguments) < 0) {
		text = checked(NULL);
	}
	row = &v->row[v->count++];
	*row = (struct verdict_row){.component = component,
				    .expected = harmless(expected),
				    .found = harmless(found),
				    .result = result,
				    .meaning = harmless(text)};
	free(text);
}

void verdict_add(struct verdict *v, const char *component, enum row_result result,
		 const char *expected, const char *found, const char *meaning, ...)
{
	va_list arguments;

	va_start(arguments, meaning);
	add(v, component, result, expected, found, meaning, arguments);
	va_end(arguments);
}

static const char *hex(const uint8_t *digest, size_t length, char text[2 * DIGEST_MAX + 1])
{
	if (!digest || length > DIGEST_MAX) {
		return NULL;
	}
	hex_encode(digest, length, text);
	return text;
}

void verdict_add_digest(struct verdict *v, const char *component, enum row_result result,
			const uint8_t *expected, const uint8_t *found, size_t length,
			const char *meaning, ...)
{
	char e[2 * DIGEST_MAX + 1], f[2 * DIGEST_MAX + 1];
	va_list arguments;

	va_start(arguments, meaning);
	add(v, component, result, hex(expected, length, e), hex(found, length, f), meaning,
	    arguments);
	va_end(arguments);
}

bool verdict_compare(struct verdict *v, const char *component, const uint8_t *expected,
		     const uint8_t *found, size_t length, const char *good, const char *bad)
{
	bool equal = memcmp(expected, found, length) == 0;

	verdict_add_digest(v, component, equal ? ROW_ok : ROW_bad, expected, found, length, "%s",
			   equal ? good : bad);
	return equal;
}

static bool is_reason(const struct verdict *v, const struct verdict_row *row)
{
	if (v->status == VERDICT_not_trusted) {
		return row->result == ROW_bad || (v->strict && row->result == ROW_warning);
	}
	return v->status == VERDICT_cannot_judge && row->result == ROW_missing;
}

void verdict_close(struct verdict *v)
{
	v->status = v->count ? VERDICT_trusted : VERDICT_cannot_judge;
	for (size_t i = 0; i < v->count; i++) {
		switch (v->row[i].result) {
		case ROW_ok:
		case ROW_note:
			break;
		case ROW_warning:
			if (v->strict) {
				v->status = VERDICT_not_trusted;
			}
			break;
		case ROW_missing:
			if (v->status == VERDICT_trusted) {
				v->status = VERDICT_cannot_judge;
			}
			break;
		case ROW_bad:
		default:
			v->status = VERDICT_not_trusted;
			break;
		}
	}
}

void verdict_free(struct verdict *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->row[i].expected);
		free(v->row[i].found);
		free(v->row[i].meaning);
	}
	free(v->row);
	*v = (struct verdict){0};
}

/* ---- the table --------------------------------------------------------------------------------
 */

static const char *cell(const char *value, char out[CELL + 1])
{
	size_t length = value ? strlen(value) : 0;

	if (!value) {
		return "-";
	}
	if (!length) {
		return "(empty)";
	}
	if (length <= CELL) {
		return value;
	}
	/* the beginning and the end of a digest tell two apart */
	snprintf(out, CELL + 1, "%.*s..%s", CELL - 10, value, value + length - 8);
	return out;
}

static bool deserves_all(const struct verdict_row *row)
{
	return row->result == ROW_bad || row->result == ROW_warning || row->result == ROW_missing;
}

static void full_value(const char *name, const char *value, FILE *out)
{
	if (value && strlen(value) > CELL) {
		fprintf(out, "%-20s %-8s %s: %s\n", "", "", name, value);
	}
}

size_t verdict_count(const struct verdict *v, enum row_result result)
{
	size_t count = 0;

	for (size_t i = 0; i < v->count; i++) {
		count += v->row[i].result == result;
	}
	return count;
}

void verdict_rows(const struct verdict *v, FILE *out)
{
	fprintf(out, "%-20s %-8s %-*s %-*s %s\n", "component", "verdict", CELL, "expected", CELL,
		"found", "what it means");
	for (size_t i = 0; i < v->count; i++) {
		const struct verdict_row *row = &v->row[i];
		char expected[CELL + 1], found[CELL + 1];

		fprintf(out, "%-20s %-8s %-*s %-*s %s\n", row->component, row_word(row->result),
			CELL, cell(row->expected, expected), CELL, cell(row->found, found),
			row->meaning);
		if (deserves_all(row)) {
			full_value("expected", row->expected, out);
			full_value("found", row->found, out);
		}
	}
}

static void print_name(const char *name, FILE *out)
{
	char *copy = harmless(name);

	fputs(copy, out);
	free(copy);
}

static void print_file(const char *what, const char *name, const uint8_t *sha256, FILE *out)
{
	char text[2 * DIGEST_MAX + 1] = "(cannot be read)";

	fprintf(out, "%-20s %s ", what, sha256 ? hex(sha256, 32, text) : text);
	print_name(name, out);
	fputc('\n', out);
}

static void print_subject(const struct verdict_subject *about, FILE *out)
{
	char text[2 * DIGEST_MAX + 1];

	fprintf(out, "%-20s %s%s\n", "boot id", hex(about->boot_id, 32, text),
		about->genuine ? "" : " (nothing vouches for it)");
	fprintf(out, "%-20s %s\n", "host",
		about->host_name[0] ? about->host_name : "none that is enrolled");
	if (about->tenant) {
		fprintf(out, "%-20s %llu\n", "launch record",
			(unsigned long long)about->launch_record);
	} else {
		fprintf(out, "%-20s %s\n", "launch record",
			about->tenant_asked ? "none that is proved" : "no tenant judged");
	}
	fprintf(out, "%-20s %s\n", "nonce", hex(about->nonce, sizeof(about->nonce), text));
	if (about->evidence) {
		print_file("evidence SHA-256", about->evidence, about->evidence_sha256, out);
	}
	for (size_t i = 0; i < about->inputs; i++) {
		print_file("input SHA-256", about->input[i].file,
			   about->input[i].read ? about->input[i].sha256 : NULL, out);
	}
	fputc('\n', out);
}

/* Whether the row is the first of its component that decided. */
static bool decided(const struct verdict *v, size_t at)
{
	const struct verdict_row *row = &v->row[at];
	size_t first = 0;

	if (!is_reason(v, row)) {
		return false;
	}
	while (!is_reason(v, &v->row[first]) ||
	       strcmp(v->row[first].component, row->component) != 0) {
		first++;
	}
	return first == at;
}

/* " tenant.cmdline, report.data:" after the word: each component that decided, once. */
static void print_reasons(const struct verdict *v, FILE *out)
{
	const char *before = " ";

	if (v->status == VERDICT_trusted && v->about.host && !v->about.tenant_asked) {
		fputs(" host only, no tenant was judged:", out);
	}
	for (size_t i = 0; i < v->count; i++) {
		if (decided(v, i)) {
			fprintf(out, "%s%s", before, v->row[i].component);
			before = ", ";
		}
	}
	fputs(before[0] == ',' ? ":" : "", out);
}

void verdict_text(const struct verdict *v, FILE *out)
{
	if (v->about.host) {
		print_subject(&v->about, out);
	}
	verdict_rows(v, out);
	fprintf(out, "\n%s:", verdict_word(v->status));
	print_reasons(v, out);
	fprintf(out, " %zu ok, %zu warnings, %zu bad, %zu missing\n", verdict_count(v, ROW_ok),
		verdict_count(v, ROW_warning), verdict_count(v, ROW_bad),
		verdict_count(v, ROW_missing));
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

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
		fputc(*value >= ' ' && *value <= '~' ? *value : '?', out);
	}
	fprintf(out, "\"%s\n", end);
}

static void json_subject(const struct verdict_subject *about, FILE *out)
{
	char text[2 * DIGEST_MAX + 1], number[24] = "null";

	if (about->tenant) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)about->launch_record);
	}
	json_string("  ", "host", about->host_name[0] ? about->host_name : NULL, ",", out);
	json_string("  ", "boot_id", hex(about->boot_id, 32, text), ",", out);
	fprintf(out, "  \"launch_record\": %s,\n", number);
	json_string("  ", "nonce", hex(about->nonce, sizeof(about->nonce), text), ",", out);
	json_string("  ", "evidence_sha256",
		    about->evidence ? hex(about->evidence_sha256, 32, text) : NULL, ",", out);
	fputs("  \"inputs\": [", out);
	for (size_t i = 0; i < about->inputs; i++) {
		fprintf(out, "%s\n    {\n", i ? "," : "");
		json_string("      ", "file", about->input[i].file, ",", out);
		json_string("      ", "sha256",
			    about->input[i].read ? hex(about->input[i].sha256, 32, text) : NULL, "",
			    out);
		fputs("    }", out);
	}
	fprintf(out, "%s],\n", about->inputs ? "\n  " : "");
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

static void json_decided(const struct verdict *v, FILE *out)
{
	const char *before = "";

	fputs("  \"decided_by\": [", out);
	for (size_t i = 0; i < v->count; i++) {
		if (decided(v, i)) {
			fprintf(out, "%s\"%s\"", before, v->row[i].component);
			before = ", ";
		}
	}
	fputs("],\n", out);
}

void verdict_json(const struct verdict *v, FILE *out)
{
	json_head(v->status, out);
	json_decided(v, out);
	if (v->about.host) {
		json_subject(&v->about, out);
	}
	fputs("  \"counts\": {", out);
	for (int i = ROW_ok; i <= ROW_missing; i++) {
		fprintf(out, "%s\"%s\": %zu", i ? ", " : "", row_word(i), verdict_count(v, i));
	}
	fputs("},\n  \"rows\": [", out);
	for (size_t i = 0; i < v->count; i++) {
		const struct verdict_row *row = &v->row[i];

		fprintf(out, "%s\n    {\n", i ? "," : "");
		json_string("      ", "component", row->component, ",", out);
		json_string("      ", "result", row_word(row->result), ",", out);
		json_string("      ", "expected", row->expected, ",", out);
		json_string("      ", "found", row->found, ",", out);
		json_string("      ", "meaning", row->meaning, "", out);
		fputs("    }", out);
	}
	fprintf(out, "%s]\n}\n", v->count ? "\n  " : "");
}
