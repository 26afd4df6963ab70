/* SPDX-License-Identifier: MIT */
/*
 * See json.h: a thin layer over yajl's generator.  Text that is not UTF-8 (a
 * command line may be anything) is printed with those bytes replaced.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "tools/corbel/json.h"

struct json {
	yajl_gen gen;
	bool pretty;
};

struct json *json_new(bool pretty)
{
	struct json *json = calloc(1, sizeof(*json));

	if (!json || !(json->gen = yajl_gen_alloc(NULL))) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	json->pretty = pretty;
	yajl_gen_config(json->gen, yajl_gen_beautify, pretty ? 1 : 0);
	yajl_gen_config(json->gen, yajl_gen_indent_string, "    ");
	return json;
}

static void put_text(struct json *json, const char *text, size_t size)
{
	unsigned char *plain = malloc(size + 1);

	if (!plain) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	for (size_t i = 0; i < size; i++) {
		plain[i] = (unsigned char)text[i] < 0x80 ? (unsigned char)text[i] : '?';
	}
	yajl_gen_string(json->gen, plain, size);
	free(plain);
}

static void put_key(struct json *json, const char *key)
{
	if (key) {
		put_text(json, key, strlen(key));
	}
}

void json_open_map(struct json *json, const char *key)
{
	put_key(json, key);
	yajl_gen_map_open(json->gen);
}

void json_open_array(struct json *json, const char *key)
{
	put_key(json, key);
	yajl_gen_array_open(json->gen);
}

void json_close_map(struct json *json)
{
	yajl_gen_map_close(json->gen);
}

void json_close_array(struct json *json)
{
	yajl_gen_array_close(json->gen);
}

void json_text(struct json *json, const char *key, const char *text)
{
	put_key(json, key);
	put_text(json, text, strlen(text));
}

void json_hex(struct json *json, const char *key, const uint8_t *bytes, size_t size)
{
	char text[2 * 64 + 1] = "";

	for (size_t i = 0; i < size && i < 64; i++) {
		sprintf(text + 2 * i, "%02x", bytes[i]);
	}
	json_text(json, key, text);
}

void json_number(struct json *json, const char *key, long long number)
{
	put_key(json, key);
	yajl_gen_integer(json->gen, number);
}

void json_seconds(struct json *json, const char *key, uint64_t nanoseconds)
{
	char text[32];
	int size = snprintf(text, sizeof(text), "%.1f", (double)nanoseconds / 1e9);

	put_key(json, key);
	yajl_gen_number(json->gen, text, (size_t)size);
}

void json_null(struct json *json, const char *key)
{
	put_key(json, key);
	yajl_gen_null(json->gen);
}

void json_bool(struct json *json, const char *key, bool value)
{
	put_key(json, key);
	yajl_gen_bool(json->gen, value);
}

void json_print(struct json *json)
{
	const unsigned char *text;
	size_t size;

	yajl_gen_get_buf(json->gen, &text, &size);
	fwrite(text, 1, size, stdout);
	if (!size || text[size - 1] != '\n') {
		putchar('\n');
	}
	yajl_gen_free(json->gen);
	free(json);
}
