/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: what the builder does with signed things, an owner's manifest and a policy session.
 * The curve is left out, so that the fuzzer gets past it: a signature counts as good when it begins
 * with GOOD.  Whatever reaches the hypervisor must be covered by such a signature, and be what the
 * signed bytes say.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>

#include "abi/log.h"
#include "builder-domain/hypercall.h"
#include "builder-domain/lib.h"
#include "builder-domain/serve.h"
#include "builder-domain/signature.h"

#define GOOD 0x5A

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t input_size;
static uint8_t approved[SHA256_LEN]; /* the digest last found well signed */
static int is_approved, is_called;
static struct build_request request;
static struct corbel_build_commit commit;
static struct corbel_policy_request ask;

static void demand(int condition)
{
	if (!condition) {
		abort();
	}
}

int signature_is_valid(const uint8_t key[64], const uint8_t signature[64],
		       const uint8_t digest[SHA256_LEN])
{
	(void)key;
	is_approved = signature[0] == GOOD;
	memcpy(approved, digest, SHA256_LEN);
	return is_approved;
}

void key_digest(const uint8_t key[64], uint8_t digest[SHA256_LEN])
{
	sha256(key, 64, digest);
}

static void demand_signed(const void *bytes, size_t size)
{
	uint8_t digest[SHA256_LEN];

	sha256(bytes, size, digest);
	demand(is_approved && memcmp(digest, approved, sizeof(digest)) == 0);
}

static void check_load(const struct corbel_policy_load *load)
{
	const struct corbel_signed_policy *head =
		(const void *)(uintptr_t)(load->buffer - sizeof(*head));
	uint8_t digest[SHA256_LEN];

	demand_signed(head, CORBEL_POLICY_SIGNED);
	demand(load->size > 0 && load->size <= CORBEL_POLICY_MAX && load->size == head->size);
	sha256((const void *)(uintptr_t)load->buffer, load->size, digest);
	demand(memcmp(digest, head->digest, sizeof(digest)) == 0);
	demand(load->serial == head->serial && load->serial > 0);
	demand(load->flags == (head->flags | ask.flags) && load->flags < 8);
	demand((head->flags & ~CORBEL_POLICY_NO_ROLLBACK) == 0);
	demand((ask.flags & CORBEL_POLICY_NO_ROLLBACK) == 0); /* only who signs may say so */
	demand(load->confirm_s <= 3600 &&
	       (load->confirm_s == 0) == ((load->flags & ~CORBEL_POLICY_REVOKE) != 0));
}

static void check_owner(void)
{
	const struct corbel_owner_manifest *m = &request.owner;

	demand_signed(m, CORBEL_OWNER_SIGNED);
	demand(memcmp(m->kernel, commit.kernel, 32) == 0);
	demand(memcmp(m->initrd, commit.initrd, 32) == 0);
	demand(memcmp(m->cmdline, commit.cmdline, 32) == 0);
	demand(memcmp(m->label, request.label, sizeof(m->label)) == 0);
	demand(m->min_builder <= CORBEL_BUILDER_SVN && m->pad == 0);
}

/* ---- the machine ---- */

long hypercall(unsigned number, uint64_t a, uint64_t b, uint64_t c)
{
	void *argument = (void *)(uintptr_t)b;

	(void)c;
	if (number == __HYPERVISOR_console_io) {
		return 0;
	}
	demand(number == CORBEL_HYPERCALL);
	demand(a == CORBEL_OP_policy_load);
	is_called = 1;
	check_load(argument);
	return 0;
}

void *guest_pointer(uint64_t gpa)
{
	(void)gpa;
	abort();
}

uint64_t cycles(void)
{
	abort();
}

void crash(void)
{
	abort();
}

/* ---- Dom0's side ---- */

static int fetch(enum corbel_ring_file which, uint64_t offset, uint32_t len, const uint8_t **bytes)
{
	static uint8_t page[4096];

	demand(which == CORBEL_FILE_policy && len > 0 && len <= sizeof(page));
	if (offset > input_size || len > input_size - offset) {
		return fail(XEN_EIO, "ring: the requester gave up");
	}
	memcpy(page, input + offset, len);
	*bytes = page;
	return 0;
}

static void progress(enum corbel_ring_state state)
{
	(void)state;
}

static void fuzz_policy(uint8_t mode, const uint8_t *data, size_t size)
{
	static const struct source source = {4096, fetch, progress};
	static uint8_t copy[sizeof(struct corbel_signed_policy) + CORBEL_POLICY_MAX];
	struct corbel_signed_policy *head = (void *)copy;
	struct corbel_builder_start start = {.instance = 2};
	struct corbel_policy_load load = {0};
	int rc;

	if (size < sizeof(ask) + sizeof(*head) || size > sizeof(ask) + sizeof(copy)) {
		return;
	}
	memcpy(&ask, data, sizeof(ask));
	input = copy;
	input_size = size - sizeof(ask);
	memcpy(copy, data + sizeof(ask), input_size);
	if (mode & 2) {
		ask.magic = CORBEL_POLICY_REQUEST_MAGIC;
		ask.size = (uint32_t)input_size;
		memcpy(head->magic, CORBEL_SIGNED_MAGIC, sizeof(head->magic));
	}
	if (mode & 4) {
		head->size = (uint32_t)(input_size - sizeof(*head));
		sha256(copy + sizeof(*head), head->size, head->digest);
	}
	if (mode & 8) {
		key_digest(head->key, start.policy_key[mode >> 7]);
	}
	rc = policy_serve(&start, &ask, mode & 16 ? 15 : sizeof(ask), &source, &load);
	demand((rc == 0) == is_called);
	demand((mode & 8) || rc != 0);
}

static void fuzz_owner(uint8_t mode, const uint8_t *data, size_t size)
{
	struct corbel_owner_manifest *m = &request.owner;

	if (size < sizeof(*m) + sizeof(commit)) {
		return;
	}
	memset(&request, 0, sizeof(request));
	memcpy(m, data, sizeof(*m));
	memcpy(&commit, data + sizeof(*m), sizeof(commit));
	request.owner_len = mode & 2 ? sizeof(*m) : 0;
	if (mode & 4) {
		memcpy(m->magic, CORBEL_OWNER_MAGIC, sizeof(m->magic));
		memcpy(m->cmdline, commit.cmdline, 32);
	}
	if (mode & 8) {
		memcpy(m->kernel, commit.kernel, 32);
	}
	if (mode & 16) {
		memcpy(m->initrd, commit.initrd, 32);
	}
	if (mode & 32) {
		memcpy(request.label, m->label, sizeof(request.label));
	}
	if (owner_check(&request, &commit) == 0 && request.owner_len != 0) {
		check_owner();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	fail_reason[0] = 0;
	is_approved = is_called = 0;
	if (data[0] & 1) {
		fuzz_policy(data[0], data + 1, size - 1);
	} else {
		fuzz_owner(data[0], data + 1, size - 1);
	}
	return 0;
}
