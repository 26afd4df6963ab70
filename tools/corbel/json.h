/* SPDX-License-Identifier: MIT */
/*
 * JSON output, by the same generator as xl's, so that text which scripts grep by
 * indentation has the same shape.  A NULL key means "in an array".
 */
#ifndef CORBEL_TOOL_JSON_H
#define CORBEL_TOOL_JSON_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json;

struct json *json_new(bool pretty);
void json_open_map(struct json *json, const char *key);
void json_open_array(struct json *json, const char *key);
void json_close_map(struct json *json);
void json_close_array(struct json *json);
void json_text(struct json *json, const char *key, const char *text);
void json_hex(struct json *json, const char *key, const uint8_t *bytes, size_t size);
void json_number(struct json *json, const char *key, long long number);
/* Plain digits with one decimal, as in the table. */
void json_seconds(struct json *json, const char *key, uint64_t nanoseconds);
void json_null(struct json *json, const char *key);
void json_bool(struct json *json, const char *key, bool value);
/* Prints to stdout with a newline and frees. */
void json_print(struct json *json);

#endif
