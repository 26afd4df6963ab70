/* SPDX-License-Identifier: MIT */
/*
 * Strict, bounded reading of JSON files: evidence, and the verifier's own inputs.  The text is
 * checked for size, depth, number of values and keys given twice before json-c sees it.  The first
 * fault is kept as one message, "FILE: KEY: expected ...", and every later call on that file
 * returns zeroes and changes nothing: a reader asks for all it wants and looks once, at the end, at
 * json_ok().
 *
 *	struct json_file f;
 *	struct json_node root;
 *
 *	if (json_open_path(&f, &root, path, JSON_FILE_MAX)) {
 *		json_format(&root, "corbel.x.1");
 *		json_only(&root, (const char *[]){"format", "name", "digest", NULL});
 *		json_hex(json_member(&root, "digest"), digest, 32);
 *	}
 *	if (!json_ok(&f)) { say(f.error); }
 *	json_close(&f);
 */
#ifndef MEASURED_BOOT_VERIFY_JSON_H
#define MEASURED_BOOT_VERIFY_JSON_H
#include "measured-boot/verify/verify.h"

#define JSON_FILE_MAX   (8u << 20)
#define JSON_DEPTH_MAX  8u
#define JSON_KEYS_MAX   64u     /* members of one object */
#define JSON_VALUES_MAX 400000u /* values in one file */

struct json_object; /* json-c's */

struct json_file {
	const char *name; /* for messages */
	struct json_object *root;
	struct bytes raw; /* json_open_path(): the file as read, e.g. to check a signature over it;
			     valid until json_close() */
	bool failed;
	char error[256]; /* the first fault, one line without a newline */
};

/* A value and the way to it.  Small: passed and returned by value.  `parent` must live as long. */
struct json_node {
	struct json_file *file;
	struct json_object *object; /* NULL: absent, or json_ok() is false */
	const struct json_node *parent;
	const char *key; /* of a member; NULL: an item or the root */
	size_t index;    /* of an item */
};

/* The top value must be an object.  False: the same as json_ok().  json_close() in any case. */
bool json_open(struct json_file *f, struct json_node *root, const char *name, const char *text,
	       size_t length);
/* Reads the file, which must not be longer than `max`.  `path` must outlive the json_file. */
bool json_open_path(struct json_file *f, struct json_node *root, const char *path, size_t max);
bool json_ok(const struct json_file *f);
void json_close(struct json_file *f);

/* Records "FILE: KEY: " and the text, if it is the first fault.  For checks of one's own, e.g.
 * json_fault(node, "expected a PCR below 24").  Always returns false. */
bool json_fault(const struct json_node *at, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Only these keys may be in the object (NULL-terminated). */
void json_only(const struct json_node *object, const char *const *keys);
/* The member "format" must be this text.  Call it first: a file in the place of another is then
 * named as that. */
void json_format(const struct json_node *root, const char *format);
bool json_has(const struct json_node *object, const char *key);
/* The member; a fault if it is not there. */
struct json_node json_member(const struct json_node *object, const char *key);
/* Members of an object, or items of an array: call json_is_object() or json_is_array() first. */
size_t json_count(const struct json_node *node);
struct json_node json_item(const struct json_node *array, size_t index);

/* What a value must be.  Faults name what was expected. */
bool json_is_object(const struct json_node *node);
bool json_is_array(const struct json_node *node, size_t max);
uint64_t json_number(struct json_node node, uint64_t max);
/* Printable ASCII, at most `max` characters; valid until json_close(); never NULL ("" if bad). */
const char *json_text(struct json_node node, size_t max);
/* Exactly 2 * length hex digits. */
bool json_hex(struct json_node node, uint8_t *out, size_t length);
/* "" (then false, and `out` is zeroed) or exactly 2 * length digits. */
bool json_hex_or_empty(struct json_node node, uint8_t *out, size_t length);
/* Any even number of digits, 1 to `max` bytes; out->data is malloc()ed. */
void json_hex_bytes(struct json_node node, size_t max, struct bytes *out);
void json_base64(struct json_node node, size_t max, struct bytes *out);

/* The same of one of the verifier's files: input_read() and json_open_path() in one. */
bool json_open_input(struct verdict *verdict, struct json_file *f, struct json_node *root,
		     const char *path, size_t max);

/* file_read(), and puts the digest of the very bytes that were read into v->about: whatever is
 * judged by is read here, once.  v may be NULL. */
bool input_read(struct verdict *verdict, const char *path, size_t max, struct bytes *out,
		char error[256]);

/* The whole of a regular file of at most `max` bytes, with a NUL behind it that is not counted;
 * data is malloc()ed.  False: `error` says what and where. */
bool file_read(const char *path, size_t max, struct bytes *out, char error[256]);
#endif
