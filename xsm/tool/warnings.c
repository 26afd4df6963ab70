/* SPDX-License-Identifier: MIT */
/*
 * See warnings.h.  Which calls ask for a right, and on whom, follows from the table of calls.
 */
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/emptied.h"
#include "xsm/tool/repeated.h"
#include "xsm/tool/warnings.h"

/* On whom a right can be asked. */
enum { ON_NONE = 1, ON_SELF = 2, ON_FIELD = 4, ON_ELEM = 4 };

/* ---- rights without effect ---------------------------------------------------------------- */

struct asked {
	unsigned cls, perm, on;
};

/* clang-format off */
static const struct asked asked[] = {
#define HC(nr, sub, name, type, dir, rule, field, cls, perm, states)                               \
	{XSM_CLASS_##cls, XSM_PERM_##cls##_##perm, ON_##rule},
#define DENY(...)
#define DENY_REST(...)
#include "abi/hypercalls.def"
#undef HC
#undef DENY
#undef DENY_REST
	/* what handlers ask besides their rows */
	{XSM_CLASS_mmu, XSM_PERM_mmu_map_write, ON_ELEM},
	{XSM_CLASS_grant, XSM_PERM_grant_map_write, ON_ELEM},
	{XSM_CLASS_grant, XSM_PERM_grant_copy_write, ON_ELEM},
	{XSM_CLASS_grant, XSM_PERM_grant_map_ring, ON_ELEM},
	{XSM_CLASS_domain, XSM_PERM_domain_create, ON_ELEM},
	{XSM_CLASS_resource, XSM_PERM_resource_add, ON_ELEM},
	{XSM_CLASS_event, XSM_PERM_event_send, ON_ELEM},
	{XSM_CLASS_xen, XSM_PERM_xen_log_store, ON_NONE},
};
/* clang-format on */

static unsigned asked_on(const struct right *r)
{
	unsigned on = 0;

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		if (asked[i].cls == r->cls && asked[i].perm == r->perm) {
			on |= asked[i].on;
		}
	}
	return on;
}

/* Why the right can never be used; NULL: it can. */
static const char *idle(const struct policy *p, const struct right *r)
{
	unsigned on = asked_on(r);

	if (on == 0) {
		return "no call asks for it";
	}
	if (r->object == p->xsm.sid[XSM_SID_hypervisor]) {
		return (on & ON_NONE) != 0 ? NULL : "it is never asked on the hypervisor";
	}
	if (r->object == p->xsm.context[r->subject].self) {
		return (on & (ON_SELF | ON_FIELD)) != 0 ? NULL
							: "it is asked on the hypervisor only";
	}
	if ((on & ON_FIELD) != 0) {
		return NULL;
	}
	return (on & ON_SELF) != 0 ? "it is asked on the own domain only"
				   : "it is asked on the hypervisor only";
}

static void find_idle(const struct policy *p, struct findings *warnings)
{
	struct right right = RIGHT_START, last = {0};
	bool any = false;

	while (right_next(p, &right)) {
		const char *why = policy_allows(p, &right) ? idle(p, &right) : NULL;
		bool again = any && last.subject == right.subject && last.object == right.object &&
			     last.cls == right.cls && last.perm == right.perm;

		if (why != NULL && !again) {
			find(warnings, p->path, 0, "warning: %s on %s: %s:%s has no effect: %s",
			     p->type[right.subject], p->type[right.object],
			     source_class_name[right.cls], source_perm_name[right.cls][right.perm],
			     why);
			last = right;
			any = true;
		}
	}
}

/* ---- kinds that cannot run ---------------------------------------------------------------- */

struct need {
	bool builder; /* of the builder on it; else of it on itself, or on the hypervisor */
	unsigned cls, perm;
};
#define NEED(builder, cls, perm)                                                                   \
	{                                                                                          \
		builder, XSM_CLASS_##cls, XSM_PERM_##cls##_##perm                                  \
	}
static const struct need needs[] = {
	NEED(true, build, build),          NEED(true, mmu, adjust),    NEED(true, mmu, physmap),
	NEED(true, mmu, map_write),        NEED(true, hvm, setparam),  NEED(true, event, create),
	NEED(false, mmu, physmap),         NEED(false, hvm, setparam), NEED(false, hvm, getparam),
	NEED(false, event, local),         NEED(false, grant, setup),  NEED(false, grant, query),
	NEED(false, vcpu, register),       NEED(false, vcpu, timer),   NEED(false, vcpu, schedule),
	NEED(false, version, xen_version),
};

static bool allowed(const struct policy *p, unsigned subject, unsigned object, unsigned cls,
		    unsigned perm)
{
	struct right r = {.subject = subject, .object = object, .cls = cls, .perm = perm};

	for (r.relation = 0; r.relation < XSM_RELATION_COUNT; r.relation++) {
		if (policy_occurs(p, subject, object, r.relation) && policy_allows(p, &r)) {
			return true;
		}
	}
	return false;
}

/* What it lacks to be built and to run, as " mmu:physmap, ..."; empty: nothing. */
static char *lacks(const struct policy *p, unsigned kind)
{
	char *all = must_print("%s", ""), *more;

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		const struct need *n = &needs[i];
		unsigned subject = n->builder ? p->xsm.sid[XSM_SID_builder] : kind;
		unsigned object = n->builder ? kind : p->xsm.context[kind].self;

		if (n->cls == XSM_CLASS_version) {
			object = p->xsm.sid[XSM_SID_hypervisor];
		}
		if (allowed(p, subject, object, n->cls, n->perm)) {
			continue;
		}
		more = must_print("%s%s %s on %s %s:%s", all, *all != 0 ? "," : "",
				  p->type[subject], p->type[object], source_class_name[n->cls],
				  source_perm_name[n->cls][n->perm]);
		free(all);
		all = more;
	}
	return all;
}

static bool is_first(const struct policy *p, unsigned context)
{
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		if (p->xsm.sid[i] == context) {
			return true;
		}
	}
	return false;
}

static bool has_rights(const struct policy *p, unsigned kind)
{
	struct right right = RIGHT_START;

	while (right_next(p, &right)) {
		if (right.subject == kind && policy_allows(p, &right)) {
			return true;
		}
	}
	return false;
}

static void look_at_kind(const struct policy *p, unsigned kind, struct findings *warnings)
{
	bool created = false;
	char *missing;

	for (unsigned s = 0; s < p->xsm.contexts; s++) {
		created |= allowed(p, s, kind, XSM_CLASS_domain, XSM_PERM_domain_create);
	}
	if (!created) {
		if (has_rights(p, kind)) {
			find(warnings, p->path, 0,
			     "warning: %s has rights, but nobody may have such a domain built "
			     "(domain:create)",
			     p->type[kind]);
		}
		return;
	}
	missing = lacks(p, kind);
	if (*missing != 0) {
		find(warnings, p->path, 0,
		     "warning: %s can be asked for and cannot run, see (call domain_basics ...); "
		     "missing:%s",
		     p->type[kind], missing);
	}
	free(missing);
}

void warnings_find(const struct policy *p, struct findings *warnings)
{
	for (unsigned kind = 0; kind < p->xsm.contexts; kind++) {
		if (!is_first(p, kind) && !p->is_self[kind]) {
			look_at_kind(p, kind, warnings);
		}
	}
	find_idle(p, warnings);
	emptied_find(p, warnings);
	repeated_find(p, warnings);
}

/* ---- what is promised --------------------------------------------------------------------- */

unsigned warnings_cover(const struct policy *p, const struct expectations *e, unsigned *rights,
			struct findings *uncovered)
{
	struct right right = RIGHT_START;
	unsigned covered = 0;

	*rights = 0;
	while (right_next(p, &right)) {
		bool has = false;

		if (!policy_allows(p, &right)) {
			continue;
		}
		(*rights)++;
		for (unsigned i = 0; i < e->count && !has; i++) {
			has = e->item[i].allow && expect_covers(&e->item[i], p, &right);
		}
		covered += has;
		if (!has && uncovered != NULL) {
			char *text = right_text(p, &right);

			find(uncovered, p->path, 0, "no expect line: %s", text);
			free(text);
		}
	}
	return covered;
}
