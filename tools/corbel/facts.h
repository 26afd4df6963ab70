/* SPDX-License-Identifier: MIT */
/*
 * A list of named facts, printed as `key : value` with the colon in column 24,
 * as the values of the keys with a given prefix (as xl does), or as one JSON map, of those keys
 * too.
 */
#ifndef CORBEL_TOOL_FACTS_H
#define CORBEL_TOOL_FACTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FACTS_MAX 48

struct facts {
	size_t count;
	struct fact {
		const char *key;
		enum { FACT_text, FACT_number, FACT_bool, FACT_words, FACT_none } kind;
		char *text;
		long long number;
	} list[FACTS_MAX];
};

void fact_text(struct facts *facts, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void fact_number(struct facts *facts, const char *key, long long number);
/* Where 0 is none: `none', null in JSON. */
void fact_index(struct facts *facts, const char *key, uint64_t index);
/* yes or no; true or false in JSON. */
void fact_bool(struct facts *facts, const char *key, bool value);
/* Words between single blanks: one line, `-' if there are none; an array in JSON. */
void fact_words(struct facts *facts, const char *key, const char *words);
void fact_hex(struct facts *facts, const char *key, const uint8_t *bytes, size_t size);
/* Prints and frees.  Returns false when no key begins with prefix: then nothing is printed. */
bool facts_print(struct facts *facts, const char *prefix, bool json);

#endif
