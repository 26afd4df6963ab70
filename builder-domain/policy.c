/* SPDX-License-Identifier: MIT */
/*
 * A policy session: fetches a signed policy into the builder's own memory, verifies whose it is,
 * and hands the blob to the hypervisor, which alone decides whether it comes into force.  Request
 * and file are hostile; the operator's key digests come from the hypervisor.
 */
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"
#include "builder-domain/serve.h"
#include "builder-domain/signature.h"

#define bad_policy(...) fail(XEN_EINVAL, "policy: " __VA_ARGS__)

#define CONFIRM_MAX_S 3600u
#define REQUEST_FLAGS (CORBEL_POLICY_REVOKE | CORBEL_POLICY_CHECK)

static struct {
	struct corbel_signed_policy head;
	uint8_t blob[CORBEL_POLICY_MAX] __attribute__((aligned(8)));
} file;
_Static_assert(__builtin_offsetof(__typeof__(file), blob) == sizeof(file.head), "as fetched");

static MUST_CHECK int check_request(const struct corbel_builder_start *start,
				    const struct corbel_policy_request *request, uint32_t size)
{
	static const uint8_t none[sizeof(start->policy_key)];

	if (size != sizeof(*request) || request->magic != CORBEL_POLICY_REQUEST_MAGIC) {
		return bad_policy("request of %u bytes, magic 0x%x; not %u, 0x%x", size,
				  request->magic, (unsigned)sizeof(*request),
				  CORBEL_POLICY_REQUEST_MAGIC);
	}
	if ((request->flags & ~REQUEST_FLAGS) != 0) {
		return bad_policy("flags 0x%x, must be of 0x%x", request->flags, REQUEST_FLAGS);
	}
	if (request->size <= sizeof(file.head) || request->size > sizeof(file)) {
		return bad_policy("a signed policy of %u bytes, must be %u to %u", request->size,
				  (unsigned)sizeof(file.head) + 1, (unsigned)sizeof(file));
	}
	if (memcmp(start->policy_key, none, sizeof(none)) == 0) {
		return fail(XEN_EPERM, "policy: this host knows no operator's key (policy-key)");
	}
	return 0;
}

/* Into the builder's own memory, where nobody changes it any more. */
static MUST_CHECK int fetch_pieces(const struct source *source, uint32_t size)
{
	uint8_t *to = (uint8_t *)&file;
	uint32_t at = 0;

	while (at < size) {
		uint32_t len = MIN(size - at, source->chunk);
		const uint8_t *bytes;
		int rc = source->fetch(CORBEL_FILE_policy, at, len, &bytes);

		if (rc != 0) {
			return rc;
		}
		memcpy(to + at, bytes, len);
		at += len;
	}
	return 0;
}

static MUST_CHECK int fetch_file(const struct source *source, uint32_t size)
{
	int rc;

	source->progress(CORBEL_RING_staging);
	rc = fetch_pieces(source, size);
	source->progress(CORBEL_RING_building);
	return rc;
}

/* Whether the key is one of the host's two: an old and a new one, so that keys can change. */
static int is_operators(const struct corbel_builder_start *start, const uint8_t digest[SHA256_LEN])
{
	return memcmp(digest, start->policy_key[0], SHA256_LEN) == 0 ||
	       memcmp(digest, start->policy_key[1], SHA256_LEN) == 0;
}

static MUST_CHECK int check_signature(const struct corbel_builder_start *start)
{
	const struct corbel_signed_policy *head = &file.head;
	uint8_t digest[SHA256_LEN];

	if (memcmp(head->magic, CORBEL_SIGNED_MAGIC, sizeof(head->magic)) != 0) {
		return bad_policy("the file is no signed policy, its magic is wrong");
	}
	key_digest(head->key, digest);
	if (!is_operators(start, digest)) {
		return fail(XEN_EPERM, "policy: signed by a key that is not the operator's");
	}
	sha256(head, CORBEL_POLICY_SIGNED, digest);
	if (!signature_is_valid(head->key, head->signature, digest)) {
		return fail(XEN_EPERM, "policy: the signature is not valid");
	}
	return 0;
}

/* What the signature covers, against what was fetched. */
static MUST_CHECK int check_content(uint32_t size)
{
	const struct corbel_signed_policy *head = &file.head;
	uint32_t blob_size = size - (uint32_t)sizeof(*head);
	uint8_t digest[SHA256_LEN];

	if (head->size != blob_size) {
		return bad_policy("a blob of %u bytes, %u are signed", blob_size, head->size);
	}
	if (head->serial == 0 || (head->flags & ~CORBEL_POLICY_NO_ROLLBACK) != 0) {
		return bad_policy("serial %lu, flags 0x%x; must be above 0, of 0x%x", head->serial,
				  head->flags, CORBEL_POLICY_NO_ROLLBACK);
	}
	sha256(file.blob, head->size, digest);
	if (memcmp(digest, head->digest, SHA256_LEN) != 0) {
		return fail(XEN_EPERM, "policy: the blob is not the one signed");
	}
	return 0;
}

static MUST_CHECK int load_result(const struct corbel_policy_load *load, long rc)
{
	switch (rc) {
	case 1:
		return bad_policy("%s", load->reason);
	case -XEN_EBUSY:
		return call_result("policy: another waits to be confirmed", rc);
	case -XEN_EINVAL:
		return call_result("policy: serial not above the one in force", rc);
	default:
		return call_result("policy", rc);
	}
}

/* A policy that may be rolled back falls unless it is confirmed in time; a check puts nothing in
 * force, and without roll-back there is nothing to wait for. */
static int must_be_confirmed(uint32_t flags)
{
	return (flags & (CORBEL_POLICY_NO_ROLLBACK | CORBEL_POLICY_CHECK)) == 0;
}

static MUST_CHECK int load_blob(const struct corbel_policy_request *request,
				struct corbel_policy_load *load)
{
	long rc;

	load->buffer = (uintptr_t)file.blob;
	load->size = file.head.size;
	load->flags = file.head.flags | request->flags;
	load->serial = file.head.serial;
	if (must_be_confirmed(load->flags)) {
		load->confirm_s = request->confirm_s;
		if (request->confirm_s == 0 || request->confirm_s > CONFIRM_MAX_S) {
			return bad_policy("%u seconds to confirm, must be 1 to %u",
					  request->confirm_s, CONFIRM_MAX_S);
		}
	}
	rc = corbel_call(CORBEL_OP_policy_load, load);
	return load_result(load, rc);
}

int policy_serve(const struct corbel_builder_start *start, const void *bytes, uint32_t size,
		 const struct source *source, struct corbel_policy_load *load)
{
	const struct corbel_policy_request *request = bytes;
	const char *done = "loaded";
	int rc = check_request(start, request, size)
			 ?: fetch_file(source, request->size)
			 ?: check_signature(start)
			 ?: check_content(request->size)
			 ?: load_blob(request, load);

	if (rc != 0) {
		return rc;
	}
	if ((load->flags & CORBEL_POLICY_CHECK) != 0) {
		done = "checked";
	}
	print("policy serial %lu %s: %u uses forbidden by it, %u ended", load->serial, done,
	      load->standing, load->revoked);
	return 0;
}
