/* SPDX-License-Identifier: MIT */
/*
 * The verdict: its rows, its rule (one bad row is enough, one missing row is enough not to trust),
 * and the table for people.  Text that came with evidence is made harmless
 * here, once, before it becomes part of a row.
 */
#include "measured-boot/verify/verdict.h"
#include "tools/lib/hex.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CELL 26 /* characters of a table cell; longer values follow the row in full */

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

/* ---- rows --------------------------------------------------------------------------------- */

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
	char *copy;

	if (!text) {
		return NULL;
	}
	copy = checked(strdup(text));
	for (char *at = copy; *at; at++) {
		if (*at < ' ' || *at > '~') {
			*at = '?';
		}
	}
	return copy;
}

#define ROWS_FIRST 64 /* more than most verdicts have */

static struct verdict_row *next_row(struct verdict *verdict)
{
	size_t room = verdict->room;

	if (verdict->count == room) {
		room *= 2;
		if (room == 0) {
			room = ROWS_FIRST;
		}
		verdict->row = checked(realloc(verdict->row, room * sizeof(verdict->row[0])));
		verdict->room = room;
	}
	verdict->count++;
	return &verdict->row[verdict->count - 1];
}

static void add(struct verdict *verdict, const char *component, enum row_result result,
		const char *expected, const char *found, const char *meaning, va_list arguments)
{
	char *text = NULL;

	if (vasprintf(&text, meaning, arguments) < 0) {
		text = checked(NULL);
	}
	*next_row(verdict) = (struct verdict_row){
		.component = component,
		.expected = harmless(expected),
		.found = harmless(found),
		.result = result,
		.meaning = harmless(text),
	};
	free(text);
}

void verdict_add(struct verdict *verdict, const char *component, enum row_result result,
		 const char *expected, const char *found, const char *meaning, ...)
{
	va_list arguments;

	va_start(arguments, meaning);
	add(verdict, component, result, expected, found, meaning, arguments);
	va_end(arguments);
}

const char *verdict_hex(const uint8_t *digest, size_t length, char text[HEX_TEXT])
{
	if (!digest || length > DIGEST_MAX) {
		return NULL;
	}
	hex_encode(digest, length, text);
	return text;
}

void verdict_add_digest(struct verdict *verdict, const char *component, enum row_result result,
			const uint8_t *expected, const uint8_t *found, size_t length,
			const char *meaning, ...)
{
	char expected_text[HEX_TEXT];
	char found_text[HEX_TEXT];
	va_list arguments;

	va_start(arguments, meaning);
	add(verdict, component, result, verdict_hex(expected, length, expected_text),
	    verdict_hex(found, length, found_text), meaning, arguments);
	va_end(arguments);
}

bool verdict_compare(struct verdict *verdict, const char *component, const uint8_t *expected,
		     const uint8_t *found, size_t length, const char *good, const char *bad)
{
	bool is_equal = memcmp(expected, found, length) == 0;
	enum row_result result = ROW_ok;
	const char *meaning = good;

	if (!is_equal) {
		result = ROW_bad;
		meaning = bad;
	}
	verdict_add_digest(verdict, component, result, expected, found, length, "%s", meaning);
	return is_equal;
}

static bool is_reason(const struct verdict *verdict, const struct verdict_row *row)
{
	if (verdict->status == VERDICT_not_trusted) {
		return row->result == ROW_bad || (verdict->strict && row->result == ROW_warning);
	}
	return verdict->status == VERDICT_cannot_judge && row->result == ROW_missing;
}

void verdict_close(struct verdict *verdict)
{
	verdict->status = VERDICT_trusted;
	if (verdict->count == 0) {
		verdict->status = VERDICT_cannot_judge;
	}
	for (size_t i = 0; i < verdict->count; i++) {
		switch (verdict->row[i].result) {
		case ROW_ok:
		case ROW_note:
			break;
		case ROW_warning:
			if (verdict->strict) {
				verdict->status = VERDICT_not_trusted;
			}
			break;
		case ROW_missing:
			if (verdict->status == VERDICT_trusted) {
				verdict->status = VERDICT_cannot_judge;
			}
			break;
		case ROW_bad:
		default:
			verdict->status = VERDICT_not_trusted;
			break;
		}
	}
}

void verdict_free(struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->count; i++) {
		free(verdict->row[i].expected);
		free(verdict->row[i].found);
		free(verdict->row[i].meaning);
	}
	free(verdict->row);
	*verdict = (struct verdict){0};
}

/* ---- the table ---------------------------------------------------------------------------- */

static const char *cell(const char *value, char out[CELL + 1])
{
	size_t length;

	if (!value) {
		return "-";
	}
	length = strlen(value);
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

size_t verdict_count(const struct verdict *verdict, enum row_result result)
{
	size_t count = 0;

	for (size_t i = 0; i < verdict->count; i++) {
		count += verdict->row[i].result == result;
	}
	return count;
}

void verdict_rows(const struct verdict *verdict, FILE *out)
{
	fprintf(out, "%-20s %-8s %-*s %-*s %s\n", "component", "verdict", CELL, "expected", CELL,
		"found", "what it means");
	for (size_t i = 0; i < verdict->count; i++) {
		const struct verdict_row *row = &verdict->row[i];
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
	char text[HEX_TEXT] = "(cannot be read)";

	if (sha256) {
		verdict_hex(sha256, 32, text);
	}
	fprintf(out, "%-20s %s ", what, text);
	print_name(name, out);
	fputc('\n', out);
}

static const char *launch_words(const struct verdict_subject *about)
{
	if (about->tenant_asked) {
		return "none that is proved";
	}
	return "no tenant judged";
}

const uint8_t *verdict_input_digest(const struct verdict_input *input)
{
	if (!input->read) {
		return NULL;
	}
	return input->sha256;
}

static void print_host(const struct verdict_subject *about, FILE *out)
{
	const char *name = about->host_name;
	const char *doubt = "";
	char text[HEX_TEXT];

	if (!about->genuine) {
		doubt = " (nothing vouches for it)";
	}
	if (!name[0]) {
		name = "none that is enrolled";
	}
	fprintf(out, "%-20s %s%s\n", "boot id", verdict_hex(about->boot_id, 32, text), doubt);
	fprintf(out, "%-20s %s\n", "host", name);
}

static void print_subject(const struct verdict_subject *about, FILE *out)
{
	char text[HEX_TEXT];

	print_host(about, out);
	if (about->tenant) {
		fprintf(out, "%-20s %llu\n", "launch record",
			(unsigned long long)about->launch_record);
	} else {
		fprintf(out, "%-20s %s\n", "launch record", launch_words(about));
	}
	fprintf(out, "%-20s %s\n", "nonce", verdict_hex(about->nonce, sizeof(about->nonce), text));
	if (about->evidence) {
		print_file("evidence SHA-256", about->evidence, about->evidence_sha256, out);
	}
	for (size_t i = 0; i < about->inputs; i++) {
		print_file("input SHA-256", about->input[i].file,
			   verdict_input_digest(&about->input[i]), out);
	}
	fputc('\n', out);
}

bool verdict_decided(const struct verdict *verdict, size_t at)
{
	const struct verdict_row *row = &verdict->row[at];
	size_t first = 0;

	if (!is_reason(verdict, row)) {
		return false;
	}
	while (!is_reason(verdict, &verdict->row[first]) ||
	       strcmp(verdict->row[first].component, row->component) != 0) {
		first++;
	}
	return first == at;
}

/* " tenant.cmdline, report.data:" after the word: each component that decided, once. */
static void print_reasons(const struct verdict *verdict, FILE *out)
{
	const char *before = " ";
	bool any = false;

	if (verdict->status == VERDICT_trusted && verdict->about.host &&
	    !verdict->about.tenant_asked) {
		fputs(" host only, no tenant was judged:", out);
	}
	for (size_t i = 0; i < verdict->count; i++) {
		if (verdict_decided(verdict, i)) {
			fprintf(out, "%s%s", before, verdict->row[i].component);
			before = ", ";
			any = true;
		}
	}
	if (any) {
		fputc(':', out);
	}
}

void verdict_text(const struct verdict *verdict, FILE *out)
{
	if (verdict->about.host) {
		print_subject(&verdict->about, out);
	}
	verdict_rows(verdict, out);
	fprintf(out, "\n%s:", verdict_word(verdict->status));
	print_reasons(verdict, out);
	fprintf(out, " %zu ok, %zu warnings, %zu bad, %zu missing\n",
		verdict_count(verdict, ROW_ok), verdict_count(verdict, ROW_warning),
		verdict_count(verdict, ROW_bad), verdict_count(verdict, ROW_missing));
}
