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
#undef XSM_CLASS
#undef XSM_PERM
#undef XSM_CLASS_END
	XSM_CLASS_COUNT
};

/* XSM_PERM_xen_settime, ...: bit number within the class; XSM_PERM_COUNT_xen: how many it has */
#define XSM_CLASS(c) enum xsm_perm_##c {
#define XSM_PERM(c, p, text) XSM_PERM_##c##_##p,
#define XSM_CLASS_END(c) XSM_PERM_COUNT_##c }; \
	_Static_assert(XSM_PERM_COUNT_##c <= 32, "a class has at most 32 permissions");
#include "xsm/perms.def"
#undef XSM_CLASS
#undef XSM_PERM
#undef XSM_CLASS_END
/* clang-format on */

/* A label.  tenant is 0 (nobody's, every tenant's equal) unless tenants are told apart. */
struct xsm_label {
	uint32_t tenant;
	uint16_t ctx; /* index into the policy's contexts: valid for that policy only */
	uint16_t pad;
};

#define XSM_TENANT_NONE 0u
#define XSM_TENANT_ALL  0xffffffffu

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
	uint32_t stride;        /* 32-bit words of one vector */
	uint16_t contexts;      /* 0 = no policy: everything is denied */
	uint16_t relation_mask; /* 0 or 3 */
	uint16_t sid[XSM_SID_COUNT];
};

/*
 * Checks every byte of the blob and fills *p.  Returns 0, or -1 with *why set to a static reason;
 * *p then denies everything.  The blob must be 8-byte aligned and outlive *p.
 */
int xsm_policy_parse(struct xsm_policy *p, const void *blob, size_t len, const char **why);

/* Returns 0, or -1 with *why naming the invariant that the policy would lower. */
int xsm_floor_check(const struct xsm_policy *p, const char **why);

/* Whether the policy asks for a trace record of this call, should it be allowed. */
bool xsm_audited(const struct xsm_policy *p, struct xsm_label s, struct xsm_label t, unsigned cls,
		 unsigned perm_bit);

/* Finds a context by its name; the label gets tenant 0.  Returns 0, or -1: no such name. */
int xsm_label_by_name(const struct xsm_policy *p, const char *name, struct xsm_label *out);

/* The context's name, "(invalid)" for a label that is not of this policy.  Never NULL. */
const char *xsm_label_name(const struct xsm_policy *p, struct xsm_label label);

/* The label of an initial context; of no policy, a label that is denied everything. */
struct xsm_label xsm_sid_label(const struct xsm_policy *p, enum xsm_sid sid);

/* The object label to use when a domain acts on itself. */
struct xsm_label xsm_self_label(const struct xsm_policy *p, struct xsm_label label);

/* Hash over all class and permission names in order: the meaning of the numbers in a blob. */
uint64_t xsm_abi(void);

/* How the subject's tenant stands to the object's. */
static inline unsigned xsm_relation(uint32_t s, uint32_t t)
{
	if (s == t) {
		return XSM_RELATION_SAME;
	}
	if (s == XSM_TENANT_ALL || t == XSM_TENANT_NONE) {
		return XSM_RELATION_OVER;
	}
	if (t == XSM_TENANT_ALL || s == XSM_TENANT_NONE) {
		return XSM_RELATION_UNDER;
	}
	return XSM_RELATION_APART;
}

/* The decision.  Default deny: also for a label, class or bit that does not exist.  No product here
 * exceeds 32 bits: 1024 * 1024 cells, 65535 vectors of less than 256 words. */
static inline bool xsm_allowed(const struct xsm_policy *p, struct xsm_label s, struct xsm_label t,
			       unsigned cls, unsigned perm_bit)
{
	const uint32_t *mask;

	if (__builtin_expect(s.ctx >= p->contexts || t.ctx >= p->contexts ||
				     cls >= XSM_CLASS_COUNT || perm_bit > 31,
			     0)) {
		return false;
	}
	mask = p->vector + p->cell[(unsigned)s.ctx * p->contexts + t.ctx] * p->stride + cls;
	if (s.tenant != t.tenant && p->relation_mask != 0) {
		mask += xsm_relation(s.tenant, t.tenant) * XSM_CLASS_COUNT;
	}
	return (*mask >> perm_bit) & 1;
}
#endif
