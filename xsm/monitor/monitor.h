/* SPDX-License-Identifier: MIT */
/*
 * The reference monitor: which label may do what to which label.  Owns the look-up; owns no memory:
 * a parsed policy points into the blob, which must stay in place, unchanged and mapped read-only.
 *
 * Trust boundary: the blob comes from outside the image.  xsm_policy_parse() believes nothing in
 * it, xsm_floor_check() refuses what no policy may grant, and a policy that was not parsed (all
 * zero) denies everything.  The hypervisor must call both before it puts a policy in force.
 *
 * Object of a check (the subject is always the caller's label):
 *   the hypervisor itself     xsm_sid_label(p, XSM_SID_hypervisor)
 *   another domain            that domain's label
 *   the caller's own domain   xsm_self_label(p, caller's label), also when it named itself by
 * number The last one is what keeps "a tenant on itself" apart from "a tenant on another tenant":
 * both domains carry the same label, and only the dispatcher knows whether they are the same
 * domain.
 */
#ifndef XSM_MONITOR_H
#define XSM_MONITOR_H
#include "base/must_check.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "xsm/monitor/blob.h"

/* clang-format off */
/* XSM_CLASS_xen, ..., XSM_CLASS_COUNT */
enum xsm_class {
#define XSM_CLASS(c) XSM_CLASS_##c,
#define XSM_PERM(c, p, text)
#define XSM_CLASS_END(c)
#include "xsm/perms.def"
	XSM_CLASS_COUNT
};

/* XSM_PERM_xen_settime, ...: bit number within the class; XSM_PERM_COUNT_xen: how many it has */
#define XSM_CLASS(c) enum xsm_perm_##c {
#define XSM_PERM(c, p, text) XSM_PERM_##c##_##p,
#define XSM_CLASS_END(c) XSM_PERM_COUNT_##c }; \
	_Static_assert(XSM_PERM_COUNT_##c <= 32, "a class has at most 32 permissions");
#include "xsm/perms.def"
/* clang-format on */

/* A permission of a class as one number, and how many numbers there are. */
#define XSM_PERMS            32u /* of a class, at most */
#define XSM_RIGHT(cls, perm) (XSM_CLASS_##cls * XSM_PERMS + XSM_PERM_##cls##_##perm)
#define XSM_RIGHTS           (XSM_CLASS_COUNT * XSM_PERMS)

/* A label.  Of an owned context the tenant is never 0: its owner's number, or, if it has no owner,
 * one that no other domain has. */
struct xsm_label {
	uint32_t tenant; /* this boot's number, XSM_TENANT_NONE = nobody's */
	uint16_t ctx;    /* index into the policy's contexts: valid for that policy only */
	uint16_t pad;
};

#define XSM_TENANT_NONE 0u

/* Contexts that the hypervisor itself must know. */
enum xsm_sid {
	XSM_SID_hypervisor,
	XSM_SID_builder,
	XSM_SID_dom0,
	XSM_SID_unlabeled,
	XSM_SID_COUNT
};

/* A policy in force; fields are private to the monitor. */
struct xsm_policy {
	const struct xsm_blob_context *context;
	const uint16_t *cell; /* [subject * contexts + object] = vector number */
	const uint32_t
		*vector; /* [number * stride + relation * classes + class], then audit masks */
	const char *names;
	uint16_t contexts; /* 0 = no policy: everything is denied */
	uint16_t sid[XSM_SID_COUNT];
};

#define XSM_VECTOR_WORDS ((XSM_RELATION_COUNT + 1u) * XSM_CLASS_COUNT)

/*
 * Checks every byte of the blob and fills *policy.  Returns 0, or -1 with *why set to a static
 * reason; *policy then denies everything.  The blob must be 8-byte aligned and outlive *policy.
 */
MUST_CHECK int xsm_policy_parse(struct xsm_policy *policy, const void *blob, size_t length,
				const char **why);

/* Returns 0, or -1 with *why naming the invariant that the policy would lower. */
MUST_CHECK int xsm_floor_check(const struct xsm_policy *policy, const char **why);

/* Whether a domain of this context has a tenant. */
MUST_CHECK bool xsm_is_owned(const struct xsm_policy *policy, struct xsm_label label);

/* What the context stands for, as one number: whether its domains have a tenant, which initial
 * context it is, whether it is another's self object.  A live domain's context must not change it:
 * tenants and the floor are built on it. */
unsigned xsm_kind(const struct xsm_policy *policy, struct xsm_label label);

/* Whether a domain of this context must prove its owner: the policy gives something between it and
 * another domain of the same owner. */
MUST_CHECK bool xsm_needs_owner(const struct xsm_policy *policy, struct xsm_label label);

/* Finds a context by its name; the label gets tenant 0.  Returns 0, or -1: no such name. */
MUST_CHECK int xsm_label_by_name(const struct xsm_policy *policy, const char *name,
				 struct xsm_label *out);

/* The context's name, "(invalid)" for a label that is not of this policy.  Never NULL. */
const char *xsm_label_name(const struct xsm_policy *policy, struct xsm_label label);

/* The label of an initial context; of no policy, a label that is denied everything. */
static inline struct xsm_label xsm_sid_label(const struct xsm_policy *policy, enum xsm_sid sid)
{
	return (struct xsm_label){.ctx = policy->sid[sid]};
}

/* The object label to use when a domain acts on itself. */
struct xsm_label xsm_self_label(const struct xsm_policy *policy, struct xsm_label label);

/* Hash over all class and permission names in order: the meaning of the numbers in a blob. */
uint64_t xsm_abi(void);

/* How the subject's tenant stands to the object's. */
static inline unsigned xsm_relation(uint32_t subject_tenant, uint32_t object_tenant)
{
	if (subject_tenant == object_tenant) {
		return XSM_RELATION_SAME;
	}
	if (object_tenant == XSM_TENANT_NONE) {
		return XSM_RELATION_OVER;
	}
	if (subject_tenant == XSM_TENANT_NONE) {
		return XSM_RELATION_UNDER;
	}
	return XSM_RELATION_APART;
}

/* Classes' masks of row 0..3 (a relation) or 4 (records asked for) from subject to object. */
static inline const uint32_t *xsm_masks(const struct xsm_policy *policy, size_t subject,
					size_t object, size_t row)
{
	return policy->vector +
	       policy->cell[subject * policy->contexts + object] * XSM_VECTOR_WORDS +
	       row * XSM_CLASS_COUNT;
}

static inline MUST_CHECK bool xsm_bit(const struct xsm_policy *policy, struct xsm_label subject,
				      struct xsm_label object, unsigned row, size_t right)
{
	unsigned last = subject.ctx > object.ctx ? subject.ctx : object.ctx;

	if (__builtin_expect(last >= policy->contexts, 0) ||
	    __builtin_expect(right >= XSM_RIGHTS, 0)) {
		return false;
	}
	return (xsm_masks(policy, subject.ctx, object.ctx, row)[right / 32] >> right % 32) & 1;
}

/* The decision.  Default deny: also for a label or a right that does not exist. */
static inline MUST_CHECK bool xsm_allowed(const struct xsm_policy *policy, struct xsm_label subject,
					  struct xsm_label object, size_t right)
{
	return xsm_bit(policy, subject, object, xsm_relation(subject.tenant, object.tenant), right);
}

/* Whether the policy asks for a trace record of this call, should it be allowed. */
static inline MUST_CHECK bool xsm_audited(const struct xsm_policy *policy, struct xsm_label subject,
					  struct xsm_label object, size_t right)
{
	return xsm_bit(policy, subject, object, XSM_RELATION_COUNT, right);
}
#endif
