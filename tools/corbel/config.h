/* SPDX-License-Identifier: MIT */
/*
 * Parser of xl's configuration syntax: `key = value` and `key += value`, ended
 * by a newline or `;`, with strings in either quote, numbers and nested lists.
 * What it takes means what libxlutil takes it to mean; what the two would read
 * differently is refused.  It knows syntax only; guest.c gives the keys their
 * meaning.  Outside the trusted part: the builder checks every value again.
 */
#ifndef CORBEL_TOOL_CONFIG_H
#define CORBEL_TOOL_CONFIG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum config_kind { CONFIG_STRING, CONFIG_NUMBER, CONFIG_LIST };

struct config_value {
	enum config_kind kind;
	char *text;                  /* STRING: what it stands for; NUMBER: as written */
	struct config_value **items; /* LIST */
	size_t count;
	char *source; /* of a list's item: where it stands */
	unsigned line;
};

struct config_setting {
	char *key;
	char *source; /* file name or "command line" */
	unsigned line;
	unsigned added_line; /* of the last `+=`, 0 = none */
	struct config_value *value;
};

struct config {
	struct config_setting *settings; /* one per key, last assignment wins */
	size_t count;
	char error[320]; /* "source:line: what", after a failed call */
};

#define CONFIG_MAX_BYTES (1u << 20)
#define CONFIG_MAX_DEPTH 8

void config_init(struct config *config);
void config_free(struct config *config);

/* Adds the settings in text.  Returns 0, or -1 with config->error. */
int config_parse(struct config *config, const char *source, const char *text, size_t size);
/* The same from a stream. */
int config_parse_stream(struct config *config, const char *source, FILE *file);
/* The same from a file that the user names; `-` is standard input. */
int config_parse_file(struct config *config, const char *path);

struct config_setting *config_find(const struct config *config, const char *key);

/* Value of one key: 1 = found, 0 = absent (out untouched), -1 = wrong kind, with config->error. */
int config_string(struct config *config, const char *key, const char **out);
int config_number(struct config *config, const char *key, uint64_t low, uint64_t high,
		  uint64_t *out);
int config_list_count(struct config *config, const char *key, size_t *out);
/* An item of a list, which must be a string; where it stands is item->source and item->line. */
int config_list_item(struct config *config, const char *key, size_t index,
		     const struct config_value **out);

/* Writes a string in quotes, so that config_parse() reads the same text. */
void config_write_string(FILE *out, const char *text);

/* Sets config->error to "source:line: message" for the setting of key. */
int config_fail(struct config *config, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
