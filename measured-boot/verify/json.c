/* SPDX-License-Identifier: MIT */
/*
 * Reading values out of JSON (json.h): what a value must be, and the message when it is not.  The
 * text itself was checked by json_scan.c; json-c built the tree.
 */
#include "measured-boot/verify/json.h"
#include "measured-boot/verify/json_scan.h"
#include "tools/lib/hex.h"
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- faults ------------------------------------------------------------------------------- */

static void append(char *out, size_t room, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void append(char *out, size_t room, const char *format, ...)
{
	size_t used = strlen(out);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(out + used, room - used, format, arguments);
	va_end(arguments);
}

/* Writes "records[3].proof"; as deep as our own code reads, so at most JSON_DEPTH_MAX calls. */
static void append_path(char *out, size_t room, const struct json_node *at)
{
	if (!at->parent) {
		return;
	}
	append_path(out, room, at->parent);
	if (at->key) {
		append(out, room, "%s%s", at->parent->parent ? "." : "", at->key);
	} else {
		append(out, room, "[%zu]", at->index);
	}
}

/* Nothing that a terminal could take for a command: file names and keys are in messages. */
static void escape_controls(char *text, size_t room)
{
	char copy[256];
	size_t used = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (const char *c = copy; *c && used + 5 < room; c++) {
		used += (size_t)snprintf(text + used, room - used,
					 *c < ' ' || *c > '~' ? "\\x%02x" : "%c", (uint8_t)*c);
	}
}

bool json_fault(const struct json_node *at, const char *format, ...)
{
	struct json_file *f = at->file;
	va_list arguments;
	size_t used;

	if (f->failed) {
		return false;
	}
	f->failed = true;
	snprintf(f->error, sizeof(f->error), "%.100s: ", f->name);
	if (at->parent) {
		append_path(f->error, sizeof(f->error), at);
		append(f->error, sizeof(f->error), ": ");
	}
	used = strlen(f->error);
	va_start(arguments, format);
	vsnprintf(f->error + used, sizeof(f->error) - used, format, arguments);
	va_end(arguments);
	escape_controls(f->error, sizeof(f->error));
	return false;
}

static bool usable(const struct json_node *node)
{
	return !node->file->failed && node->object;
}

/* ---- opening ------------------------------------------------------------------------------ */

static struct json_object *parse(const struct json_node *root, const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 2);
	struct json_object *object;
	size_t end;

	if (!tokener) {
		json_fault(root, "out of memory");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	end = json_tokener_get_parse_end(tokener);
	if (!object) {
		enum json_tokener_error error = json_tokener_get_error(tokener);
		const char *why = json_tokener_error_desc(error);

		if (error == json_tokener_success) {
			why = "null";
		} else if (error == json_tokener_continue) {
			why = "the file ends inside a value";
		}
		json_fault(root, "expected a JSON object, found at byte %zu: %s", end, why);
	}
	json_tokener_free(tokener);
	while (end < length && text[end] && strchr(" \t\r\n", text[end])) {
		end++;
	}
	if (end != length) { /* after a fault this is none: the first one stays */
		json_fault(root, "expected the end of the file at byte %zu, found more", end);
	}
	return object;
}

bool json_open(struct json_file *f, struct json_node *root, const char *name, const char *text,
	       size_t length)
{
	*f = (struct json_file){.name = name};
	*root = (struct json_node){.file = f};
	if (length > JSON_FILE_MAX) {
		return json_fault(root, "expected at most %u bytes, found %zu", JSON_FILE_MAX,
				  length);
	}
	if (!json_scan(root, text, length)) {
		return false;
	}
	f->root = root->object = parse(root, text, length);
	return json_is_object(root);
}

bool json_open_path(struct json_file *f, struct json_node *root, const char *path, size_t max)
{
	return json_open_input(NULL, f, root, path, max);
}

bool json_open_input(struct verdict *verdict, struct json_file *f, struct json_node *root,
		     const char *path, size_t max)
{
	struct bytes raw;
	char error[256];

	*f = (struct json_file){.name = path};
	*root = (struct json_node){.file = f};
	if (!input_read(verdict, path, max < JSON_FILE_MAX ? max : JSON_FILE_MAX, &raw, error)) {
		f->failed = true;
		memcpy(f->error, error, sizeof(f->error));
		return false;
	}
	json_open(f, root, path, (const char *)raw.data, raw.length);
	f->raw = raw;
	return !f->failed;
}

bool json_ok(const struct json_file *f)
{
	return !f->failed;
}

void json_close(struct json_file *f)
{
	json_object_put(f->root);
	free(f->raw.data);
	f->root = NULL;
	f->raw = (struct bytes){0};
}

/* ---- the tree ----------------------------------------------------------------------------- */

static bool contains(const char *const *keys, const char *key)
{
	for (; *keys; keys++) {
		if (strcmp(*keys, key) == 0) {
			return true;
		}
	}
	return false;
}

void json_only(const struct json_node *object, const char *const *keys)
{
	if (!json_is_object(object)) {
		return;
	}
	json_object_object_foreach(object->object, key, value)
	{
		(void)value;
		if (!contains(keys, key)) {
			json_fault(object, "unknown key \"%.40s\"", key);
			return;
		}
	}
}

void json_format(const struct json_node *root, const char *format)
{
	struct json_node node = json_member(root, "format");
	const char *found = json_text(node, 64);

	if (strcmp(found, format) != 0) {
		json_fault(root, "is a %s, expected %s", found, format);
	}
}

bool json_has(const struct json_node *object, const char *key)
{
	return usable(object) && json_object_object_get_ex(object->object, key, NULL);
}

struct json_node json_member(const struct json_node *object, const char *key)
{
	struct json_node node = {.file = object->file, .parent = object, .key = key};

	if (!json_is_object(object)) {
		return node;
	}
	if (!json_object_object_get_ex(object->object, key, &node.object)) {
		json_fault(&node, "missing");
	} else if (!node.object) {
		json_fault(&node, "null stands for nothing here");
	}
	return node;
}

size_t json_count(const struct json_node *node)
{
	if (!usable(node)) {
		return 0;
	}
	return json_object_is_type(node->object, json_type_array)
		       ? json_object_array_length(node->object)
		       : (size_t)json_object_object_length(node->object);
}

struct json_node json_item(const struct json_node *array, size_t index)
{
	struct json_node node = {.file = array->file, .parent = array, .index = index};

	if (usable(array)) {
		node.object = json_object_array_get_idx(array->object, index);
		if (!node.object) {
			json_fault(&node, "null stands for nothing here");
		}
	}
	return node;
}

/* ---- values ------------------------------------------------------------------------------- */

bool json_is_object(const struct json_node *node)
{
	return usable(node) && (json_object_is_type(node->object, json_type_object) ||
				json_fault(node, "expected an object"));
}

bool json_is_array(const struct json_node *node, size_t max)
{
	if (!usable(node)) {
		return false;
	}
	if (!json_object_is_type(node->object, json_type_array)) {
		return json_fault(node, "expected an array");
	}
	return json_object_array_length(node->object) <= max ||
	       json_fault(node, "expected at most %zu items, found %zu", max,
			  json_object_array_length(node->object));
}

uint64_t json_number(struct json_node node, uint64_t max)
{
	uint64_t value;

	if (!usable(&node)) {
		return 0;
	}
	/* json-c answers 0 for negative numbers and the greatest one for those too large. */
	value = json_object_get_uint64(node.object);
	if (!json_object_is_type(node.object, json_type_int) ||
	    json_object_get_int64(node.object) < 0 || value > max || value == UINT64_MAX) {
		json_fault(&node, "expected a whole number from 0 to %llu",
			   (unsigned long long)(max == UINT64_MAX ? max - 1 : max));
		return 0;
	}
	return value;
}

/* The string and its length; "" after a fault. */
static const char *string(const struct json_node *node, size_t *length, const char *expected)
{
	*length = 0;
	if (!usable(node)) {
		return "";
	}
	if (!json_object_is_type(node->object, json_type_string)) {
		json_fault(node, "expected %s", expected);
		return "";
	}
	*length = (size_t)json_object_get_string_len(node->object);
	return json_object_get_string(node->object);
}

const char *json_text(struct json_node node, size_t max)
{
	size_t length;
	const char *text = string(&node, &length, "a text");

	for (size_t i = 0; i < length; i++) {
		if (text[i] < ' ' || text[i] > '~') {
			json_fault(&node, "expected printable ASCII characters only");
			return "";
		}
	}
	if (length > max) {
		json_fault(&node, "expected at most %zu characters, found %zu", max, length);
		return "";
	}
	return text;
}

static bool decode(const struct json_node *node, const char *text, size_t digits, uint8_t *out,
		   size_t length)
{
	if (digits == 2 * length && hex_decode(text, out, length)) {
		return true;
	}
	memset(out, 0, length);
	return json_fault(node, "expected %zu hex digits", 2 * length);
}

bool json_hex(struct json_node node, uint8_t *out, size_t length)
{
	size_t digits;
	const char *text = string(&node, &digits, "hex digits");

	return decode(&node, text, digits, out, length);
}

bool json_hex_or_empty(struct json_node node, uint8_t *out, size_t length)
{
	size_t digits;
	const char *text = string(&node, &digits, "hex digits or \"\"");

	if (digits == 0) {
		memset(out, 0, length);
		return false;
	}
	return decode(&node, text, digits, out, length);
}

void json_hex_bytes(struct json_node node, size_t max, struct bytes *out)
{
	size_t digits;
	const char *text = string(&node, &digits, "hex digits");

	*out = (struct bytes){0};
	if (digits == 0 || digits % 2 || digits / 2 > max) {
		json_fault(&node, "expected an even number of hex digits, 2 to %zu", 2 * max);
		return;
	}
	out->data = malloc(digits / 2);
	if (!out->data || !hex_decode(text, out->data, digits / 2)) {
		free(out->data);
		out->data = NULL;
		json_fault(&node, "expected hex digits only");
		return;
	}
	out->length = digits / 2;
}

void json_base64(struct json_node node, size_t max, struct bytes *out)
{
	size_t length;
	const char *text = string(&node, &length, "base64");

	*out = (struct bytes){0};
	if (length == 0 || length > BASE64_SIZE(max)) {
		json_fault(&node, "expected base64 of 1 to %zu bytes", max);
		return;
	}
	out->data = malloc(length / 4 * 3 + 3);
	if (!out->data || strlen(text) != length || !base64_decode(text, out->data, &out->length) ||
	    out->length > max) {
		free(out->data);
		*out = (struct bytes){0};
		json_fault(&node, "expected base64 with padding and without line breaks");
	}
}

/* ---- files -------------------------------------------------------------------------------- */

static bool read_all(int fd, size_t length, struct bytes *out)
{
	out->data = calloc(1, length + 1); /* a NUL at its end */
	while (out->data && out->length < length) {
		ssize_t got = read(fd, out->data + out->length, length - out->length);

		if (got <= 0) {
			return false;
		}
		out->length += (size_t)got;
	}
	return out->data != NULL;
}

bool file_read(const char *path, size_t max, struct bytes *out, char error[256])
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool good = false;

	*out = (struct bytes){0};
	errno = fd < 0 ? errno : 0;
	if (fd < 0 || fstat(fd, &status) != 0) {
		snprintf(error, 256, "%.150s: cannot be read: %s", path, strerror(errno));
	} else if (!S_ISREG(status.st_mode)) {
		snprintf(error, 256, "%.150s: expected a regular file", path);
	} else if ((uint64_t)status.st_size > max) {
		snprintf(error, 256, "%.150s: expected at most %zu bytes, found %lld", path, max,
			 (long long)status.st_size);
	} else if (!read_all(fd, (size_t)status.st_size, out)) {
		snprintf(error, 256, "%.150s: cannot be read to its end: %s", path,
			 errno ? strerror(errno) : "it became shorter");
	} else {
		good = true;
	}
	if (!good) {
		escape_controls(error, 256);
		free(out->data);
		*out = (struct bytes){0};
	}
	if (fd >= 0) {
		close(fd);
	}
	return good;
}

bool input_read(struct verdict *verdict, const char *path, size_t max, struct bytes *out,
		char error[256])
{
	bool good = file_read(path, max, out, error);
	struct verdict_subject *about = verdict ? &verdict->about : NULL;

	if (about && about->inputs < VERDICT_INPUTS_MAX) {
		snprintf(about->input[about->inputs].file, sizeof(about->input[about->inputs].file),
			 "%s", path);
		about->input[about->inputs].read = good;
		if (good) {
			SHA256(out->data, out->length, about->input[about->inputs].sha256);
		}
		about->inputs++;
	}
	return good;
}
