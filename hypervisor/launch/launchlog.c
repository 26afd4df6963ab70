/* SPDX-License-Identifier: MIT */
/*
 * The launch log (launchlog.h).  Owns the tree's right edge and the ring of records that Dom0 has
 * not stored yet.  Trust boundary: Dom0 only says how far it has stored, and gives a nonce; a guest
 * gives 64 bytes that mean nothing here.
 */
#include "launch/launchlog.h"
#include "base/host.h"
#include "gate/gate.h"
#include "launch/policy.h"
#include "diag/trace.h"
#include "cpu/asm.h"
#include "cpu/time.h"
#include "measured-boot/image/measure.h"
#include "measured-boot/shared/sha2.h"
#include "mm/frames.h"
#include <xen/errno.h>

#define REPORT_NS       10000000000ull /* a domain's reports: one in so long, */
#define REPORT_BURST_NS (15 * REPORT_NS)

static struct corbel_log_record ring[CORBEL_LOG_RING]; /* record i in slot i % CORBEL_LOG_RING */
static uint64_t count, stored;                         /* records; of them, what Dom0 has stored */
static uint32_t reserved;
/* RFC 9162 2.1.1: roots of the full subtrees that make up the tree; [i] counts if bit i of count is
 * set, and has 2^i leaves. */
static uint8_t edge[64][SHA256_LEN];

static struct corbel_checkpoint pending; /* on its way to the TPM, */
static bool is_pending;                  /* if so */

uint32_t host_flags(void)
{
	if (!measure_ok()) {
		return host.flags & ~CORBEL_HOST_MEASURED;
	}
	return host.flags;
}

/* What the CPU calls random; the flag says for good when it has nothing or repeats itself. */
static void draw_random(uint8_t *out, size_t length)
{
	static uint64_t last;

	for (size_t i = 0; i < length; i += sizeof(last)) {
		uint64_t word = rdtsc();

		if (!rdrand(&word) || word == last) {
			host.flags |= CORBEL_HOST_WEAK_ENTROPY;
		}
		last = word;
		memcpy(out + i, &word, sizeof(word));
	}
}

void launchlog_draw_boot_id(void)
{
	draw_random(host.boot_id, sizeof(host.boot_id));
}

/* ---- the tree ----------------------------------------------------------------------------- */

static void hash_leaf(const struct corbel_log_record *record, uint8_t out[SHA256_LEN])
{
	struct sha2_ctx c;

	sha256_init(&c);
	sha256_update(&c, "\0", 1);
	sha256_update(&c, record, sizeof(*record));
	sha256_final(&c, out);
}

/* right = H(1, left, right) */
static void hash_pair(const uint8_t left[SHA256_LEN], uint8_t right[SHA256_LEN])
{
	struct sha2_ctx c;

	sha256_init(&c);
	sha256_update(&c, "\1", 1);
	sha256_update(&c, left, SHA256_LEN);
	sha256_update(&c, right, SHA256_LEN);
	sha256_final(&c, right);
}

static void find_root(uint8_t out[SHA256_LEN])
{
	unsigned i = (unsigned)__builtin_ctzll(count); /* never empty: leaf 0 is the boot's */

	memcpy(out, edge[i], SHA256_LEN);
	while (++i < 64) {
		if (count >> i & 1) {
			hash_pair(edge[i], out);
		}
	}
}

bool launchlog_reserve(uint32_t slots)
{
	if (count - stored + reserved + slots > CORBEL_LOG_RING) {
		return false;
	}
	reserved += slots;
	return true;
}

void launchlog_release(uint32_t slots)
{
	CHECK(reserved >= slots);
	reserved -= slots;
}

static struct corbel_log_record *begin(uint32_t type, uint16_t domid)
{
	struct corbel_log_record *r = &ring[count % CORBEL_LOG_RING];

	launchlog_release(1); /* INV-LOG-1 */
	memset(r, 0, sizeof(*r));
	memcpy(r->magic, CORBEL_LOG_MAGIC, sizeof(r->magic));
	r->type = type;
	r->domid = domid;
	r->index = count;
	r->time_ns = now_ns();
	memcpy(r->boot_id, host.boot_id, sizeof(r->boot_id));
	draw_random(r->salt, sizeof(r->salt));
	memcpy(r->policy, host.policy_digest, sizeof(r->policy));
	r->policy_serial = host.policy_serial;
	r->instance = host.builder_instance;
	r->host_flags = host_flags();
	return r;
}

/* The record is complete and becomes part of the tree. */
static void append(void)
{
	uint8_t hash[SHA256_LEN];
	unsigned i = 0;

	hash_leaf(&ring[count % CORBEL_LOG_RING], hash);
	for (; count >> i & 1; i++) {
		hash_pair(edge[i], hash);
	}
	memcpy(edge[i], hash, sizeof(hash));
	count++;
}

/* ---- records ------------------------------------------------------------------------------ */

void launchlog_boot(void)
{
	struct corbel_log_boot *b;

	CHECK(launchlog_reserve(1));
	b = &begin(CORBEL_LOG_boot, CORBEL_LOG_NONE)->body.boot;
	b->hypervisor_svn = CORBEL_HYPERVISOR_SVN;
	b->builder_svn = host.builder_svn;
	measure_counts(&b->reset_count, &b->restart_count);
	b->banks = measure_banks();
	b->tpm_error = measure_error();
	memcpy(b->builder_image, host.builder_image, sizeof(b->builder_image));
	memcpy(b->policy_key, host.policy_key, sizeof(b->policy_key));
	copy_string(b->version, sizeof(b->version), HOST_VERSION);
	append();
}

void launchlog_launch(struct domain *d)
{
	struct corbel_log_record *r = begin(CORBEL_LOG_launch, d->id);

	r->instance = d->build.instance;
	r->body.launch = d->launch.record;
	d->launch.index = r->index;
	d->launch.log_slots--;
	append();
}

void launchlog_destroy(const struct domain *d)
{
	struct corbel_log_destroy *b;

	if (!d->launch.index) {
		launchlog_release(d->launch.log_slots);
		return;
	}
	b = &begin(CORBEL_LOG_destroy, d->id)->body.destroy;
	b->launch = d->launch.index;
	b->reason = d->shutdown_reason;
	append();
}

void launchlog_policy(const uint8_t before[32], uint64_t before_serial, int reason,
		      uint32_t standing, uint32_t revoked)
{
	struct corbel_log_policy *b =
		&begin(CORBEL_LOG_policy, CORBEL_LOG_NONE)->body.policy_change;

	memcpy(b->before, before, sizeof(b->before));
	b->before_serial = before_serial;
	b->reason = (uint32_t)reason;
	b->standing = standing;
	b->revoked = revoked;
	append();
}

void launchlog_builder(uint32_t ended, int status)
{
	struct corbel_log_builder *b =
		&begin(CORBEL_LOG_builder, CORBEL_DOMID_BUILDER)->body.builder;

	b->ended = ended;
	b->status = status;
	append();
}

/* ---- calls -------------------------------------------------------------------------------- */

long hc_log_read(struct hc_call *call)
{
	struct corbel_log_read *op = (void *)call->in.bytes;
	uint64_t slot = op->first % CORBEL_LOG_RING;
	uint64_t records;
	uint32_t bytes;
	int rc = 0;

	if (op->size > PAGE_SIZE || op->size % sizeof(ring[0])) {
		return -XEN_EINVAL;
	}
	if (op->first > count || op->first < MAX(stored, op->stored)) {
		return -XEN_ENOENT;
	}
	if (op->stored > stored && gate_authorize(call, NULL, XSM_RIGHT(xen, log_store))) {
		return -XEN_EPERM;
	}
	/* As many as there are and fit, up to the end of the ring. */
	records = MIN(count - op->first, CORBEL_LOG_RING - slot);
	records = MIN(records, op->size / sizeof(ring[0]));
	bytes = (uint32_t)(records * sizeof(ring[0]));
	if (bytes) {
		rc = copy_to_guest(call->vcpu, op->buffer, &ring[slot], bytes);
	}
	if (rc) {
		return rc;
	}
	stored = MAX(stored, op->stored);
	op->filled = bytes;
	op->count = count;
	memcpy(op->boot_id, host.boot_id, sizeof(op->boot_id));
	return 0;
}

long hc_log_report(struct hc_call *call)
{
	struct corbel_report *op = (void *)call->in.bytes;
	struct domain *d = call->caller;
	uint64_t now = now_ns();
	uint64_t due = MAX(d->launch.report_due, now);
	struct corbel_log_report *body;

	if (!d->launch.index) {
		return -XEN_ENOENT; /* the builder */
	}
	if (due - now > REPORT_BURST_NS) {
		return -XEN_EBUSY;
	}
	/* The other half of the ring is for launches, ends and policies. */
	if (count - stored + reserved >= CORBEL_LOG_RING / 2 || !launchlog_reserve(1)) {
		return -XEN_EBUSY;
	}
	d->launch.report_due = due + REPORT_NS;
	op->index = count;
	op->launch = d->launch.index;
	memcpy(op->boot_id, host.boot_id, sizeof(op->boot_id));
	body = &begin(CORBEL_LOG_report, d->id)->body.report;
	body->launch = d->launch.index;
	memcpy(body->data, op->data, sizeof(body->data));
	append();
	return 0;
}

static void fill_checkpoint(const uint8_t nonce[CORBEL_NONCE_LEN])
{
	struct corbel_checkpoint *c = &pending;
	uint64_t next;

	memset(c, 0, sizeof(*c));
	memcpy(c->magic, CORBEL_CHECKPOINT_MAGIC, sizeof(c->magic));
	memcpy(c->boot_id, host.boot_id, sizeof(c->boot_id));
	c->size = count;
	find_root(c->root);
	memcpy(c->policy, host.policy_digest, sizeof(c->policy));
	c->policy_serial = host.policy_serial;
	c->policy_switches = host.policy_switches;
	c->host_flags = host_flags();
	c->audit_denied = __atomic_load_n(&host.audit_denied, __ATOMIC_RELAXED);
	trace_read(0, 0, NULL, 0, &next, &c->trace_lost);
	c->builder_instance = host.builder_instance;
	memcpy(c->nonce, nonce, sizeof(c->nonce));
}

long hc_checkpoint(struct hc_call *call)
{
	struct corbel_checkpoint *op = (void *)call->in.bytes;
	uint32_t error;

	if (!(host_flags() & CORBEL_HOST_MEASURED)) {
		return -XEN_ENODEV;
	}
	if (!is_pending) {
		fill_checkpoint(op->nonce);
	}
	error = measure_checkpoint(&pending, sizeof(pending));
	is_pending = error == MEASURE_AGAIN;
	if (is_pending) {
		return -XEN_EAGAIN;
	}
	trace_note(CORBEL_TRACE_measure, call->caller->id, OWNER_NONE, (int32_t)error,
		   CORBEL_CHECKPOINT_PCR);
	if (error) {
		return -XEN_ENODEV;
	}
	if (memcmp(op->nonce, pending.nonce, sizeof(op->nonce)) != 0) {
		return -XEN_EAGAIN; /* that was somebody else's */
	}
	memcpy(op, &pending, sizeof(*op));
	return 0;
}
