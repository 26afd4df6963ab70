/* SPDX-License-Identifier: MIT */
/*
 * Decoder of the canonical request (abi/request.h).  Input is hostile but already private.  One
 * table says for each tag where it goes and what it may hold; one loop demands exactly these
 * fields in this order.
 */
#include "builder-domain/lib.h"
#include "builder-domain/request.h"

#define bad_request(...) fail(XEN_EINVAL, "request: " __VA_ARGS__)

#define MEMORY_MIN_MIB 4
#define MEMORY_MAX_MIB 1048576
#define FILE_MAX       ((uint64_t)MEMORY_MAX_MIB << 20)

enum kind { TEXT, LABEL, NAME, BYTES, NUMBER, OPTIONAL };

struct field_rule {
	const char *name;
	enum kind kind;
	uint16_t offset;
	uint16_t size;     /* most bytes; of BYTES and NUMBER exactly; OPTIONAL: or none */
	uint64_t min, max; /* of a text's length, or of a number */
};

#define RULE(tag, kind, field, size, min, max)                                                     \
	[CORBEL_RQ_##tag] = {#tag, kind, __builtin_offsetof(struct build_request, field),          \
			     size, min,  max}

static const struct field_rule rules[CORBEL_RQ_tag_end] = {
	RULE(name, NAME, name, 63, 1, 63),
	RULE(uuid, BYTES, uuid, 16, 16, 16),
	RULE(memory, NUMBER, memory_mib, 4, MEMORY_MIN_MIB, MEMORY_MAX_MIB),
	RULE(vcpus, NUMBER, vcpus, 4, 1, CORBEL_MAX_VCPUS),
	RULE(weight, NUMBER, weight, 4, 1, 65535),
	RULE(label, LABEL, label, 63, 1, 63),
	RULE(cmdline, TEXT, cmdline, 2047, 0, 2047),
	RULE(kernel, NUMBER, kernel_size, 8, 1, FILE_MAX),
	RULE(initrd, NUMBER, initrd_size, 8, 0, FILE_MAX),
	RULE(flags, NUMBER, flags, 4, 0, UINT32_MAX),
	RULE(owner, OPTIONAL, owner, sizeof(struct corbel_owner_manifest), 0, UINT16_MAX)};

struct cursor {
	const uint8_t *bytes;
	uint64_t left;
};

static MUST_CHECK int take(struct cursor *c, void *out, uint64_t len)
{
	if (len > c->left) {
		return bad_request("cut short: %lu bytes wanted, %lu left", len, c->left);
	}
	memcpy(out, c->bytes, len);
	c->bytes += len;
	c->left -= len;
	return 0;
}

static MUST_CHECK int check_header(struct cursor *c)
{
	struct corbel_request_header h;
	uint64_t size = c->left;
	int rc = take(c, &h, sizeof(h));

	if (rc != 0) {
		return rc;
	}
	if (h.magic != CORBEL_REQUEST_MAGIC || h.version != CORBEL_REQUEST_VERSION ||
	    h.reserved != 0) {
		return bad_request("magic %x, version %u, reserved %u; not %x, %u, 0", h.magic,
				   h.version, h.reserved, CORBEL_REQUEST_MAGIC,
				   CORBEL_REQUEST_VERSION);
	}
	if (h.size != size || size > CORBEL_REQUEST_MAX) {
		return bad_request("header says %u bytes, %lu are there (at most %u)", h.size, size,
				   CORBEL_REQUEST_MAX);
	}
	return 0;
}

/* Name and label are printed, so their characters matter; the command line is not. */
static int is_allowed(enum kind kind, uint8_t c)
{
	uint8_t letter = c | 0x20;

	switch (kind) {
	case TEXT:
		return c != '\0';
	case LABEL:
		return c > ' ' && c <= '~';
	default: /* NAME */
		return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
		       c == '_' || c == '+' || c == '-';
	}
}

static MUST_CHECK int check_value(const struct field_rule *rule, const uint8_t *value, uint16_t len)
{
	int is_text = rule->kind <= NAME;
	uint64_t number = len;

	if (!is_text && len != rule->size && (rule->kind != OPTIONAL || len != 0)) {
		return bad_request("%s has %u bytes, not %u", rule->name, len, rule->size);
	}
	if (rule->kind == NUMBER) {
		number = 0;
		memcpy(&number, value, len); /* little endian, as the field */
	}
	if (number < rule->min || number > rule->max) {
		return bad_request("%s%s is %lu, must be %lu to %lu", is_text ? "length of " : "",
				   rule->name, number, rule->min, rule->max);
	}
	for (uint16_t i = 0; is_text && i < len; i++) {
		if (!is_allowed(rule->kind, value[i])) {
			return bad_request("%s has byte %x at %u", rule->name, value[i], i);
		}
	}
	return 0;
}

static MUST_CHECK int take_field(struct cursor *c, uint16_t tag, struct build_request *out)
{
	const struct field_rule *rule = &rules[tag];
	uint8_t *value = (uint8_t *)out + rule->offset;
	struct {
		uint16_t tag, len;
	} head;
	int rc = take(c, &head, sizeof(head));

	if (rc != 0) {
		return rc;
	}
	if (head.tag != tag) {
		return bad_request("tag %u where %u (%s) is due", head.tag, tag, rule->name);
	}
	if (head.len > rule->size) {
		return bad_request("%s has %u bytes, at most %u", rule->name, head.len, rule->size);
	}
	out->owner_len = rule->kind == OPTIONAL ? head.len : 0;
	return take(c, value, head.len) ?: check_value(rule, value, head.len);
}

int request_decode(const uint8_t *bytes, uint64_t size, uint32_t flags_allowed,
		   struct build_request *out)
{
	struct cursor c = {bytes, size};
	int rc = check_header(&c);

	memset(out, 0, sizeof(*out));
	for (uint16_t tag = 1; rc == 0 && tag < CORBEL_RQ_tag_end; tag++) {
		rc = take_field(&c, tag, out);
	}
	if (rc != 0) {
		return rc;
	}
	if (c.left != 0) {
		return bad_request("%lu bytes follow the last field", c.left);
	}
	if ((out->flags & ~flags_allowed) != 0) {
		return bad_request("flags %x, of which %x are not allowed here", out->flags,
				   out->flags & ~flags_allowed);
	}
	out->cmdline_len = (uint32_t)strlen(out->cmdline);
	return 0;
}
