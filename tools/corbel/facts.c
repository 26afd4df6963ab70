/* SPDX-License-Identifier: MIT */
/*
 * See facts.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/corbel/facts.h"
#include "tools/corbel/json.h"

static struct fact *add(struct facts *facts, const char *key)
{
	struct fact *fact;

	if (facts->count == FACTS_MAX) {
		fputs("too many facts\n", stderr);
		abort();
	}
	fact = &facts->list[facts->count++];
	fact->key = key;
	return fact;
}

static char *format_text(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	return text;
}

void fact_text(struct facts *facts, const char *key, const char *format, ...)
{
	struct fact *fact = add(facts, key);
	va_list args;

	fact->kind = FACT_text;
	va_start(args, format);
	fact->text = format_text(format, args);
	va_end(args);
}

void fact_number(struct facts *facts, const char *key, long long number)
{
	fact_text(facts, key, "%lld", number);
	facts->list[facts->count - 1].kind = FACT_number;
	facts->list[facts->count - 1].number = number;
}

void fact_index(struct facts *facts, const char *key, uint64_t index)
{
	if (index) {
		fact_number(facts, key, (long long)index);
		return;
	}
	fact_text(facts, key, "none");
	facts->list[facts->count - 1].kind = FACT_none;
}

void fact_bool(struct facts *facts, const char *key, bool value)
{
	fact_text(facts, key, "%s", value ? "yes" : "no");
	facts->list[facts->count - 1].kind = FACT_bool;
	facts->list[facts->count - 1].number = value;
}

void fact_words(struct facts *facts, const char *key, const char *words)
{
	fact_text(facts, key, "%s", words[0] ? words : "-");
	facts->list[facts->count - 1].kind = FACT_words;
}

void fact_hex(struct facts *facts, const char *key, const uint8_t *bytes, size_t size)
{
	char text[2 * 64 + 1] = "";

	for (size_t i = 0; i < size && i < 64; i++) {
		sprintf(text + 2 * i, "%02x", bytes[i]);
	}
	fact_text(facts, key, "%s", text);
}

static void print_words(struct json *json, const struct fact *fact)
{
	char *rest = NULL, *word = strtok_r(fact->text, " ", &rest);

	json_open_array(json, fact->key);
	for (; word && strcmp(word, "-") != 0; word = strtok_r(NULL, " ", &rest)) {
		json_text(json, NULL, word);
	}
	json_close_array(json);
}

static void print_value(struct json *json, const struct fact *fact)
{
	switch (fact->kind) {
	case FACT_text:
		json_text(json, fact->key, fact->text);
		break;
	case FACT_words:
		print_words(json, fact);
		break;
	case FACT_number:
		json_number(json, fact->key, fact->number);
		break;
	case FACT_bool:
		json_bool(json, fact->key, fact->number);
		break;
	case FACT_none:
		json_null(json, fact->key);
		break;
	}
}

static bool is_wanted(const struct fact *fact, const char *prefix)
{
	return !prefix || !strncmp(fact->key, prefix, strlen(prefix));
}

static void print_json(const struct facts *facts, const char *prefix)
{
	struct json *json = json_new(true);

	json_open_map(json, NULL);
	for (size_t i = 0; i < facts->count; i++) {
		if (is_wanted(&facts->list[i], prefix)) {
			print_value(json, &facts->list[i]);
		}
	}
	json_close_map(json);
	json_print(json);
}

bool facts_print(struct facts *facts, const char *prefix, bool json)
{
	bool any = !prefix;

	for (size_t i = 0; i < facts->count && prefix; i++) {
		any |= is_wanted(&facts->list[i], prefix);
	}
	for (size_t i = 0; i < facts->count && !json; i++) {
		const struct fact *fact = &facts->list[i];

		if (!prefix) {
			printf("%-22s : %s\n", fact->key, fact->text);
		} else if (is_wanted(fact, prefix)) {
			printf("%s\n", fact->text);
		}
	}
	if (json && any) {
		print_json(facts, prefix);
	}
	for (size_t i = 0; i < facts->count; i++) {
		free(facts->list[i].text);
	}
	facts->count = 0;
	return any;
}
