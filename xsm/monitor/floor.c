/* SPDX-License-Identifier: MIT */
/*
 * The floor: what no policy, however well signed, can grant.  Owns the list of invariants.
 *
 * Trust boundary: runs on a parsed policy before it is put in force.  It is the second of three
 * nets: `neverallow` stops the author, this stops the file, and the life-cycle state and the
 * identity of the builder instance stop the call even if both were wrong.
 */
#include "xsm/monitor/monitor.h"

/* Who may have the rights of a rule all the same. */
enum floor_scope {
	FLOOR_NOBODY,
	FLOOR_BUILDER,          /* the builder's context as subject */
	FLOOR_BUILDER_OR_SELF,  /* that, or a domain on itself */
	FLOOR_NOT_OWNED,        /* anybody who has no tenant */
	FLOOR_NOT_ON_HYPERVISOR /* anybody, but never with the hypervisor as object */
};

struct floor_rule {
	enum floor_scope scope;
	enum xsm_class object_class;
	uint32_t perms;
	const char *why; /* the reason to refuse a policy that grants one of them to another */
};

#define BIT(cls, perm) (1u << XSM_PERM_##cls##_##perm)

static const struct floor_rule rules[] = {
	/* The builder alone fills a domain before its launch digest is taken: whoever else could,
	 * would launch something that the log does not show. */
	{
		.scope = FLOOR_BUILDER,
		.object_class = XSM_CLASS_build,
		.perms = BIT(build, build) | BIT(build, serve),
		.why = "floor: build:build or build:serve for a context other than the builder's",
	},
	/* A tenant that loads a policy rules over all others. */
	{
		.scope = FLOOR_NOT_OWNED,
		.object_class = XSM_CLASS_security,
		.perms = BIT(security, load_policy),
		.why = "floor: security:load_policy for a context that tenants have",
	},
	{
		.scope = FLOOR_NOBODY,
		.object_class = XSM_CLASS_security,
		.perms = BIT(security, setenforce),
		.why = "floor: security:setenforce, which nobody can have",
	},
	/* The hypervisor's own memory is not a domain's: there is nothing to map or to grant. */
	{
		.scope = FLOOR_NOT_ON_HYPERVISOR,
		.object_class = XSM_CLASS_mmu,
		.perms = BIT(mmu, map_read) | BIT(mmu, map_write) | BIT(mmu, adjust) |
			 BIT(mmu, physmap) | BIT(mmu, exchange),
		.why = "floor: mmu rights on the hypervisor",
	},
	{
		.scope = FLOOR_NOT_ON_HYPERVISOR,
		.object_class = XSM_CLASS_grant,
		.perms = BIT(grant, map_read) | BIT(grant, map_write) | BIT(grant, copy_read) |
			 BIT(grant, copy_write) | BIT(grant, transfer) | BIT(grant, map_ring),
		.why = "floor: grant rights on the hypervisor",
	},
	/* Dom0 serves tenants through grants, which they give; it never reaches into their memory,
	 * their parameters or their registers. */
	{
		.scope = FLOOR_BUILDER_OR_SELF,
		.object_class = XSM_CLASS_mmu,
		.perms = BIT(mmu, map_read) | BIT(mmu, map_write),
		.why = "floor: mmu:map_read or map_write on another domain",
	},
	{
		.scope = FLOOR_BUILDER_OR_SELF,
		.object_class = XSM_CLASS_mmu,
		.perms = BIT(mmu, adjust) | BIT(mmu, physmap) | BIT(mmu, exchange),
		.why = "floor: mmu:adjust, physmap or exchange on another domain",
	},
	{
		.scope = FLOOR_BUILDER_OR_SELF,
		.object_class = XSM_CLASS_hvm,
		.perms = BIT(hvm, setparam) | BIT(hvm, hvmctl),
		.why = "floor: hvm:setparam or hvmctl on another domain",
	},
	{
		.scope = FLOOR_BUILDER_OR_SELF,
		.object_class = XSM_CLASS_domain,
		.perms = BIT(domain, setvcpucontext) | BIT(domain, getvcpucontext),
		.why = "floor: domain:setvcpucontext or getvcpucontext on another domain",
	},
};

/* The contexts that at most one domain can carry: nobody else can be meant by them. */
static bool is_singular(const struct xsm_policy *policy, unsigned context)
{
	return context == policy->sid[XSM_SID_builder] || context == policy->sid[XSM_SID_dom0];
}

/* Whether object is what a domain of context subject is to itself.  A context that is its own self
 * object stands for other domains as well, unless at most one domain can carry it. */
static bool is_own(const struct xsm_policy *policy, unsigned subject, unsigned object)
{
	if (object != policy->context[subject].self) {
		return false;
	}
	return object != subject || is_singular(policy, subject);
}

static bool is_initial(const struct xsm_policy *policy, unsigned context)
{
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		if (policy->sid[i] == context) {
			return true;
		}
	}
	return false;
}

static bool is_owned(const struct xsm_policy *policy, unsigned context)
{
	return (policy->context[context].flags & XSM_CONTEXT_OWNED) != 0;
}

/* What the subject may do to the object in some relation of their tenants. */
static uint32_t granted(const struct xsm_policy *policy, unsigned subject, unsigned object,
			enum xsm_class object_class)
{
	uint32_t any = 0;

	for (unsigned relation = 0; relation < XSM_RELATION_COUNT; relation++) {
		any |= xsm_masks(policy, subject, object, relation)[object_class];
	}
	return any;
}

static bool may_create(const struct xsm_policy *policy, unsigned subject, unsigned object)
{
	uint32_t perms = granted(policy, subject, object, XSM_CLASS_domain);

	return (perms & BIT(domain, create)) != 0;
}

static bool is_exempt(const struct xsm_policy *policy, enum floor_scope scope, unsigned subject,
		      unsigned object)
{
	switch (scope) {
	case FLOOR_BUILDER:
		return subject == policy->sid[XSM_SID_builder];
	case FLOOR_BUILDER_OR_SELF:
		return subject == policy->sid[XSM_SID_builder] || is_own(policy, subject, object);
	case FLOOR_NOT_OWNED:
		return !is_owned(policy, subject);
	case FLOOR_NOT_ON_HYPERVISOR:
		return object != policy->sid[XSM_SID_hypervisor];
	case FLOOR_NOBODY:
	default:
		return false;
	}
}

/* The checks below return the reason to refuse the policy, NULL when it passes. */
static const char *check_rules(const struct xsm_policy *policy, unsigned subject, unsigned object)
{
	for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct floor_rule *rule = &rules[i];
		uint32_t perms = granted(policy, subject, object, rule->object_class);

		if ((perms & rule->perms) != 0 &&
		    !is_exempt(policy, rule->scope, subject, object)) {
			return rule->why;
		}
	}
	return NULL;
}

/* The hypervisor is no domain, and of the builder there is one, which the hypervisor starts. */
static const char *check_create(const struct xsm_policy *policy, unsigned subject, unsigned object)
{
	bool is_reserved =
		object == policy->sid[XSM_SID_hypervisor] || object == policy->sid[XSM_SID_builder];

	if (is_reserved && may_create(policy, subject, object)) {
		return "floor: domain:create of the hypervisor's or the builder's context";
	}
	return NULL;
}

static const char *check_owners(const struct xsm_policy *policy, unsigned subject, unsigned object)
{
	const uint32_t *apart = xsm_masks(policy, subject, object, XSM_RELATION_APART);

	if (!is_owned(policy, subject) || !is_owned(policy, object)) {
		return NULL;
	}
	for (unsigned i = 0; i < XSM_CLASS_COUNT; i++) {
		if (apart[i] != 0) {
			return "floor: a right between domains of different owners";
		}
	}
	return NULL;
}

static const char *check_pair(const struct xsm_policy *policy, unsigned subject, unsigned object)
{
	return check_rules(policy, subject, object)
		       ?: check_create(policy, subject, object)
		       ?: check_owners(policy, subject, object);
}

/* A self object that a domain could carry would turn rights on oneself into rights on others. */
static const char *check_self(const struct xsm_policy *policy, unsigned context)
{
	unsigned self = policy->context[context].self;
	bool is_carried = is_initial(policy, self);

	if (self == context) {
		return NULL;
	}
	for (unsigned creator = 0; creator < policy->contexts; creator++) {
		is_carried |= may_create(policy, creator, self);
	}
	if (is_carried) {
		return "floor: a self object is a context that a domain can carry";
	}
	return NULL;
}

static const char *check_context(const struct xsm_policy *policy, unsigned context)
{
	const char *why = check_self(policy, context);

	for (unsigned object = 0; object < policy->contexts && why == NULL; object++) {
		why = check_pair(policy, context, object);
	}
	return why;
}

/* The hypervisor tells its own contexts apart by number: two names for one would merge them. */
static const char *check_initial(const struct xsm_policy *policy)
{
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (policy->sid[i] == policy->sid[j]) {
				return "floor: two initial contexts are the same";
			}
		}
	}
	return NULL;
}

int xsm_floor_check(const struct xsm_policy *policy, const char **why)
{
	if (policy->contexts == 0) {
		*why = "floor: no policy";
		return -1;
	}
	*why = check_initial(policy);
	for (unsigned context = 0; context < policy->contexts && *why == NULL; context++) {
		*why = check_context(policy, context);
	}
	if (*why != NULL) {
		return -1;
	}
	return 0;
}
