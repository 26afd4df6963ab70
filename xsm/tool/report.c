/* SPDX-License-Identifier: MIT */
/*
 * Findings, complaints and memory: what every verb says and how.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include "xsm/tool/tool.h"

static bool complaint_as_json, json_printed;
static char *first_complaint;

int complain(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0) {
		text = NULL;
	}
	va_end(arguments);
	fprintf(stderr, "corbel-policy: %s\n", text != NULL ? text : "out of memory");
	if (first_complaint == NULL) {
		first_complaint = text;
	} else {
		free(text);
	}
	return STATUS_BAD;
}

void complain_as_json(bool json)
{
	complaint_as_json = json;
}

void complaint_print(void)
{
	if (complaint_as_json && !json_printed && first_complaint != NULL) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "error", json_object_new_string(first_complaint));
		print_json(o);
	}
	free(first_complaint);
	first_complaint = NULL;
}

static void no_memory(void)
{
	exit(complain("out of memory"));
}

void *must_alloc(size_t size)
{
	void *memory = calloc(1, size == 0 ? 1 : size);

	if (memory == NULL) {
		no_memory();
	}
	return memory;
}

void *must_realloc(void *old, size_t size)
{
	void *memory = realloc(old, size);

	if (memory == NULL) {
		no_memory();
	}
	return memory;
}

static char *print(const char *format, va_list arguments)
{
	char *text = NULL;

	if (vasprintf(&text, format, arguments) < 0) {
		no_memory();
	}
	return text;
}

char *must_print(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = print(format, arguments);
	va_end(arguments);
	return text;
}

static struct finding *add(struct findings *f, const char *file, unsigned line, char *text)
{
	f->item = must_realloc(f->item, (f->count + 1) * sizeof(*f->item));
	f->item[f->count] = (struct finding){
		.file = file != NULL ? must_print("%s", file) : NULL,
		.line = line,
		.text = text,
	};
	return &f->item[f->count++];
}

struct finding *find(struct findings *findings, const char *file, unsigned line, const char *format,
		     ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = print(format, arguments);
	va_end(arguments);
	return add(findings, file, line, text);
}

struct finding *find_bad_input(struct findings *findings, const char *file, unsigned line,
			       const char *format, ...)
{
	struct finding *finding;
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = print(format, arguments);
	va_end(arguments);
	finding = add(findings, file, line, text);
	finding->bad_input = true;
	return finding;
}

void finding_link(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	finding->chain =
		must_realloc(finding->chain, (finding->links + 1) * sizeof(*finding->chain));
	va_start(arguments, format);
	finding->chain[finding->links++] = print(format, arguments);
	va_end(arguments);
}

static void print_text(const struct finding *f)
{
	if (f->file == NULL) {
		fprintf(stderr, "corbel-policy: %s\n", f->text);
	} else if (f->line == 0) {
		fprintf(stderr, "%s: %s\n", f->file, f->text);
	} else {
		fprintf(stderr, "%s:%u: %s\n", f->file, f->line, f->text);
	}
	for (unsigned i = 0; i < f->links; i++) {
		fprintf(stderr, "    %s\n", f->chain[i]);
	}
}

struct json_object *findings_json(const struct findings *findings)
{
	struct json_object *list = json_object_new_array();

	for (unsigned i = 0; i < findings->count; i++) {
		const struct finding *f = &findings->item[i];
		struct json_object *o = json_object_new_object(), *chain = json_object_new_array();

		if (f->file != NULL) {
			json_object_object_add(o, "file", json_object_new_string(f->file));
		}
		if (f->line != 0) {
			json_object_object_add(o, "line", json_object_new_int64(f->line));
		}
		json_object_object_add(o, "text", json_object_new_string(f->text));
		for (unsigned l = 0; l < f->links; l++) {
			json_object_array_add(chain, json_object_new_string(f->chain[l]));
		}
		json_object_object_add(o, "chain", chain);
		if (f->rule != NULL) {
			json_object_object_add(o, "rule", json_object_new_string(f->rule));
			json_object_object_add(o, "forbidden_by",
					       json_object_new_string(f->forbidden_by));
		}
		json_object_array_add(list, o);
	}
	return list;
}

/* Bytes of the UTF-8 character at text (RFC 3629); 0: it is none. */
static unsigned utf8_length(const unsigned char *text)
{
	/* By first byte: how many bytes, and what the second may be. */
	static const struct {
		unsigned char first, last, low, high;
		unsigned length;
	} form[] = {
		{0x00, 0x7f, 0x80, 0xbf, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	size_t f = 0;

	while (f < sizeof(form) / sizeof(form[0]) &&
	       (text[0] < form[f].first || text[0] > form[f].last)) {
		f++;
	}
	if (f == sizeof(form) / sizeof(form[0])) {
		return 0;
	}
	for (unsigned i = 1; i < form[f].length; i++) {
		unsigned char low = i == 1 ? form[f].low : 0x80;
		unsigned char high = i == 1 ? form[f].high : 0xbf;

		if (text[i] < low || text[i] > high) {
			return 0;
		}
	}
	return form[f].length;
}

void print_json(struct json_object *object)
{
	const char *text = json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);

	while (*text != '\0') {
		unsigned length = utf8_length((const unsigned char *)text);

		if (length == 0) { /* only in a string: a file's name, or what stands in it */
			fputs("\\ufffd", stdout);
			length = 1;
		} else {
			fwrite(text, length, 1, stdout);
		}
		text += length;
	}
	putchar('\n');
	json_printed = true;
	json_object_put(object);
}

void put_error(struct json_object *object, const struct findings *findings)
{
	const struct finding *f = findings->item;
	char *text;

	if (findings->count == 0) {
		return;
	}
	if (f->file == NULL) {
		text = must_print("%s", f->text);
	} else if (f->line == 0) {
		text = must_print("%s: %s", f->file, f->text);
	} else {
		text = must_print("%s:%u: %s", f->file, f->line, f->text);
	}
	json_object_object_add(object, "error", json_object_new_string(text));
	free(text);
}

void findings_print(const struct findings *findings, bool json)
{
	struct json_object *object;

	if (json) {
		object = json_object_new_object();
		put_error(object, findings);
		json_object_object_add(object, "findings", findings_json(findings));
		print_json(object);
		return;
	}
	for (unsigned i = 0; i < findings->count; i++) {
		print_text(&findings->item[i]);
	}
}

static void finding_free(struct finding *f)
{
	for (unsigned l = 0; l < f->links; l++) {
		free(f->chain[l]);
	}
	free(f->chain);
	free(f->rule);
	free(f->forbidden_by);
	free(f->file);
	free(f->text);
}

void finding_move(struct findings *to, struct finding *from)
{
	to->item = must_realloc(to->item, (to->count + 1) * sizeof(*to->item));
	to->item[to->count++] = *from;
	*from = (struct finding){0};
}

bool findings_have_place(const struct findings *findings, const struct finding *f)
{
	for (unsigned i = 0; i < findings->count; i++) {
		const struct finding *other = &findings->item[i];

		if (other->file != NULL && f->file != NULL && other->line == f->line &&
		    strcmp(other->file, f->file) == 0) {
			return true;
		}
	}
	return false;
}

void findings_free(struct findings *findings)
{
	for (unsigned i = 0; i < findings->count; i++) {
		finding_free(&findings->item[i]);
	}
	free(findings->item);
	*findings = (struct findings){0};
}
