/* SPDX-License-Identifier: MIT */
/*
 * corbel-policy query: who may do what, as the hypervisor would decide.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include "xsm/tool/model.h"

static const struct flag flags[] = {
	{"subject", "S", "only what this type, context or attribute may do; `*`: any"},
	{"object", "O", "only what may be done to this one; `self`: to oneself"},
	{"class", "C", "only this class; `*`: any"},
	{"perm", "P", "only this permission (of any class that has it); `*`: any"},
	{"relation", "R", "only owners that are same, over, under or apart; `*`: any"},
	{NULL, NULL, NULL},
};

/* What is asked for; -1: any. */
struct filter {
	bool *subject, *object; /* [context]; NULL: any */
	int cls, relation;
	const char *perm;
	bool self;
};

static bool perm_exists(const char *perm, int cls)
{
	for (unsigned c = 0; c < XSM_CLASS_COUNT; c++) {
		if ((cls < 0 || c == (unsigned)cls) && perm_named(c, perm) >= 0) {
			return true;
		}
	}
	return false;
}

/* The flag's value; NULL: not given, or `*`. */
static const char *narrowing(const struct arguments *a, const char *flag)
{
	const char *value = argument(a, flag);

	return value != NULL && strcmp(value, "*") == 0 ? NULL : value;
}

/* False after a complaint. */
static bool read_filter(const struct arguments *a, const struct policy *p, struct filter *f)
{
	const char *subject = argument(a, "subject"), *object = argument(a, "object");
	const char *cls = narrowing(a, "class"), *relation = narrowing(a, "relation");

	*f = (struct filter){NULL, NULL, -1, -1, narrowing(a, "perm"), false};
	f->self = object != NULL && strcmp(object, "self") == 0;
	if (subject != NULL && (f->subject = policy_contexts_wanted(p, subject)) == NULL) {
		return false;
	}
	if (object != NULL && !f->self && (f->object = policy_contexts_wanted(p, object)) == NULL) {
		return false;
	}
	if (cls != NULL && (f->cls = class_wanted(cls)) < 0) {
		return false;
	}
	if (relation != NULL && (f->relation = relation_wanted(relation)) < 0) {
		return false;
	}
	if (f->perm != NULL && f->cls >= 0) {
		return perm_wanted((unsigned)f->cls, f->perm) >= 0;
	}
	if (f->perm != NULL && !perm_exists(f->perm, -1)) {
		complain("no class has a permission '%s'; see xsm/perms.def", f->perm);
		return false;
	}
	return true;
}

static bool fits(int wanted, unsigned is)
{
	return wanted < 0 || (unsigned)wanted == is;
}

static bool passes(const struct filter *f, const struct policy *p, const struct right *r)
{
	return (f->subject == NULL || f->subject[r->subject]) &&
	       (f->object == NULL || f->object[r->object]) && fits(f->cls, r->cls) &&
	       fits(f->relation, r->relation) &&
	       (!f->self || p->xsm.context[r->subject].self == r->object) &&
	       (f->perm == NULL || strcmp(f->perm, source_perm_name[r->cls][r->perm]) == 0);
}

static void add_json(struct json_object *list, const struct policy *p, const struct right *r)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "subject", json_object_new_string(p->type[r->subject]));
	json_object_object_add(o, "object", json_object_new_string(p->type[r->object]));
	json_object_object_add(o, "class", json_object_new_string(source_class_name[r->cls]));
	json_object_object_add(o, "perm",
			       json_object_new_string(source_perm_name[r->cls][r->perm]));
	json_object_object_add(o, "relation", json_object_new_string(relation_name[r->relation]));
	json_object_object_add(o, "audited", json_object_new_boolean(policy_audits(p, r)));
	json_object_array_add(list, o);
}

static int query(const struct arguments *a)
{
	struct json_object *answer, *list;
	struct right right = RIGHT_START;
	struct policy p;
	struct filter filter;
	unsigned found = 0;

	if (!policy_open(&p, a->word[0], a)) {
		return STATUS_BAD;
	}
	if (!read_filter(a, &p, &filter)) {
		free(filter.subject);
		free(filter.object);
		policy_free(&p);
		return STATUS_BAD;
	}
	answer = json_object_new_object();
	list = json_object_new_array();
	json_object_object_add(answer, "rights", list);
	while (right_next(&p, &right)) {
		if (!policy_allows(&p, &right) || !passes(&filter, &p, &right)) {
			continue;
		}
		found++;
		if (a->json) {
			add_json(list, &p, &right);
		} else {
			bool audited = policy_audits(&p, &right);

			printf("%-14s %-14s %-9s %-15s %-*s%s\n", p.type[right.subject],
			       p.type[right.object], source_class_name[right.cls],
			       source_perm_name[right.cls][right.perm], audited ? 6 : 0,
			       relation_name[right.relation], audited ? " audited" : "");
		}
	}
	if (a->json) {
		print_json(answer);
	} else {
		json_object_put(answer);
	}
	free(filter.subject);
	free(filter.object);
	policy_free(&p);
	return found > 0 ? STATUS_YES : STATUS_NO;
}

const struct verb verb_query = {
	.name = "query",
	.summary = "who may do what",
	.synopsis = "POLICY [--subject S] [--object O] [--class C] [--perm P] [--relation R]",
	.help = "Prints the rights that fit, one a line: subject, object, class, permission and the\n"
		"relation of the two owners (same; over: the object has none; under: the subject\n"
		"has none; apart).  Exit status 1: there is no such right.\n\n"
		"example: who can end a tenant?\n"
		"  corbel-policy query xsm/policy/cloud --object tenant.t --perm destroy",
	.min_words = 1,
	.max_words = 1,
	.flags = flags,
	.run = query,
};
