/* SPDX-License-Identifier: MIT */
/*
 * Turns struct request into canonical bytes: a header, then every field once in
 * ascending tag order, devices only if there are any.  Refuses what the builder would refuse, so
 * that the user reads the name of the field instead of a tag number; and a command line that is not
 * ASCII, which the builder takes.
 */
#include <string.h>

#include "abi/corbel.h"
#include "builder-domain/abi.h"
#include "tools/plan/encode.h"

struct cursor {
	uint8_t *out;
	size_t used, cap;
};

static void put(struct cursor *c, const void *bytes, size_t len)
{
	if (len <= c->cap - c->used) {
		memcpy(c->out + c->used, bytes, len);
		c->used += len;
	} else {
		c->cap =
			c->used; /* full: nothing more fits, request_encode() sees the short size */
	}
}

static void put_field(struct cursor *c, uint16_t tag, const void *bytes, size_t len)
{
	uint16_t head[2] = {tag, (uint16_t)len};

	put(c, head, sizeof(head));
	put(c, bytes, len);
}

static int name_is_plain(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._+-";

	return name[0] != '\0' && name[strspn(name, allowed)] == '\0';
}

static const char *check(const struct request *r)
{
	if (!memchr(r->name, 0, sizeof(r->name)) || !name_is_plain(r->name)) {
		return "name must be 1 to 63 characters of [A-Za-z0-9._+-]";
	}
	if (r->memory_mib < 4 || r->memory_mib > 1048576) {
		return "memory must be 4 to 1048576 MiB";
	}
	if (r->vcpus < 1 || r->vcpus > CORBEL_MAX_VCPUS) {
		return "vcpus must be 1 to 8";
	}
	if (r->weight < 1 || r->weight > 65535) {
		return "weight must be 1 to 65535";
	}
	if (!memchr(r->label, 0, sizeof(r->label)) || r->label[0] == '\0') {
		return "label must be 1 to 63 bytes";
	}
	if (!memchr(r->cmdline, 0, sizeof(r->cmdline))) {
		return "command line must be at most 2047 bytes";
	}
	for (const char *c = r->cmdline; *c; c++) {
		if ((unsigned char)*c >= 0x80) {
			return "command line must be ASCII";
		}
	}
	if (r->kernel_size == 0) {
		return "kernel file is empty";
	}
	if (r->owner_len != 0 && r->owner_len != sizeof(r->owner)) {
		return "owner manifest must be 296 bytes";
	}
	if (r->devices.count > CORBEL_RQ_DEVICES_MAX) {
		return "devices must be at most 32";
	}
	for (uint32_t i = 1; i < r->devices.count; i++) {
		if (r->devices.function[i] <= r->devices.function[i - 1]) {
			return "devices must ascend";
		}
	}
	return NULL;
}

static size_t devices_size(const struct request *r)
{
	return r->devices.count * sizeof(r->devices.function[0]);
}

/* Bytes that the request takes. */
static size_t size_of(const struct request *r)
{
	size_t size = sizeof(struct corbel_request_header) + 11 * 4 + strlen(r->name) +
		      sizeof(r->uuid) + 4 * sizeof(uint32_t) + strlen(r->label) +
		      strlen(r->cmdline) + 2 * sizeof(uint64_t) + r->owner_len;

	if (r->devices.count != 0) {
		size += 4 + devices_size(r);
	}
	return size;
}

size_t request_encode(const struct request *r, uint8_t *out, size_t cap, const char **why)
{
	struct corbel_request_header header = {CORBEL_REQUEST_MAGIC, CORBEL_REQUEST_VERSION, 0, 0};
	struct cursor c = {out, 0, cap < CORBEL_REQUEST_MAX ? cap : CORBEL_REQUEST_MAX};
	size_t want;

	*why = check(r);
	if (*why) {
		return 0;
	}
	want = size_of(r);
	header.size = (uint32_t)want;
	put(&c, &header, sizeof(header));
	put_field(&c, CORBEL_RQ_name, r->name, strlen(r->name));
	put_field(&c, CORBEL_RQ_uuid, r->uuid, sizeof(r->uuid));
	put_field(&c, CORBEL_RQ_memory, &r->memory_mib, sizeof(r->memory_mib));
	put_field(&c, CORBEL_RQ_vcpus, &r->vcpus, sizeof(r->vcpus));
	put_field(&c, CORBEL_RQ_weight, &r->weight, sizeof(r->weight));
	put_field(&c, CORBEL_RQ_label, r->label, strlen(r->label));
	put_field(&c, CORBEL_RQ_cmdline, r->cmdline, strlen(r->cmdline));
	put_field(&c, CORBEL_RQ_kernel, &r->kernel_size, sizeof(r->kernel_size));
	put_field(&c, CORBEL_RQ_initrd, &r->initrd_size, sizeof(r->initrd_size));
	put_field(&c, CORBEL_RQ_flags, &r->flags, sizeof(r->flags));
	put_field(&c, CORBEL_RQ_owner, &r->owner, r->owner_len);
	if (r->devices.count != 0) {
		put_field(&c, CORBEL_RQ_devices, r->devices.function, devices_size(r));
	}
	if (c.used != want) {
		*why = "request does not fit into the buffer";
		return 0;
	}
	return want;
}
