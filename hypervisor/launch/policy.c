/* SPDX-License-Identifier: MIT */
/*
 * Replacing the policy (policy.h).  Owns two blob slots: one in force, the other free, or kept for
 * a roll-back.  Trust boundary: a blob is taken from the current builder instance only, which has
 * verified the operator's signature, and even so parser and floor see it first; who may ask for it
 * is the policy's word on security:load_policy.
 */
#include "launch/policy.h"
#include "launch/builder.h"
#include "base/host.h"
#include "gate/gate.h"
#include "gate/policy.h"
#include "launch/launchlog.h"
#include "launch/policy_review.h"
#include "diag/trace.h"
#include "cpu/time.h"
#include "measured-boot/shared/sha2.h"
#include "mm/frames.h"
#include <xen/errno.h>

#define NEVER         (~0ull)
#define NS_PER_SECOND 1000000000ull
#define CONFIRM_MAX_S 3600u

struct loaded {
	struct xsm_policy policy;
	uint64_t serial;
	uint32_t size;
	uint8_t digest[32];
	uint8_t blob[CORBEL_POLICY_MAX] __attribute__((aligned(8)));
};

static struct loaded slots[2];
static struct loaded *current = &slots[0], *other = &slots[1];
static uint64_t deadline = NEVER; /* else `other` comes back then */
static uint8_t boot_digest[32];

/* From the policy in force to `other`: while that waits to come back, and while one is loaded. */
static struct policy_review review;

/* Whether any cell asks for records of allowed calls: most policies do not, and pay nothing. */
static bool wants_records(const struct xsm_policy *policy)
{
	uint32_t any = 0;

	for (unsigned subject = 0; subject < policy->contexts; subject++) {
		for (unsigned object = 0; object < policy->contexts; object++) {
			const uint32_t *audited =
				xsm_masks(policy, subject, object, XSM_RELATION_COUNT);

			for (unsigned cls = 0; cls < XSM_CLASS_COUNT; cls++) {
				any |= audited[cls];
			}
		}
	}
	return any != 0;
}

/* NULL, or what parser or floor have against it. */
static const char *read_blob(struct loaded *slot, uint64_t serial, uint32_t size)
{
	const char *why = NULL;

	slot->serial = serial;
	slot->size = size;
	sha256(slot->blob, size, slot->digest);
	if (xsm_policy_parse(&slot->policy, slot->blob, size, &why)) {
		return why;
	}
	if (xsm_floor_check(&slot->policy, &why)) {
		return why;
	}
	return NULL;
}

/* The switch to the policy in force can still be taken back. */
static bool may_come_back(void)
{
	return deadline != NEVER;
}

static void put_in_force(void)
{
	host_policy = current->policy;
	host.policy_serial = current->serial;
	host.policy_audits = wants_records(&host_policy);
	memcpy(host.policy_digest, current->digest, sizeof(host.policy_digest));
}

void policy_boot(const void *blob, uint64_t size)
{
	const char *why = "policy: larger than a policy may be";

	if (size <= CORBEL_POLICY_MAX) {
		memcpy(current->blob, blob, size);
		why = read_blob(current, host.policy_serial, (uint32_t)size);
	}
	if (why) {
		panic("policy refused: %s", why);
	}
	put_in_force();
	memcpy(boot_digest, current->digest, sizeof(boot_digest));
	printk("policy: %lu bytes, in force\n", size);
}

uint64_t policy_least_serial(void)
{
	if (may_come_back()) {
		return other->serial;
	}
	return current->serial;
}

int policy_label(const char *name, struct xsm_label *out)
{
	if (xsm_label_by_name(&host_policy, name, out)) {
		return -XEN_ENOENT;
	}
	/* No domain is made whose label the policy that may come back does not have. */
	if (may_come_back() && review.renumbered[out->ctx] == CORBEL_NO_CONTEXT) {
		return -XEN_EBUSY;
	}
	return 0;
}

/* All of it is on record before the first ends: a channel ends at both sides at once. */
static MAY_DROP uint32_t revoke_forbidden(void)
{
	uint32_t count = review_uses(&review, false, RECORD_revoked);

	review_uses(&review, true, RECORD_nothing);
	return count;
}

/* `other` becomes the policy in force; the review has been pointed at it, and then at the way
 * back. */
static void switch_policies(uint16_t who, int reason, uint32_t standing, uint32_t revoked)
{
	struct loaded *before = current;

	for (struct domain *d = domain_next(0); d; d = domain_after(d)) {
		d->label.ctx = review.renumbered[d->label.ctx];
		d->self_label = xsm_self_label(&other->policy, d->label);
	}
	current = other;
	other = before;
	put_in_force();
	review_begin(&review, &other->policy);
	memset(policy_counters, 0, sizeof(policy_counters));
	host.policy_switches++;
	launchlog_policy(before->digest, before->serial, reason, standing, revoked);
	trace_note(CORBEL_TRACE_policy, who, OWNER_NONE, reason, current->serial);
	printk("policy: serial %lu in force\n", current->serial);
}

static void roll_back(uint16_t who, int reason)
{
	uint32_t revoked;

	deadline = NEVER;
	CHECK(!review_unlabelled(&review)); /* INV-POLICY-2 */
	revoked = revoke_forbidden();
	switch_policies(who, reason, revoked, revoked);
}

uint64_t policy_tick(uint64_t now)
{
	if (now >= deadline) {
		roll_back(OWNER_NONE, CORBEL_SWITCH_expired);
	}
	return deadline;
}

static int check_load(const struct corbel_policy_load *arg)
{
	const uint32_t known =
		CORBEL_POLICY_NO_ROLLBACK | CORBEL_POLICY_REVOKE | CORBEL_POLICY_CHECK;
	bool stays = arg->flags & (CORBEL_POLICY_NO_ROLLBACK | CORBEL_POLICY_CHECK);

	if (arg->size == 0 || arg->size > CORBEL_POLICY_MAX) {
		return -XEN_EINVAL;
	}
	if (arg->pad || (arg->flags & ~known) || arg->serial <= current->serial) {
		return -XEN_EINVAL;
	}
	/* What stays waits for no confirmation, all else must. */
	if ((arg->confirm_s == 0) != stays || arg->confirm_s > CONFIRM_MAX_S) {
		return -XEN_EINVAL;
	}
	if (may_come_back()) {
		return -XEN_EBUSY;
	}
	return 0;
}

/* Counts the uses that `other` forbids.  Those that stay are put on record; what is going to end
 * is recorded as it does. */
static uint32_t count_standing(uint32_t flags)
{
	bool ends = (flags & CORBEL_POLICY_REVOKE) && !(flags & CORBEL_POLICY_CHECK);

	if (ends) {
		return review_uses(&review, false, RECORD_nothing);
	}
	return review_uses(&review, false, RECORD_kept);
}

/* NULL when it may switch to what lies in `other`, with arg->standing counted, else why not; *label
 * ends that sentence. */
static const char *find_obstacle(struct corbel_policy_load *arg, const char **label)
{
	const char *why = read_blob(other, arg->serial, arg->size);

	*label = "";
	if (why) {
		return why;
	}
	review_begin(&review, &other->policy);
	why = review_unlabelled(&review);
	if (why) {
		*label = why;
		return "a domain lives whose label it lacks or has of another kind: ";
	}
	arg->standing = count_standing(arg->flags);
	if ((arg->flags & CORBEL_POLICY_REVOKE) && arg->standing > frames_count().free) {
		return "too little free memory for empty pages in place of what it revokes";
	}
	return NULL;
}

static bool may_switch(struct corbel_policy_load *arg)
{
	const char *label;
	const char *why = find_obstacle(arg, &label);

	arg->reason[0] = 0;
	if (why) {
		format(arg->reason, sizeof(arg->reason), "%s%s", why, label);
	}
	return !why;
}

/* May the call load, and does it say what it must?  Then its blob lies in `other`. */
static int fetch_blob(struct hc_call *call, const struct corbel_policy_load *arg)
{
	int rc = gate_authorize_label(call, builder_requester(),
				      xsm_sid_label(&host_policy, XSM_SID_hypervisor),
				      XSM_RIGHT(security, load_policy));

	if (rc == 0) {
		rc = check_load(arg);
	}
	for (uint32_t at = 0; rc == 0 && at < arg->size; at += PAGE_SIZE) {
		rc = copy_from_guest(call->vcpu, other->blob + at, arg->buffer + at,
				     (uint32_t)MIN(arg->size - at, PAGE_SIZE));
	}
	return rc;
}

long hc_policy_load(struct hc_call *call)
{
	struct corbel_policy_load *arg = (void *)call->in.bytes;
	uint32_t slots = 0; /* of the launch log */
	int rc;

	if (!builder_may_load(call->caller)) {
		return gate_deny(call, NULL, XSM_RIGHT(build, serve));
	}
	rc = fetch_blob(call, arg);
	if (rc) {
		return rc;
	}
	arg->standing = 0;
	arg->revoked = 0;
	/* One for this switch, one for its roll-back; taken before anything is put on record. */
	if (!(arg->flags & CORBEL_POLICY_CHECK)) {
		slots = arg->confirm_s ? 2 : 1;
	}
	if (!launchlog_reserve(slots)) {
		return -XEN_EBUSY;
	}
	if (!may_switch(arg)) {
		launchlog_release(slots);
		return 1;
	}
	if (arg->flags & CORBEL_POLICY_CHECK) {
		return 0;
	}
	if (arg->flags & CORBEL_POLICY_REVOKE) {
		revoke_forbidden();
		arg->revoked = arg->standing;
	}
	if (arg->confirm_s) {
		deadline = now_ns() + arg->confirm_s * NS_PER_SECOND;
	}
	switch_policies(builder_requester()->id, CORBEL_SWITCH_loaded, arg->standing, arg->revoked);
	return 0;
}

long hc_policy_confirm(struct hc_call *call)
{
	const struct corbel_policy_confirm *arg = (void *)call->in.bytes;

	if (arg->keep > 1 || arg->pad) {
		return -XEN_EINVAL;
	}
	if (!may_come_back()) {
		return -XEN_ENOENT;
	}
	if (!arg->keep) {
		roll_back(call->caller->id, CORBEL_SWITCH_rolledback);
		return 0;
	}
	deadline = NEVER;
	launchlog_release(1);
	trace_note(CORBEL_TRACE_policy, call->caller->id, OWNER_NONE, CORBEL_SWITCH_confirmed,
		   current->serial);
	return 0;
}

long hc_policy_info(struct hc_call *call)
{
	struct corbel_policy_info *out = hc_answer(call, sizeof(*out));
	uint64_t now = now_ns();

	out->serial = current->serial;
	out->previous = current->serial;
	memcpy(out->digest, current->digest, sizeof(out->digest));
	memcpy(out->boot, boot_digest, sizeof(out->boot));
	memcpy(out->key, host.policy_key, sizeof(out->key));
	out->size = current->size;
	out->contexts = host_policy.contexts;
	out->switches = host.policy_switches;
	if (may_come_back()) {
		out->previous = other->serial;
		out->seconds_left = 1; /* the second that has begun counts */
		if (deadline > now) {
			out->seconds_left += (uint32_t)((deadline - now) / NS_PER_SECOND);
		}
	}
	return 0;
}

long hc_policy_read(struct hc_call *call)
{
	return hc_read_bytes(call, current->blob, current->size);
}

long hc_policy_counters(struct hc_call *call)
{
	return hc_read_bytes(call, policy_counters,
			     host_policy.contexts * sizeof(policy_counters[0]));
}
