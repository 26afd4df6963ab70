/* SPDX-License-Identifier: MIT */
/*
 * Decoder of the canonical request (builder-domain/abi.h).  Input is hostile but already private.
 * One table says for each tag where it goes and what it may hold; one loop demands exactly these
 * fields in this order, of which only `devices` may be left out.
 */
#include "builder-domain/lib.h"
#include "builder-domain/request.h"

#define bad_request(...) fail(XEN_EINVAL, "request: " __VA_ARGS__)

#define MEMORY_MIN_MIB 4
#define MEMORY_MAX_MIB 1048576
#define FILE_MAX       ((uint64_t)MEMORY_MAX_MIB << 20)
#define WEIGHT_MAX     65535

/* Texts keep the last byte of their field for the NUL. */
#define NAME_MAX    (sizeof(((struct build_request *)0)->name) - 1)
#define LABEL_MAX   (sizeof(((struct build_request *)0)->label) - 1)
#define CMDLINE_MAX (sizeof(((struct build_request *)0)->cmdline) - 1)

enum kind {
	TEXT,     /* no NUL */
	LABEL,    /* printable */
	NAME,     /* letters, digits and few more: it becomes part of other names */
	BYTES,    /* a fixed number */
	NUMBER,   /* little endian, as wide as its field */
	OPTIONAL, /* a fixed number, or none */
	DEVICES,  /* 1 or more functions, strictly ascending; the only field that may be left out */
};

struct field_rule {
	const char *name;
	enum kind kind;
	uint16_t offset;
	uint16_t size; /* most bytes; of BYTES and NUMBER exactly; OPTIONAL: or none */
	uint64_t min;  /* of a text's length, or of a number */
	uint64_t max;
};

/* clang-format off */
#define RULE(tag, field_kind, field, most, least_value, most_value)                                \
	[CORBEL_RQ_##tag] = {                                                                      \
		.name = #tag,                                                                      \
		.kind = field_kind,                                                                \
		.offset = __builtin_offsetof(struct build_request, field),                         \
		.size = most,                                                                      \
		.min = least_value,                                                                \
		.max = most_value,                                                                 \
	}
/* clang-format on */

static const struct field_rule rules[CORBEL_RQ_tag_end] = {
	RULE(name, NAME, name, NAME_MAX, 1, NAME_MAX),
	RULE(uuid, BYTES, uuid, 16, 16, 16),
	RULE(memory, NUMBER, memory_mib, 4, MEMORY_MIN_MIB, MEMORY_MAX_MIB),
	RULE(vcpus, NUMBER, vcpus, 4, 1, CORBEL_MAX_VCPUS),
	RULE(weight, NUMBER, weight, 4, 1, WEIGHT_MAX),
	RULE(label, LABEL, label, LABEL_MAX, 1, LABEL_MAX),
	RULE(cmdline, TEXT, cmdline, CMDLINE_MAX, 0, CMDLINE_MAX),
	RULE(kernel, NUMBER, kernel_size, 8, 1, FILE_MAX),
	RULE(initrd, NUMBER, initrd_size, 8, 0, FILE_MAX),
	RULE(flags, NUMBER, flags, 4, 0, UINT32_MAX),
	RULE(owner, OPTIONAL, owner, sizeof(struct corbel_owner_manifest), 0, UINT16_MAX),
	RULE(devices, DEVICES, devices, sizeof(((struct build_request *)0)->devices), 0,
	     UINT16_MAX),
};

struct cursor {
	const uint8_t *bytes;
	uint64_t left;
};

static MUST_CHECK int take(struct cursor *cursor, void *out, uint64_t len)
{
	if (len > cursor->left) {
		return bad_request("cut short: %lu bytes wanted, %lu left", len, cursor->left);
	}
	memcpy(out, cursor->bytes, len);
	cursor->bytes += len;
	cursor->left -= len;
	return 0;
}

static MUST_CHECK int check_header(struct cursor *cursor)
{
	struct corbel_request_header header;
	uint64_t size = cursor->left;
	int rc = take(cursor, &header, sizeof(header));

	if (rc != 0) {
		return rc;
	}
	if (header.magic != CORBEL_REQUEST_MAGIC || header.version != CORBEL_REQUEST_VERSION ||
	    header.reserved != 0) {
		return bad_request("magic 0x%x, version %u, reserved %u; not 0x%x, %u, 0",
				   header.magic, header.version, header.reserved,
				   CORBEL_REQUEST_MAGIC, CORBEL_REQUEST_VERSION);
	}
	if (header.size != size || size > CORBEL_REQUEST_MAX) {
		return bad_request("header says %u bytes, %lu are there (at most %u)", header.size,
				   size, CORBEL_REQUEST_MAX);
	}
	return 0;
}

static int is_name_byte(uint8_t byte)
{
	uint8_t lower = byte | 0x20;

	if (lower >= 'a' && lower <= 'z') {
		return 1;
	}
	if (byte >= '0' && byte <= '9') {
		return 1;
	}
	return byte == '.' || byte == '_' || byte == '+' || byte == '-';
}

/* Name and label are printed, so their characters matter; the command line is not. */
static int is_allowed(enum kind kind, uint8_t byte)
{
	switch (kind) {
	case TEXT:
		return byte != '\0';
	case LABEL:
		return byte > ' ' && byte <= '~';
	default: /* NAME */
		return is_name_byte(byte);
	}
}

static MUST_CHECK int check_text(const struct field_rule *rule, const uint8_t *value, uint16_t len)
{
	if (len < rule->min || len > rule->max) {
		return bad_request("length of %s is %u, must be %lu to %lu", rule->name, len,
				   rule->min, rule->max);
	}
	for (uint16_t i = 0; i < len; i++) {
		if (!is_allowed(rule->kind, value[i])) {
			return bad_request("%s has byte 0x%x at %u", rule->name, value[i], i);
		}
	}
	return 0;
}

static MUST_CHECK int check_number(const struct field_rule *rule, const uint8_t *value,
				   uint16_t len)
{
	uint64_t number = 0;

	memcpy(&number, value, len); /* little endian, as the field */
	if (number < rule->min || number > rule->max) {
		return bad_request("%s is %lu, must be %lu to %lu", rule->name, number, rule->min,
				   rule->max);
	}
	return 0;
}

/* One order and no duplicate: one list has one encoding. */
static MUST_CHECK int check_devices(const struct field_rule *rule, const uint8_t *value,
				    uint16_t len)
{
	const uint16_t *devices = (const uint16_t *)value; /* in struct build_request: aligned */
	const uint16_t count = len / sizeof(devices[0]);

	if (len == 0 || len % sizeof(devices[0]) != 0) {
		return bad_request("%s has %u bytes, not 2 for each of 1 to %u", rule->name, len,
				   CORBEL_RQ_DEVICES_MAX);
	}
	for (uint16_t i = 1; i < count; i++) {
		if (devices[i] <= devices[i - 1]) {
			return bad_request("%s has 0x%x after 0x%x: they must ascend", rule->name,
					   devices[i], devices[i - 1]);
		}
	}
	return 0;
}

static MUST_CHECK int check_value(const struct field_rule *rule, const uint8_t *value, uint16_t len)
{
	if (rule->kind <= NAME) {
		return check_text(rule, value, len);
	}
	if (rule->kind == DEVICES) {
		return check_devices(rule, value, len);
	}
	if (rule->kind == OPTIONAL && len == 0) {
		return 0;
	}
	if (len != rule->size) {
		return bad_request("%s has %u bytes, not %u", rule->name, len, rule->size);
	}
	if (rule->kind == NUMBER) {
		return check_number(rule, value, len);
	}
	return 0;
}

static MUST_CHECK int take_field(struct cursor *cursor, uint16_t tag, struct build_request *out)
{
	const struct field_rule *rule = &rules[tag];
	uint8_t *value = (uint8_t *)out + rule->offset;
	struct {
		uint16_t tag;
		uint16_t len;
	} head;
	int rc = take(cursor, &head, sizeof(head));

	if (rc != 0) {
		return rc;
	}
	if (head.tag != tag) {
		return bad_request("tag %u where %u (%s) is due", head.tag, tag, rule->name);
	}
	if (head.len > rule->size) {
		return bad_request("%s has %u bytes, at most %u", rule->name, head.len, rule->size);
	}
	if (rule->kind == OPTIONAL) {
		out->owner_len = head.len;
	}
	if (rule->kind == DEVICES) {
		out->device_count = head.len / sizeof(out->devices[0]);
	}
	rc = take(cursor, value, head.len);
	if (rc == 0) {
		rc = check_value(rule, value, head.len);
	}
	return rc;
}

static int is_next(const struct cursor *cursor, uint16_t tag)
{
	uint16_t next = 0;

	if (cursor->left >= sizeof(next)) {
		memcpy(&next, cursor->bytes, sizeof(next));
	}
	return next == tag;
}

int request_decode(const uint8_t *bytes, uint64_t size, uint32_t flags_allowed,
		   struct build_request *out)
{
	struct cursor cursor = {.bytes = bytes, .left = size};
	uint32_t forbidden;
	int rc = check_header(&cursor);

	memset(out, 0, sizeof(*out));
	for (uint16_t tag = 1; rc == 0 && tag < CORBEL_RQ_tag_end; tag++) {
		if (rules[tag].kind != DEVICES || is_next(&cursor, tag)) {
			rc = take_field(&cursor, tag, out);
		}
	}
	if (rc != 0) {
		return rc;
	}
	if (cursor.left != 0) {
		return bad_request("%lu bytes follow the last field", cursor.left);
	}
	forbidden = out->flags & ~flags_allowed;
	if (forbidden != 0) {
		return bad_request("flags 0x%x, of which 0x%x are not allowed here", out->flags,
				   forbidden);
	}
	out->cmdline_len = (uint32_t)strlen(out->cmdline);
	return 0;
}
