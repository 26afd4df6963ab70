/* SPDX-License-Identifier: MIT */
/*
 * JSON out: json-c's objects keep the order in which keys were added.  A regular file appears under
 * its name only when it is complete.
 */
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "measured-boot/attest/attest.h"
#include "tools/lib/hex.h"
#include "tools/lib/files.h"

int attest_error(const char *format, ...)
{
	va_list args;

	fputs("corbel-attest: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return ATTEST_ERROR;
}

void *attest_alloc(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory) {
		attest_error("no memory for %zu bytes", size);
		exit(ATTEST_ERROR);
	}
	return memory;
}

void output_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

void output_number(struct json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

void output_hex(struct json_object *object, const char *key, const void *data, size_t length)
{
	char *text = attest_alloc(2 * length + 1);

	hex_encode(data, length, text);
	output_text(object, key, text);
	free(text);
}

void output_base64(struct json_object *object, const char *key, const void *data, size_t length)
{
	char *text = attest_alloc(BASE64_SIZE(length) + 1);

	base64_encode(data, length, text);
	output_text(object, key, text);
	free(text);
}

void output_proof(struct json_object *object, const char *key, const merkle_hash *proof,
		  size_t length)
{
	struct json_object *array = json_object_new_array();
	char text[2 * MERKLE_LEN + 1];

	for (size_t i = 0; i < length; i++) {
		hex_encode(proof[i], MERKLE_LEN, text);
		json_object_array_add(array, json_object_new_string(text));
	}
	json_object_object_add(object, key, array);
}

int output_write(struct json_object *object, const char *path)
{
	const char *text = json_object_to_json_string_ext(
		object,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
	char why[512], *line;
	int length = asprintf(&line, "%s\n", text);
	int ret;

	if (length < 0) {
		return attest_error("no memory to write %s", path);
	}
	ret = files_write(path, line, (size_t)length, why, sizeof(why));
	free(line);
	return ret ? attest_error("cannot write %s", why) : ATTEST_OK;
}
