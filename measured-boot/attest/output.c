/* SPDX-License-Identifier: MIT */
/*
 * JSON out: json-c's objects keep the order in which keys were added.  A file appears under its
 * name only when it is complete.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measured-boot/attest/attest.h"
#include "measured-boot/lib/hex.h"

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

static int write_text(const char *text, size_t length, FILE *file)
{
	int error = 0;

	errno = 0;
	if (fwrite(text, 1, length, file) != length || fputc('\n', file) == EOF || fflush(file) ||
	    (file != stdout && fsync(fileno(file)))) {
		error = errno ? errno : EIO;
	}
	return error;
}

int output_write(struct json_object *object, const char *path)
{
	size_t length, room = strlen(path) + sizeof(".XXXXXX");
	const char *text = json_object_to_json_string_length(
		object,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE,
		&length);
	char *temporary;
	FILE *file;
	int fd, error;

	if (!strcmp(path, "-")) {
		error = write_text(text, length, stdout);
		return error ? attest_error("cannot write to stdout: %s", strerror(error)) : 0;
	}
	temporary = attest_alloc(room);
	snprintf(temporary, room, "%s.XXXXXX", path);
	fd = mkstemp(temporary);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	error = file ? write_text(text, length, file) : errno;
	if (file && fclose(file) && !error) {
		error = errno;
	}
	if (!error && rename(temporary, path)) {
		error = errno;
	}
	if (error && fd >= 0) {
		unlink(temporary);
	}
	free(temporary);
	return error ? attest_error("cannot write %s: %s", path, strerror(error)) : ATTEST_OK;
}
