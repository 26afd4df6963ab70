/* SPDX-License-Identifier: MIT */
/*
 * Bounds on JSON text before a tree is built of it: depth, values, members of an object, and no key
 * twice in one object, which json-c would settle in silence with the last one.  It knows strings,
 * brackets, commas and colons; whether they make JSON at all is json-c's to say.  One pass, and
 * work per key bounded by JSON_KEYS_MAX.
 */
#include "measured-boot/verify/json_scan.h"
#include <string.h>

struct span {
	const char *at;
	size_t length;
};

struct scan {
	const struct json_node *root;
	size_t depth, values;
	struct span text; /* the string read last */
	bool has_text;
	struct {
		struct span key[JSON_KEYS_MAX];
		size_t keys;
	} level[JSON_DEPTH_MAX + 1];
};

static bool printable(const struct span *s)
{
	for (size_t i = 0; i < s->length; i++) {
		if (s->at[i] < ' ' || s->at[i] > '~' || s->at[i] == '\\') {
			return false;
		}
	}
	return true;
}

static bool add_key(struct scan *s)
{
	struct span *keys = s->level[s->depth].key, *key = &s->text;
	size_t count = s->level[s->depth].keys;

	if (!s->has_text || !printable(key)) {
		return json_fault(s->root, "expected keys of printable ASCII without escapes");
	}
	for (size_t i = 0; i < count; i++) {
		if (keys[i].length == key->length &&
		    memcmp(keys[i].at, key->at, key->length) == 0) {
			return json_fault(s->root, "the key \"%.*s\" is given twice",
					  key->length < 40 ? (int)key->length : 40, key->at);
		}
	}
	if (count == JSON_KEYS_MAX) {
		return json_fault(s->root, "expected at most %u keys in an object", JSON_KEYS_MAX);
	}
	keys[count] = *key;
	s->level[s->depth].keys++;
	s->has_text = false;
	return true;
}

static bool add_value(struct scan *s)
{
	return ++s->values <= JSON_VALUES_MAX ||
	       json_fault(s->root, "expected at most %u values", JSON_VALUES_MAX);
}

static bool punctuation(struct scan *s, char c)
{
	switch (c) {
	case '\'': /* no JSON, but json-c takes keys in them: what they hold would be hidden */
		return json_fault(s->root, "expected \", not ', around texts");
	case '{':
	case '[':
		if (s->depth == JSON_DEPTH_MAX) {
			return json_fault(s->root, "expected at most %u levels of brackets",
					  JSON_DEPTH_MAX);
		}
		s->level[++s->depth].keys = 0;
		return add_value(s);
	case '}':
	case ']':
		if (s->depth == 0) {
			return json_fault(s->root, "a bracket is closed that was never opened");
		}
		s->depth--;
		return true;
	case ':':
		return add_key(s);
	case ',':
		return add_value(s);
	default:
		return true;
	}
}

bool json_scan(const struct json_node *root, const char *text, size_t length)
{
	struct scan s = {.root = root};
	size_t i = 0;

	while (i < length) {
		size_t start = i + 1;

		if (text[i] != '"') {
			if (!punctuation(&s, text[i++])) {
				return false;
			}
			continue;
		}
		for (i = start; i < length && text[i] != '"'; i++) {
			if (text[i] == '\\') {
				i++;
			}
		}
		if (i >= length) {
			return json_fault(root, "the file ends inside a text");
		}
		s.text = (struct span){text + start, i - start};
		s.has_text = true;
		i++;
	}
	return true;
}
