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

static struct {
	struct corbel_signed_policy head;
	uint8_t blob[CORBEL_POLICY_MAX] __attribute__((aligned(8)));
} file;
_Static_assert(__builtin_offsetof(__typeof__(file), blob) == sizeof(file.head), "as fetched");

static MUST_CHECK int check_request(const struct corbel_builder_start *start,
				    const struct corbel_policy_request *r, uint32_t size)
{
	static const uint8_t none[sizeof(start->policy_key)];

	if (size != sizeof(*r) || r->magic != CORBEL_POLICY_REQUEST_MAGIC) {
		return bad_policy("request of %u bytes, magic %x; not %u, %x", size, r->magic,
				  (unsigned)sizeof(*r), CORBEL_POLICY_REQUEST_MAGIC);
	}
	if ((r->flags & ~(CORBEL_POLICY_REVOKE | CORBEL_POLICY_CHECK)) != 0) {
		return bad_policy("flags %x, must be of %x", r->flags,
				  CORBEL_POLICY_REVOKE | CORBEL_POLICY_CHECK);
	}
	if (r->size <= sizeof(file.head) || r->size > sizeof(file)) {
		return bad_policy("a signed policy of %u bytes, must be %u to %u", r->size,
				  (unsigned)sizeof(file.head) + 1, (unsigned)sizeof(file));
	}
	if (memcmp(start->policy_key, none, sizeof(none)) == 0) {
		return fail(XEN_EPERM, "policy: this host knows no operator's key (policy-key)");
	}
	return 0;
}

static MUST_CHECK int fetch_file(const struct source *source, uint32_t size)
{
	int rc = 0;

	source->progress(CORBEL_RING_staging);
	for (uint32_t at = 0; rc == 0 && at < size;) {
		uint32_t len = MIN(size - at, source->chunk);
		const uint8_t *bytes;

		rc = source->fetch(CORBEL_FILE_policy, at, len, &bytes);
		if (rc == 0) {
			memcpy((uint8_t *)&file + at, bytes, len);
		}
		at += len;
	}
	source->progress(CORBEL_RING_building);
	return rc;
}

static MUST_CHECK int check_signature(const struct corbel_builder_start *start)
{
	const struct corbel_signed_policy *head = &file.head;
	uint8_t digest[SHA256_LEN];

	if (memcmp(head->magic, CORBEL_SIGNED_MAGIC, sizeof(head->magic)) != 0) {
		return bad_policy("the file is no signed policy, its magic is wrong");
	}
	key_digest(head->key, digest);
	if (memcmp(digest, start->policy_key[0], SHA256_LEN) != 0 &&
	    memcmp(digest, start->policy_key[1], SHA256_LEN) != 0) {
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
	uint8_t digest[SHA256_LEN];

	if (head->size != size - sizeof(*head)) {
		return bad_policy("a blob of %u bytes, %u are signed",
				  size - (uint32_t)sizeof(*head), head->size);
	}
	if (head->serial == 0 || (head->flags & ~CORBEL_POLICY_NO_ROLLBACK) != 0) {
		return bad_policy("serial %lu, flags %x; must be above 0, of %x", head->serial,
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

static MUST_CHECK int load_blob(const struct corbel_policy_request *r,
				struct corbel_policy_load *load)
{
	load->buffer = (uintptr_t)file.blob;
	load->size = file.head.size;
	load->flags = file.head.flags | r->flags;
	load->serial = file.head.serial;
	if ((load->flags & (CORBEL_POLICY_NO_ROLLBACK | CORBEL_POLICY_CHECK)) == 0) {
		load->confirm_s = r->confirm_s;
		if (r->confirm_s == 0 || r->confirm_s > CONFIRM_MAX_S) {
			return bad_policy("%u seconds to confirm, must be 1 to %u", r->confirm_s,
					  CONFIRM_MAX_S);
		}
	}
	return load_result(load, corbel_call(CORBEL_OP_policy_load, load));
}

int policy_serve(const struct corbel_builder_start *start, const void *bytes, uint32_t size,
		 const struct source *source, struct corbel_policy_load *load)
{
	const struct corbel_policy_request *request = bytes;
	int rc = check_request(start, request, size) ?: fetch_file(source, request->size)
			 ?: check_signature(start)
			 ?: check_content(request->size)
			 ?: load_blob(request, load);

	if (rc == 0) {
		print("policy serial %lu %s: %u uses forbidden by it, %u ended", load->serial,
		      (load->flags & CORBEL_POLICY_CHECK) != 0 ? "checked" : "loaded",
		      load->standing, load->revoked);
	}
	return rc;
}
