/* SPDX-License-Identifier: MIT */
/*
 * See force.h.  Every answer may be older than the next one: a policy can be switched between two
 * calls, so what does not fit together is read again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measured-boot/shared/sha2.h"
#include "tools/corbel/force.h"
#include "tools/corbel/names.h"

#define TRIES 3 /* two switches while one policy is read are odd enough */
#define PAGE  4096u

int force_info(struct corbel_policy_info *info)
{
	memset(info, 0, sizeof(*info));
	return host_corbel(CORBEL_OP_policy_info, info, sizeof(*info));
}

/* Exactly size bytes.  Returns 0, -ENODATA when the hypervisor has fewer, or its errno. */
static int read_bytes(enum corbel_op op, uint8_t *to, size_t size)
{
	uint64_t offset = 0, next, lost;
	int ret;

	while (offset < size) {
		size_t left = size - offset;

		ret = host_corbel_read(op, offset, to + offset,
				       (uint32_t)(left < PAGE ? left : PAGE), &next, &lost);
		if (ret <= 0) {
			return ret ? ret : -ENODATA;
		}
		offset += (unsigned)ret;
	}
	return 0;
}

static int failed(int error, enum corbel_op op, const char *what, char *why)
{
	char reason[128];

	call_reason(error, CALL_CORBEL(op), reason, sizeof(reason));
	snprintf(why, FORCE_WHY, "%s: %s", what, reason);
	return error;
}

void force_free(struct force *force)
{
	free(force->blob);
	memset(force, 0, sizeof(*force));
}

/* -EAGAIN: facts and blob are not of the same policy. */
static int load_once(struct force *force, char *why)
{
	uint8_t digest[CORBEL_DIGEST_LEN];
	const char *fault;
	int ret;

	force_free(force);
	ret = force_info(&force->info);
	if (ret < 0) {
		return failed(ret, CORBEL_OP_policy_info, "cannot ask for the policy in force",
			      why);
	}
	snprintf(why, FORCE_WHY, "the hypervisor names a policy of %u bytes", force->info.size);
	if (!force->info.size || force->info.size > CORBEL_POLICY_MAX) {
		return -EIO;
	}
	force->blob = malloc(force->info.size); /* aligned for any type */
	if (!force->blob) {
		return failed(-ENOMEM, CORBEL_OP_policy_read, "cannot read the policy", why);
	}
	ret = read_bytes(CORBEL_OP_policy_read, force->blob, force->info.size);
	if (ret && ret != -ENODATA) {
		return failed(ret, CORBEL_OP_policy_read, "cannot read the policy in force", why);
	}
	sha256(force->blob, force->info.size, digest);
	if (ret || memcmp(digest, force->info.digest, sizeof(digest)) != 0) {
		snprintf(why, FORCE_WHY,
			 "what was read is not the policy in force: its digest is another");
		return -EAGAIN;
	}
	if (xsm_policy_parse(&force->policy, force->blob, force->info.size, &fault)) {
		snprintf(why, FORCE_WHY, "cannot understand the policy in force: %s", fault);
		return -EIO;
	}
	return 0;
}

int force_load(struct force *force, char why[FORCE_WHY])
{
	int ret = -EAGAIN;

	for (int i = 0; i < TRIES && ret == -EAGAIN; i++) {
		ret = load_once(force, why);
	}
	if (ret) {
		force_free(force);
	}
	return ret;
}

struct corbel_policy_counter *force_counters(const struct force *force, int *error,
					     char why[FORCE_WHY])
{
	size_t size = FORCE_COUNTERS(force->policy.contexts) * sizeof(struct corbel_policy_counter);
	struct corbel_policy_counter *counters = malloc(size);
	struct corbel_policy_info now;

	if (!counters) {
		*error =
			failed(-ENOMEM, CORBEL_OP_policy_counters, "cannot keep the counters", why);
		return NULL;
	}
	*error = read_bytes(CORBEL_OP_policy_counters, (uint8_t *)counters, size);
	if (!force_info(&now) && now.switches != force->info.switches) {
		*error = -EAGAIN;
		snprintf(why, FORCE_WHY, "the policy was switched while its counters were read");
	} else if (*error) {
		failed(*error, CORBEL_OP_policy_counters, "cannot read the counters", why);
	} else {
		return counters;
	}
	free(counters);
	return NULL;
}

const char *force_context(const struct xsm_policy *policy, unsigned context)
{
	if (context >= policy->contexts) {
		return NULL;
	}
	return xsm_label_name(policy, (struct xsm_label){.ctx = (uint16_t)context});
}

static const char *type_of(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

const char *force_type(const struct xsm_policy *policy, unsigned context)
{
	const char *name = force_context(policy, context);

	for (unsigned i = 0; name && i < policy->contexts; i++) {
		if (i != context && !strcmp(type_of(force_context(policy, i)), type_of(name))) {
			return name;
		}
	}
	return name ? type_of(name) : NULL;
}
