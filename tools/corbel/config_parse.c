/* SPDX-License-Identifier: MIT */
/*
 * The parser of config.h: recursive descent over one buffer.  It owns every
 * string it keeps, so the text may go after the call.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/config.h"

struct parser {
	struct config *config;
	const char *source;
	const char *at, *end;
	unsigned line;
};

static void *allocate(size_t size)
{
	void *p = calloc(1, size);

	if (!p) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	return p;
}

static char *copy_text(const char *text, size_t size)
{
	char *copy = allocate(size + 1);

	memcpy(copy, text, size);
	return copy;
}

static void value_free(struct config_value *value)
{
	if (!value) {
		return;
	}
	for (size_t i = 0; i < value->count; i++) {
		value_free(value->items[i]);
	}
	free(value->items);
	free(value->text);
	free(value->source);
	free(value);
}

void config_init(struct config *config)
{
	memset(config, 0, sizeof(*config));
}

static void setting_clear(struct config_setting *setting)
{
	free(setting->key);
	free(setting->source);
	value_free(setting->value);
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->count; i++) {
		setting_clear(&config->settings[i]);
	}
	free(config->settings);
	config_init(config);
}

/* ---- lexical part -------------------------------------------------------------------------- */

static int fail(struct parser *p, const char *what)
{
	size_t near = 0;

	while (p->at + near < p->end && near < 20 && isprint((unsigned char)p->at[near])) {
		near++;
	}
	if (near) {
		snprintf(p->config->error, sizeof(p->config->error), "%s:%u: %s near `%.*s'",
			 p->source, p->line, what, (int)near, p->at);
	} else if (p->at >= p->end || *p->at == '\n' || *p->at == '\r') {
		snprintf(p->config->error, sizeof(p->config->error), "%s:%u: %s near end of line",
			 p->source, p->line, what);
	} else {
		snprintf(p->config->error, sizeof(p->config->error), "%s:%u: %s near byte 0x%02x",
			 p->source, p->line, what, (unsigned char)*p->at);
	}
	return -1;
}

static int peek(const struct parser *p)
{
	return p->at < p->end ? (unsigned char)*p->at : -1;
}

/* Skips blanks and comments; newlines too when they do not end a statement. */
static void skip(struct parser *p, bool newlines)
{
	for (;; p->at++) {
		int c = peek(p);

		if (c == '#') {
			while (p->at < p->end && *p->at != '\n') {
				p->at++;
			}
			c = peek(p);
		}
		if (c == '\n' && newlines) {
			p->line++;
		} else if (c != ' ' && c != '\t' && c != '\r' && c != '\f' && c != '\v') {
			return;
		}
	}
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_key_start(int c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_key_char(int c)
{
	return is_key_start(c) || is_digit(c) || c == '_' || c == '.';
}

/* The letters of escapes and what they stand for. */
static const char escape_letters[] = "abfnrtv\\'\"";
static const char escape_bytes[] = "\a\b\f\n\r\t\v\\'\"";

/* At a backslash that xl reads otherwise than it looks, or not at all. */
static int fail_escape(struct parser *p)
{
	const char *why = "not an escape of xl's";
	char what[96];
	int length = 1;

	if (p->at + 1 < p->end && isprint((unsigned char)p->at[1])) {
		length = 2;
	}
	if (length == 2 && (p->at[1] == 'x' || is_digit(p->at[1]))) {
		why = "escapes by number are not supported";
		while (length < 4 && p->at + length < p->end &&
		       isxdigit((unsigned char)p->at[length])) {
			length++;
		}
	}
	snprintf(what, sizeof(what), "`%.*s' in a string: %s; a backslash is written \\\\,", length,
		 p->at, why);
	return fail(p, what);
}

/* Reads up to the closing quote; out has room for all that is left. */
static int read_quoted(struct parser *p, char quote, char *out)
{
	for (;;) {
		int c = peek(p);
		const char *letter = NULL;

		if (c == quote) {
			p->at++;
			*out = '\0';
			return 0;
		}
		if (c == 0) {
			return fail(p, "NUL byte in a string");
		}
		if (c == -1 || c == '\n') {
			return fail(p, "string without closing quote");
		}
		if (c == '\\') {
			if (p->at + 1 < p->end && p->at[1]) {
				letter = strchr(escape_letters, p->at[1]);
			}
			if (!letter) {
				return fail_escape(p);
			}
			c = escape_bytes[letter - escape_letters];
			p->at++;
		}
		*out++ = (char)c;
		p->at++;
	}
}

static struct config_value *parse_quoted(struct parser *p)
{
	char quote = *p->at++;
	const char *line_end = memchr(p->at, '\n', (size_t)(p->end - p->at));
	struct config_value *value = allocate(sizeof(*value));

	value->kind = CONFIG_STRING;
	value->text = allocate((size_t)((line_end ? line_end : p->end) - p->at) + 1);
	if (read_quoted(p, quote, value->text)) {
		value_free(value);
		return NULL;
	}
	return value;
}

void config_write_string(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		const char *byte = strchr(escape_bytes, *text);

		if (byte && *byte != '"') {
			fprintf(out, "\\%c", escape_letters[byte - escape_bytes]);
		} else {
			fputc(*text, out);
		}
	}
	fputc('\'', out);
}

static struct config_value *parse_number(struct parser *p)
{
	const char *start = p->at;
	struct config_value *value;

	while (peek(p) > 0 && (isxdigit(peek(p)) || peek(p) == 'x' || peek(p) == 'X')) {
		p->at++;
	}
	if (peek(p) > 0 && (isalnum(peek(p)) || peek(p) == '_' || peek(p) == '.')) {
		fail(p, "a number must be decimal or 0x; other values need quotes");
		return NULL;
	}
	value = allocate(sizeof(*value));
	value->kind = CONFIG_NUMBER;
	value->text = copy_text(start, (size_t)(p->at - start));
	return value;
}

/* ---- grammar ------------------------------------------------------------------------------- */

static struct config_value *parse_value(struct parser *p, unsigned depth);

static void list_append(struct config_value *list, struct config_value *item)
{
	struct config_value **grown = realloc(list->items, (list->count + 1) * sizeof(*grown));

	if (!grown) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	list->items = grown;
	list->items[list->count++] = item;
}

static struct config_value *parse_list(struct parser *p, unsigned depth)
{
	struct config_value *list = allocate(sizeof(*list)), *item;
	unsigned line;

	list->kind = CONFIG_LIST;
	p->at++;
	for (;;) {
		skip(p, true);
		if (peek(p) == ']') {
			p->at++;
			return list;
		}
		line = p->line;
		item = parse_value(p, depth + 1);
		if (!item) {
			break;
		}
		item->source = copy_text(p->source, strlen(p->source));
		item->line = line;
		list_append(list, item);
		skip(p, true);
		if (peek(p) == ',') {
			p->at++;
		} else if (peek(p) != ']') {
			fail(p, "expected `,' or `]' in a list");
			break;
		}
	}
	value_free(list);
	return NULL;
}

static struct config_value *parse_value(struct parser *p, unsigned depth)
{
	int c = peek(p);

	if (depth > CONFIG_MAX_DEPTH) {
		fail(p, "lists nested too deeply");
		return NULL;
	}
	if (c == '"' || c == '\'') {
		return parse_quoted(p);
	}
	if (c == '[') {
		return parse_list(p, depth);
	}
	if (is_digit(c)) {
		return parse_number(p);
	}
	fail(p, "expected a quoted string, a number or a list");
	return NULL;
}

/* `+=`: strings are joined, lists appended; the value given is used up either way. */
static int value_add(struct parser *p, struct config_setting *old, struct config_value *more)
{
	if ((old->value->kind == CONFIG_LIST) != (more->kind == CONFIG_LIST)) {
		value_free(more);
		return fail(p, "`+=' needs two lists or two strings");
	}
	if (more->kind == CONFIG_LIST) {
		for (size_t i = 0; i < more->count; i++) {
			list_append(old->value, more->items[i]);
		}
		more->count = 0;
	} else {
		size_t first = strlen(old->value->text), second = strlen(more->text);
		char *joined = allocate(first + second + 1);

		memcpy(joined, old->value->text, first);
		memcpy(joined + first, more->text, second);
		free(old->value->text);
		old->value->text = joined;
		old->value->kind = CONFIG_STRING;
	}
	value_free(more);
	return 0;
}

static void assign(struct parser *p, const char *key, unsigned line, struct config_value *value)
{
	struct config *config = p->config;
	struct config_setting *setting = config_find(config, key);

	if (setting) {
		setting_clear(setting);
	} else {
		size_t size = (config->count + 1) * sizeof(*setting);

		setting = realloc(config->settings, size);
		if (!setting) {
			fputs("out of memory\n", stderr);
			exit(1);
		}
		config->settings = setting;
		setting = &config->settings[config->count++];
	}
	setting->key = copy_text(key, strlen(key));
	setting->source = copy_text(p->source, strlen(p->source));
	setting->line = line;
	setting->value = value;
}

static int parse_statement(struct parser *p)
{
	const char *start = p->at;
	struct config_setting *old;
	struct config_value *value;
	unsigned line = p->line;
	char key[64];
	bool add = false;

	while (is_key_char(peek(p))) {
		p->at++;
	}
	if (p->at == start || !is_key_start(*start)) {
		p->at = start;
		return fail(p, "expected a key (of small letters)");
	}
	if ((size_t)(p->at - start) >= sizeof(key)) {
		p->at = start;
		return fail(p, "key too long");
	}
	memcpy(key, start, (size_t)(p->at - start));
	key[p->at - start] = '\0';
	skip(p, false);
	if (peek(p) == '+') {
		add = true;
		p->at++;
	}
	if (peek(p) != '=') {
		return fail(p, "expected `=' or `+=' after the key");
	}
	p->at++;
	skip(p, false);
	value = parse_value(p, 0);
	if (!value) {
		return -1;
	}
	skip(p, false);
	if (peek(p) != -1 && peek(p) != '\n' && peek(p) != ';') {
		value_free(value);
		return fail(p, "expected the end of the line or `;'");
	}
	old = add ? config_find(p->config, key) : NULL;
	if (old) {
		old->added_line = line;
		return value_add(p, old, value);
	}
	assign(p, key, line, value);
	config_find(p->config, key)->added_line = add ? line : 0;
	return 0;
}

int config_parse(struct config *config, const char *source, const char *text, size_t size)
{
	struct parser p = {config, source, text, text + size, 1};

	if (size > CONFIG_MAX_BYTES) {
		snprintf(config->error, sizeof(config->error), "%s:1: larger than %u bytes", source,
			 CONFIG_MAX_BYTES);
		return -1;
	}
	for (;;) {
		skip(&p, true);
		while (peek(&p) == ';') {
			p.at++;
			skip(&p, true);
		}
		if (peek(&p) == -1) {
			return 0;
		}
		if (parse_statement(&p)) {
			return -1;
		}
	}
}
