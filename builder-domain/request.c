/* SPDX-License-Identifier: MIT */
/*
 * Decoder of the canonical request (abi/request.h).  Input is hostile but already private: every
 * field is fetched through one bounded cursor and checked before the next is looked at.
 */
#include "builder-domain/lib.h"
#include "builder-domain/request.h"

#define MEMORY_MIN_MIB 4u
#define MEMORY_MAX_MIB 1048576u

struct cursor {
	const uint8_t *bytes;
	uint64_t left;
};

static int take(struct cursor *c, void *out, uint64_t len)
{
	if (len > c->left) {
		return fail(XEN_EINVAL, "request: cut short: %lu bytes wanted, %lu left", len,
			    c->left);
	}
	memcpy(out, c->bytes, len);
	c->bytes += len;
	c->left -= len;
	return 0;
}

static const char *tag_name(unsigned tag)
{
	static const char *const names[CORBEL_RQ_tag_end] = {
		"",      "name",    "uuid",   "memory", "vcpus", "weight",
		"label", "cmdline", "kernel", "initrd", "flags",
	};

	return tag < CORBEL_RQ_tag_end ? names[tag] : "unknown";
}

struct field {
	uint16_t tag, len;
};

static int take_field(struct cursor *c, uint16_t tag, uint16_t min, uint16_t max, void *out,
		      uint16_t *len)
{
	struct field f;
	int rc = take(c, &f, sizeof(f));

	if (rc != 0) {
		return rc;
	}
	if (f.tag != tag) {
		return fail(XEN_EINVAL, "request: tag %u (%s) where %u (%s) is due", f.tag,
			    tag_name(f.tag), tag, tag_name(tag));
	}
	if (f.len < min || f.len > max) {
		return fail(XEN_EINVAL, "request: %s has %u bytes, must have %u to %u",
			    tag_name(tag), f.len, min, max);
	}
	*len = f.len;
	return take(c, out, f.len);
}

static int take_text(struct cursor *c, uint16_t tag, uint16_t min, uint16_t max, char *out)
{
	uint16_t len = 0;
	int rc = take_field(c, tag, min, max, out, &len);

	if (rc != 0) {
		return rc;
	}
	for (uint16_t i = 0; i < len; i++) {
		if (out[i] == '\0') {
			return fail(XEN_EINVAL, "request: %s has a NUL at byte %u", tag_name(tag),
				    i);
		}
	}
	out[len] = '\0';
	return 0;
}

static int take_number(struct cursor *c, uint16_t tag, uint64_t min, uint64_t max, void *out,
		       uint16_t size)
{
	uint64_t value = 0;
	uint16_t len;
	int rc = take_field(c, tag, size, size, &value, &len);

	if (rc != 0) {
		return rc;
	}
	if (value < min || value > max) {
		return fail(XEN_EINVAL, "request: %s is %lu, must be %lu to %lu", tag_name(tag),
			    value, min, max);
	}
	memcpy(out, &value, size); /* little endian, as the field */
	return 0;
}

static int is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '+' || c == '-';
}

static int check_header(struct cursor *c)
{
	struct corbel_request_header h;
	uint64_t size = c->left;
	int rc = take(c, &h, sizeof(h));

	if (rc != 0) {
		return rc;
	}
	if (h.magic != CORBEL_REQUEST_MAGIC) {
		return fail(XEN_EINVAL, "request: magic %x is not %x", h.magic,
			    CORBEL_REQUEST_MAGIC);
	}
	if (h.version != CORBEL_REQUEST_VERSION || h.reserved != 0) {
		return fail(XEN_EINVAL, "request: version %u (reserved %u) is not %u (0)",
			    h.version, h.reserved, CORBEL_REQUEST_VERSION);
	}
	if (h.size != size || size > CORBEL_REQUEST_MAX) {
		return fail(XEN_EINVAL, "request: header says %u bytes, %lu are there (at most %u)",
			    h.size, size, CORBEL_REQUEST_MAX);
	}
	return 0;
}

static int check_names(const struct build_request *r)
{
	for (unsigned i = 0; r->name[i] != '\0'; i++) {
		if (!is_name_byte(r->name[i])) {
			return fail(XEN_EINVAL, "request: name has byte %x at %u",
				    (uint8_t)r->name[i], i);
		}
	}
	for (unsigned i = 0; r->label[i] != '\0'; i++) {
		if (r->label[i] <= ' ' || r->label[i] > '~') {
			return fail(XEN_EINVAL, "request: label has byte %x at %u",
				    (uint8_t)r->label[i], i);
		}
	}
	return 0;
}

int request_decode(const uint8_t *bytes, uint64_t size, uint32_t flags_allowed,
		   struct build_request *r)
{
	struct cursor c = {bytes, size};
	uint64_t file_max = (uint64_t)MEMORY_MAX_MIB << 20;
	uint16_t len;
	int rc;

	memset(r, 0, sizeof(*r));
	if ((rc = check_header(&c)) != 0 ||
	    (rc = take_text(&c, CORBEL_RQ_name, 1, 63, r->name)) != 0 ||
	    (rc = take_field(&c, CORBEL_RQ_uuid, 16, 16, r->uuid, &len)) != 0 ||
	    (rc = take_number(&c, CORBEL_RQ_memory, MEMORY_MIN_MIB, MEMORY_MAX_MIB, &r->memory_mib,
			      4)) != 0 ||
	    (rc = take_number(&c, CORBEL_RQ_vcpus, 1, CORBEL_MAX_VCPUS, &r->vcpus, 4)) != 0 ||
	    (rc = take_number(&c, CORBEL_RQ_weight, 1, 65535, &r->weight, 4)) != 0 ||
	    (rc = take_text(&c, CORBEL_RQ_label, 1, 63, r->label)) != 0 ||
	    (rc = take_text(&c, CORBEL_RQ_cmdline, 0, 2047, r->cmdline)) != 0 ||
	    (rc = take_number(&c, CORBEL_RQ_kernel, 1, file_max, &r->kernel_size, 8)) != 0 ||
	    (rc = take_number(&c, CORBEL_RQ_initrd, 0, file_max, &r->initrd_size, 8)) != 0 ||
	    (rc = take_number(&c, CORBEL_RQ_flags, 0, UINT32_MAX, &r->flags, 4)) != 0) {
		return rc;
	}
	if (c.left != 0) {
		return fail(XEN_EINVAL, "request: %lu bytes follow the last field", c.left);
	}
	if ((r->flags & ~flags_allowed) != 0) {
		return fail(XEN_EINVAL, "request: flags %x, of which %x are not allowed here",
			    r->flags, r->flags & ~flags_allowed);
	}
	r->cmdline_len = (uint32_t)strlen(r->cmdline);
	return check_names(r);
}
