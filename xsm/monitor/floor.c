/* SPDX-License-Identifier: MIT */
/*
 * The floor: what no policy, however well signed, can grant.  Owns the list of invariants.
 *
 * Trust boundary: runs on a parsed policy before it is put in force.  It is the second of three
 * nets: `neverallow` stops the author, this stops the file, and the life-cycle state and the
 * identity of the builder instance stop the call even if both were wrong.
 */
#include "xsm/monitor/monitor.h"

enum floor_scope {
	FLOOR_NOBODY,
	FLOOR_BUILDER,          /* the builder's context as subject */
	FLOOR_BUILDER_OR_SELF,  /* that, or a domain on itself */
	FLOOR_NOT_OWNED,        /* anybody who has no tenant */
	FLOOR_NOT_ON_HYPERVISOR /* anybody, but never with the hypervisor as object */
};

struct floor_rule {
	enum floor_scope scope;
	enum xsm_class cls;
	uint32_t perms;
	const char *why;
};

#define BIT(cls, perm) (1u << XSM_PERM_##cls##_##perm)

static const struct floor_rule rules[] = {
	{FLOOR_BUILDER, XSM_CLASS_build, BIT(build, build) | BIT(build, serve),
	 "floor: build:build or build:serve for a context other than the builder's"},
	{FLOOR_NOT_OWNED, XSM_CLASS_security, BIT(security, load_policy),
	 "floor: security:load_policy for a context that tenants have"},
	{FLOOR_NOBODY, XSM_CLASS_security, BIT(security, setenforce),
	 "floor: security:setenforce, which nobody can have"},
	{FLOOR_NOT_ON_HYPERVISOR, XSM_CLASS_mmu,
	 BIT(mmu, map_read) | BIT(mmu, map_write) | BIT(mmu, adjust) | BIT(mmu, physmap) |
		 BIT(mmu, exchange),
	 "floor: mmu rights on the hypervisor"},
	{FLOOR_NOT_ON_HYPERVISOR, XSM_CLASS_grant,
	 BIT(grant, map_read) | BIT(grant, map_write) | BIT(grant, copy_read) |
		 BIT(grant, copy_write) | BIT(grant, transfer),
	 "floor: grant rights on the hypervisor"},
	{FLOOR_BUILDER_OR_SELF, XSM_CLASS_mmu, BIT(mmu, map_read) | BIT(mmu, map_write),
	 "floor: mmu:map_read or map_write on another domain"},
	{FLOOR_BUILDER_OR_SELF, XSM_CLASS_mmu,
	 BIT(mmu, adjust) | BIT(mmu, physmap) | BIT(mmu, exchange),
	 "floor: mmu:adjust, physmap or exchange on another domain"},
	{FLOOR_BUILDER_OR_SELF, XSM_CLASS_hvm, BIT(hvm, setparam) | BIT(hvm, hvmctl),
	 "floor: hvm:setparam or hvmctl on another domain"},
	{FLOOR_BUILDER_OR_SELF, XSM_CLASS_domain,
	 BIT(domain, setvcpucontext) | BIT(domain, getvcpucontext),
	 "floor: domain:setvcpucontext or getvcpucontext on another domain"},
};

/* Whether object is what a domain of context subject is to itself.  A context that is its own self
 * object stands for other domains as well, unless at most one domain can carry it. */
static bool is_own(const struct xsm_policy *p, unsigned subject, unsigned object)
{
	return object == p->context[subject].self &&
	       (object != subject || subject == p->sid[XSM_SID_builder] ||
		subject == p->sid[XSM_SID_dom0]);
}

static bool is_initial(const struct xsm_policy *p, unsigned context)
{
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		if (p->sid[i] == context) {
			return true;
		}
	}
	return false;
}

/* What the subject may do to the object in some relation of their tenants. */
static uint32_t granted(const struct xsm_policy *p, unsigned subject, unsigned object,
			enum xsm_class cls)
{
	uint32_t any = 0;

	for (unsigned relation = 0; relation < XSM_RELATION_COUNT; relation++) {
		any |= xsm_masks(p, subject, object, relation)[cls];
	}
	return any;
}

static bool permitted(const struct xsm_policy *p, enum floor_scope scope, unsigned subject,
		      unsigned object)
{
	switch (scope) {
	case FLOOR_BUILDER:
		return subject == p->sid[XSM_SID_builder];
	case FLOOR_BUILDER_OR_SELF:
		return subject == p->sid[XSM_SID_builder] || is_own(p, subject, object);
	case FLOOR_NOT_OWNED:
		return !(p->context[subject].flags & XSM_CONTEXT_OWNED);
	case FLOOR_NOT_ON_HYPERVISOR:
		return object != p->sid[XSM_SID_hypervisor];
	case FLOOR_NOBODY:
	default:
		return false;
	}
}

static const char *check_pair(const struct xsm_policy *p, unsigned subject, unsigned object)
{
	for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if ((granted(p, subject, object, rules[i].cls) & rules[i].perms) != 0 &&
		    !permitted(p, rules[i].scope, subject, object)) {
			return rules[i].why;
		}
	}
	if ((granted(p, subject, object, XSM_CLASS_domain) & BIT(domain, create)) != 0 &&
	    (object == p->sid[XSM_SID_hypervisor] || object == p->sid[XSM_SID_builder])) {
		return "floor: domain:create of the hypervisor's or the builder's context";
	}
	for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
		if ((p->context[subject].flags & p->context[object].flags & XSM_CONTEXT_OWNED) &&
		    xsm_masks(p, subject, object, XSM_RELATION_APART)[c] != 0) {
			return "floor: a right between domains of different owners";
		}
	}
	return NULL;
}

/* A self object that a domain could carry would turn rights on oneself into rights on others. */
static const char *check_self(const struct xsm_policy *p, unsigned context)
{
	unsigned self = p->context[context].self;
	bool carried = is_initial(p, self);

	for (unsigned s = 0; s < p->contexts; s++) {
		carried |= (granted(p, s, self, XSM_CLASS_domain) & BIT(domain, create)) != 0;
	}
	return self != context && carried
		       ? "floor: a self object is a context that a domain can carry"
		       : NULL;
}

int xsm_floor_check(const struct xsm_policy *p, const char **why)
{
	*why = p->contexts == 0 ? "floor: no policy" : NULL;
	for (unsigned i = 0; i < XSM_SID_COUNT && *why == NULL; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (p->sid[i] == p->sid[j]) {
				*why = "floor: two initial contexts are the same";
			}
		}
	}
	for (unsigned s = 0; s < p->contexts && *why == NULL; s++) {
		*why = check_self(p, s);
		for (unsigned t = 0; t < p->contexts && *why == NULL; t++) {
			*why = check_pair(p, s, t);
		}
	}
	return *why == NULL ? 0 : -1;
}
