/* SPDX-License-Identifier: MIT */
/*
 * See emptied.h.  What constraints take away is what the sources without constraints give and the
 * policy does not.  Which rules give it the compiler says, as in reason.c: it is asked for every
 * such right and, since a rule may be for many, for every right left of the same permission.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/emptied.h"
#include "xsm/tool/folder.h"
#include "xsm/tool/reason.h"

/* A right that rules give, whatever the relation of owners. */
struct given {
	struct right right;
	bool left; /* in some relation */
};

struct givens {
	struct given *item;
	unsigned count;
};

/* A rule and one of the permissions that it gives. */
struct use {
	const struct finding *rule;
	struct right example;
	bool left;
};

static bool same_pair(const struct right *a, const struct right *b)
{
	return a->subject == b->subject && a->object == b->object;
}

static bool same_perm(const struct right *a, const struct right *b)
{
	return a->cls == b->cls && a->perm == b->perm;
}

/* Adds the right, or this relation to it. */
static void add_given(struct givens *g, unsigned pair, const struct right *right, bool left)
{
	for (unsigned i = pair; i < g->count; i++) {
		if (same_perm(&g->item[i].right, right)) {
			g->item[i].left |= left;
			return;
		}
	}
	g->item = must_realloc(g->item, (g->count + 1) * sizeof(*g->item));
	g->item[g->count++] = (struct given){*right, left};
}

/* Everything that the rules give; rights of one pair follow each other. */
static struct givens all_given(const struct policy *without, const struct policy *p)
{
	struct right right = RIGHT_START;
	struct givens g = {0};
	unsigned pair = 0;

	while (right_next(without, &right)) {
		if (!policy_allows(without, &right)) {
			continue;
		}
		if (g.count > 0 && !same_pair(&g.item[g.count - 1].right, &right)) {
			pair = g.count;
		}
		add_given(&g, pair, &right, policy_allows(p, &right));
	}
	return g;
}

/* Leaves the rights of permissions that somebody lost; false: nobody lost any. */
static bool keep_lost_perms(struct givens *g)
{
	bool lost[XSM_CLASS_COUNT][32] = {{false}};
	unsigned kept = 0;

	for (unsigned i = 0; i < g->count; i++) {
		lost[g->item[i].right.cls][g->item[i].right.perm] |= !g->item[i].left;
	}
	for (unsigned i = 0; i < g->count; i++) {
		if (lost[g->item[i].right.cls][g->item[i].right.perm]) {
			g->item[kept++] = g->item[i];
		}
	}
	g->count = kept;
	return kept > 0;
}

/* Has the compiler name the rules: `forbidden_by` of each finding is the number of its right. */
static void find_rules(struct findings *said, const struct policy *p, const struct givens *g)
{
	char *probe = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&probe, &size);
	sepol_policydb_t *policy;

	if (out == NULL) {
		return;
	}
	for (unsigned i = 0; i < g->count; i++) {
		char *line = reason_rule(p, &g->item[i].right, "neverallow");

		fprintf(out, "%s\n", line);
		free(line);
	}
	fclose(out);
	policy = folder_compile(p->folder, probe, true, said);
	sepol_policydb_free(policy);
	free(probe);
}

static bool same_rule(const struct finding *a, const struct finding *b)
{
	bool same = strcmp(a->rule, b->rule) == 0 && a->line == b->line && a->links == b->links &&
		    strcmp(a->file != NULL ? a->file : "", b->file != NULL ? b->file : "") == 0;

	for (unsigned i = 0; same && i < a->links; i++) {
		same = strcmp(a->chain[i], b->chain[i]) == 0;
	}
	return same;
}

/* The uses of all rules; *count of them. */
static struct use *find_uses(const struct findings *said, const struct givens *g, unsigned *count)
{
	struct use *uses = must_alloc((said->count + 1) * sizeof(*uses));
	unsigned number, u;

	*count = 0;
	for (unsigned i = 0; i < said->count; i++) {
		const struct finding *f = &said->item[i];

		if (f->rule == NULL || sscanf(f->forbidden_by, FOLDER_EXTRA ":%u", &number) != 1 ||
		    number == 0 || number > g->count) {
			continue;
		}
		for (u = 0; u < *count; u++) {
			if (same_perm(&uses[u].example, &g->item[number - 1].right) &&
			    same_rule(uses[u].rule, f)) {
				break;
			}
		}
		if (u == *count) {
			uses[(*count)++] = (struct use){f, g->item[number - 1].right, false};
		}
		uses[u].left |= g->item[number - 1].left;
	}
	return uses;
}

/* The constraints that deny the right in some relation. */
static void find_constraints(const struct policy *p, struct right right, struct findings *all)
{
	for (right.relation = 0; right.relation < XSM_RELATION_COUNT; right.relation++) {
		struct findings some = {0};

		if (policy_occurs(p, right.subject, right.object, right.relation)) {
			reason_constraints(&some, p, &right, NULL);
		}
		for (unsigned i = 0; i < some.count; i++) {
			if (!findings_have_place(all, &some.item[i])) {
				finding_move(all, &some.item[i]);
			}
		}
		findings_free(&some);
	}
}

/* " FILE:LINE and FILE:LINE" */
static char *places_text(const struct findings *findings)
{
	char *text = must_print("%s", "");

	for (unsigned i = 0; i < findings->count; i++) {
		char *more = must_print("%s%s %s:%u", text, i > 0 ? " and" : "",
					findings->item[i].file, findings->item[i].line);

		free(text);
		text = more;
	}
	return text;
}

static void warn_of(const struct policy *p, const struct use *use, struct findings *warnings)
{
	const struct finding *rule = use->rule;
	struct findings constraints = {0};
	struct finding *warning;
	char *places;

	find_constraints(p, use->example, &constraints);
	places = places_text(&constraints);
	warning = find(warnings, rule->file != NULL ? rule->file : p->path, rule->line,
		       "warning: %s: %s:%s has no effect, whoever the owners are: denied by the "
		       "constraint%s at%s",
		       rule->rule, source_class_name[use->example.cls],
		       source_perm_name[use->example.cls][use->example.perm],
		       constraints.count > 1 ? "s" : "", places);
	for (unsigned i = 0; i < rule->links; i++) {
		finding_link(warning, "%s", rule->chain[i]);
	}
	free(places);
	findings_free(&constraints);
}

void emptied_find(const struct policy *p, struct findings *warnings)
{
	struct findings said = {0};
	struct givens given = {0};
	struct policy without;
	struct folder folder;
	struct use *uses;
	unsigned count;

	if (reason_unconstrained(p, &folder, &without)) {
		given = all_given(&without, p);
	}
	if (keep_lost_perms(&given)) {
		find_rules(&said, p, &given);
		uses = find_uses(&said, &given, &count);
		for (unsigned i = 0; i < count; i++) {
			if (!uses[i].left) {
				warn_of(p, &uses[i], warnings);
			}
		}
		free(uses);
	}
	findings_free(&said);
	free(given.item);
	policy_free(&without);
	folder_free(&folder);
}
