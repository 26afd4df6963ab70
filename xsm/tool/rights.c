/* SPDX-License-Identifier: MIT */
/*
 * Names of the model, and every question that a policy can be asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/model.h"

const char *const relation_name[XSM_RELATION_COUNT] = {"same", "over", "under", "apart"};

/* The answers to "which are there?", as "a, b, c". */
static char *join(const char *const *name, unsigned count)
{
	char *all = must_print("%s", ""), *more;

	for (unsigned i = 0; i < count && name[i] != NULL; i++) {
		more = must_print("%s%s%s", all, i > 0 ? ", " : "", name[i]);
		free(all);
		all = more;
	}
	return all;
}

static int position(const char *const *name, unsigned count, const char *wanted)
{
	for (unsigned i = 0; i < count && name[i] != NULL; i++) {
		if (strcmp(name[i], wanted) == 0) {
			return (int)i;
		}
	}
	return -1;
}

static int complain_about(const char *kind, const char *wanted, const char *const *name,
			  unsigned count)
{
	char *all = join(name, count);

	complain("no %s '%s'; there are: %s", kind, wanted, all);
	free(all);
	return -1;
}

int class_named(const char *name)
{
	return position(source_class_name, XSM_CLASS_COUNT, name);
}

int perm_named(unsigned cls, const char *name)
{
	return position(source_perm_name[cls], 32, name);
}

int relation_named(const char *name)
{
	return position(relation_name, XSM_RELATION_COUNT, name);
}

int class_wanted(const char *name)
{
	int found = class_named(name);

	return found >= 0 ? found
			  : complain_about("class", name, source_class_name, XSM_CLASS_COUNT);
}

int perm_wanted(unsigned cls, const char *name)
{
	int found = perm_named(cls, name);
	char *kind;

	if (found < 0) {
		kind = must_print("permission in class %s", source_class_name[cls]);
		complain_about(kind, name, source_perm_name[cls], 32);
		free(kind);
	}
	return found;
}

int relation_wanted(const char *name)
{
	int found = relation_named(name);

	return found >= 0 ? found
			  : complain_about("relation", name, relation_name, XSM_RELATION_COUNT);
}

int policy_look_up(const struct policy *p, const char *name, bool *ambiguous)
{
	int found = -1;

	*ambiguous = false;
	for (unsigned i = 0; i < p->xsm.contexts; i++) {
		const char *context = p->xsm.names + p->xsm.context[i].name;
		const char *role = strchr(context, ':');
		const char *type = role != NULL ? strchr(role + 1, ':') : NULL;

		if (strcmp(context, name) == 0) {
			*ambiguous = false;
			return (int)i;
		}
		if (type != NULL && strcmp(type + 1, name) == 0) {
			*ambiguous = found >= 0;
			found = (int)i;
		}
	}
	return *ambiguous ? -1 : found;
}

bool *policy_contexts(const struct policy *p, const char *name, const char **why)
{
	bool *has = must_alloc(p->xsm.contexts), ambiguous;
	int one = policy_look_up(p, name, &ambiguous);

	if (one >= 0) {
		has[one] = true;
		return has;
	}
	if (strcmp(name, "*") == 0) {
		memset(has, true, p->xsm.contexts);
		return has;
	}
	for (unsigned i = 0; i < p->sets && !ambiguous; i++) {
		if (strcmp(p->set[i].name, name) == 0) {
			memcpy(has, p->set[i].has, p->xsm.contexts);
			return has;
		}
	}
	*why = ambiguous ? "several contexts have this type" : "no such type, attribute or context";
	free(has);
	return NULL;
}

int policy_context(const struct policy *p, const char *name)
{
	bool ambiguous;
	int found = policy_look_up(p, name, &ambiguous);
	char *kind;

	if (ambiguous) {
		complain("several contexts of %s have type '%s'; name one as user:role:type",
			 p->path, name);
	} else if (found < 0) {
		kind = must_print("type or context in %s", p->path);
		complain_about(kind, name, p->type, p->xsm.contexts);
		free(kind);
	}
	return found;
}

static void complain_no_contexts(const struct policy *p, const char *name)
{
	const char **all = must_alloc((p->xsm.contexts + p->sets) * sizeof(*all));
	char *kind = must_print("type, attribute or context in %s", p->path);

	memcpy(all, p->type, p->xsm.contexts * sizeof(*all));
	for (unsigned i = 0; i < p->sets; i++) {
		all[p->xsm.contexts + i] = p->set[i].name;
	}
	complain_about(kind, name, all, p->xsm.contexts + p->sets);
	free(kind);
	free(all);
}

bool *policy_contexts_wanted(const struct policy *p, const char *name)
{
	const char *why;
	bool *has = policy_contexts(p, name, &why), ambiguous;

	if (has == NULL) {
		(void)policy_look_up(p, name, &ambiguous);
		if (ambiguous) {
			(void)policy_context(p, name); /* which complains */
		} else {
			complain_no_contexts(p, name);
		}
	}
	return has;
}

bool policy_owned(const struct policy *p, unsigned context)
{
	return xsm_is_owned(&p->xsm, (struct xsm_label){.ctx = (uint16_t)context});
}

bool policy_occurs(const struct policy *p, unsigned subject, unsigned object, unsigned relation)
{
	if (p->is_self[subject] || (p->is_self[object] && p->xsm.context[subject].self != object)) {
		return false;
	}
	return source_relations(policy_owned(p, subject), policy_owned(p, object),
				p->is_self[object]) >>
		       relation &
	       1;
}

bool policy_allows(const struct policy *p, const struct right *r)
{
	return (xsm_masks(&p->xsm, r->subject, r->object, r->relation)[r->cls] >> r->perm & 1) != 0;
}

bool policy_audits(const struct policy *p, const struct right *r)
{
	return (xsm_masks(&p->xsm, r->subject, r->object, XSM_RELATION_COUNT)[r->cls] >> r->perm &
		1) != 0;
}

/* Advances the three outer numbers to the next pair that occurs. */
static bool next_pair(const struct policy *p, struct right *r)
{
	do {
		if (++r->relation == XSM_RELATION_COUNT) {
			r->relation = 0;
			r->object++;
		}
		if (r->object == p->xsm.contexts) {
			r->object = 0;
			r->subject++;
		}
	} while (r->subject < p->xsm.contexts &&
		 !policy_occurs(p, r->subject, r->object, r->relation));
	return r->subject < p->xsm.contexts;
}

bool right_next(const struct policy *p, struct right *r)
{
	if (p->xsm.contexts == 0) {
		return false;
	}
	if (r->perm == UINT32_MAX) {
		*r = (struct right){0};
		return policy_occurs(p, 0, 0, 0) || next_pair(p, r);
	}
	r->perm++;
	if (r->perm < 32 && source_perm_name[r->cls][r->perm] != NULL) {
		return true;
	}
	r->perm = 0;
	r->cls++;
	if (r->cls < XSM_CLASS_COUNT) {
		return true;
	}
	r->cls = 0;
	return next_pair(p, r);
}

bool right_in_all_relations(const struct policy *p, const struct right *right)
{
	struct right r = *right;
	bool first = policy_allows(p, right);

	for (r.relation = 0; r.relation < XSM_RELATION_COUNT; r.relation++) {
		if (policy_occurs(p, r.subject, r.object, r.relation) &&
		    policy_allows(p, &r) != first) {
			return false;
		}
	}
	return true;
}

const char *relation_words(const struct policy *p, unsigned subject, unsigned object,
			   unsigned relation)
{
	if (p->xsm.context[subject].self == object) {
		return p->is_self[object] ? "itself" : "itself or another of its kind";
	}
	switch (relation) {
	case XSM_RELATION_OVER:
		return "a domain of the provider";
	case XSM_RELATION_UNDER:
		return "any owner's domain";
	case XSM_RELATION_APART:
		return "a domain of another owner";
	case XSM_RELATION_SAME:
	default:
		return policy_owned(p, subject) ? "a domain of the same owner"
						: "a domain of the provider";
	}
}

char *right_text(const struct policy *p, const struct right *r)
{
	return must_print("%s may %s:%s on %s (%s)", p->type[r->subject], source_class_name[r->cls],
			  source_perm_name[r->cls][r->perm], p->type[r->object],
			  relation_name[r->relation]);
}
