/* SPDX-License-Identifier: MIT */
/*
 * See config.h.  A recursive-descent parser over one buffer; it owns every
 * string it keeps, so the text may go after the call.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
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

static bool is_key_char(int c)
{
	return c == '_' || (c >= 0 && isalnum(c));
}

static struct config_value *parse_quoted(struct parser *p)
{
	char quote = *p->at++;
	const char *start = p->at;
	struct config_value *value;

	while (p->at < p->end && *p->at != quote && *p->at != '\n' && *p->at != '\0') {
		p->at++;
	}
	if (peek(p) != quote) {
		fail(p, peek(p) == 0 ? "NUL byte in a string" : "string without closing quote");
		return NULL;
	}
	value = allocate(sizeof(*value));
	value->kind = CONFIG_STRING;
	value->text = copy_text(start, (size_t)(p->at - start));
	p->at++;
	return value;
}

static struct config_value *parse_number(struct parser *p)
{
	const char *start = p->at;
	struct config_value *value;

	while (isxdigit(peek(p) < 0 ? 0 : peek(p)) || peek(p) == 'x' || peek(p) == 'X') {
		p->at++;
	}
	if (is_key_char(peek(p)) || peek(p) == '.') {
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

	list->kind = CONFIG_LIST;
	p->at++;
	for (;;) {
		skip(p, true);
		if (peek(p) == ']') {
			p->at++;
			return list;
		}
		item = parse_value(p, depth + 1);
		if (!item) {
			break;
		}
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
	if (c >= '0' && c <= '9') {
		return parse_number(p);
	}
	fail(p, "expected a quoted string, a number or a list");
	return NULL;
}

static struct config_setting *find(const struct config *config, const char *key)
{
	for (size_t i = 0; i < config->count; i++) {
		if (!strcmp(config->settings[i].key, key)) {
			return &config->settings[i];
		}
	}
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
	struct config_setting *setting = find(config, key);

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
	if (p->at == start || isdigit((unsigned char)*start)) {
		p->at = start;
		return fail(p, "expected a key");
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
	old = add ? find(p->config, key) : NULL;
	if (old) {
		old->added_line = line;
		return value_add(p, old, value);
	}
	assign(p, key, line, value);
	find(p->config, key)->added_line = add ? line : 0;
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

int config_parse_file(struct config *config, const char *path)
{
	FILE *file = !strcmp(path, "-") ? stdin : fopen(path, "re");
	char *text;
	size_t size;
	int ret = -1;

	if (!file) {
		snprintf(config->error, sizeof(config->error), "%s: %s", path, strerror(errno));
		return -1;
	}
	text = allocate(CONFIG_MAX_BYTES + 1);
	size = fread(text, 1, CONFIG_MAX_BYTES + 1, file);
	if (ferror(file)) {
		snprintf(config->error, sizeof(config->error), "%s: %s", path, strerror(errno));
	} else {
		ret = config_parse(config, file == stdin ? "standard input" : path, text, size);
	}
	free(text);
	if (file != stdin) {
		fclose(file);
	}
	return ret;
}

/* ---- typed access -------------------------------------------------------------------------- */

const struct config_setting *config_find(const struct config *config, const char *key)
{
	return find(config, key);
}

int config_fail(struct config *config, const char *key, const char *format, ...)
{
	const struct config_setting *setting = find(config, key);
	size_t used = 0;
	va_list args;

	if (setting) {
		used = (size_t)snprintf(config->error, sizeof(config->error),
					"%.200s:%u: ", setting->source, setting->line);
	}
	va_start(args, format);
	vsnprintf(config->error + used, sizeof(config->error) - used, format, args);
	va_end(args);
	return -1;
}

int config_string(struct config *config, const char *key, const char **out)
{
	const struct config_setting *setting = find(config, key);

	if (!setting) {
		return 0;
	}
	if (setting->value->kind == CONFIG_LIST) {
		return config_fail(config, key, "`%s' must be a string", key);
	}
	*out = setting->value->text;
	return 1;
}

int config_number(struct config *config, const char *key, uint64_t low, uint64_t high,
		  uint64_t *out)
{
	struct config_setting *setting = find(config, key);
	unsigned long long number;
	char *end;

	if (!setting) {
		return 0;
	}
	if (setting->added_line) {
		setting->line = setting->added_line;
		return config_fail(config, key, "`%s' is a number: `+=' joins strings and lists",
				   key);
	}
	if (setting->value->kind == CONFIG_LIST) {
		return config_fail(config, key, "`%s' must be a number", key);
	}
	errno = 0;
	number = strtoull(setting->value->text, &end, 0);
	if (!isdigit((unsigned char)setting->value->text[0]) || *end || errno) {
		return config_fail(config, key, "`%s' must be a number, not `%.64s'", key,
				   setting->value->text);
	}
	if (number < low || number > high) {
		return config_fail(config, key, "`%s' must be %llu to %llu, not %llu", key,
				   (unsigned long long)low, (unsigned long long)high, number);
	}
	*out = number;
	return 1;
}

int config_list_count(struct config *config, const char *key, size_t *out)
{
	const struct config_setting *setting = find(config, key);

	if (!setting) {
		return 0;
	}
	if (setting->value->kind != CONFIG_LIST) {
		return config_fail(config, key, "`%s' must be a list", key);
	}
	*out = setting->value->count;
	return 1;
}
