/* SPDX-License-Identifier: MIT */
/*
 * Verb diff: what a policy lets happen that another one does not, as rights rather than as rules,
 * so that two ways to write the same policy do not differ.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include "xsm/tool/promises.h"
#include "xsm/tool/words.h"

enum change_kind { ADDED, REMOVED, RECORDED, UNRECORDED, CHANGE_KINDS };

struct change {
	enum change_kind kind;
	const struct policy *p; /* where the names are from */
	struct right right;     /* relation unused */
	unsigned relations;     /* bits */
};

struct changes {
	struct change *item;
	unsigned count;
	unsigned kinds[CHANGE_KINDS]; /* how many rights of each, relations not counted apart */
	struct findings contexts;     /* what is not a right: contexts that came, went or changed */
	struct findings gone;         /* expect lines and neverallow rules of the old sources */
	bool has_promises;            /* both have sources, so that they were compared */
	bool role_moved;
};

/* For one, and for several. */
static const char *const heading[CHANGE_KINDS][2] = {
	{"right added", "rights added"},
	{"right removed", "rights removed"},
	{"right recorded from now on when used", "rights recorded from now on when used"},
	{"right no longer recorded when used", "rights no longer recorded when used"},
};
static const char *const member[CHANGE_KINDS] = {"added", "removed", "recorded", "unrecorded"};

/* ---- rights --------------------------------------------------------------------------------- */

static void add(struct changes *c, enum change_kind kind, const struct policy *p,
		const struct right *right)
{
	if ((c->count & (c->count + 1)) == 0) {
		c->item = must_realloc(c->item, (2 * (size_t)c->count + 2) * sizeof(*c->item));
	}
	c->item[c->count] = (struct change){
		.kind = kind, .p = p, .right = *right, .relations = 1u << right->relation};
	c->item[c->count++].right.relation = 0;
}

/* What p allows or records and other does not. */
static void collect(struct changes *c, const struct policy *p, const struct policy *other,
		    enum change_kind allowed, enum change_kind audited)
{
	struct right right = RIGHT_START, there;

	while (right_next(p, &right)) {
		int subject = words_context_of(p, other, right.subject);
		int object = words_context_of(p, other, right.object);
		bool known = subject >= 0 && object >= 0;

		if (!policy_allows(p, &right)) {
			continue;
		}
		there = right;
		there.subject = known ? (unsigned)subject : 0;
		there.object = known ? (unsigned)object : 0;
		known = known && policy_occurs(other, there.subject, there.object, there.relation);
		if (!known || !policy_allows(other, &there)) {
			add(c, allowed, p, &right);
			if (allowed == ADDED && policy_audits(p, &right)) {
				add(c, audited, p, &right); /* new, and recorded at once */
			}
		} else if (policy_audits(p, &right) && !policy_audits(other, &there)) {
			add(c, audited, p, &right);
		}
	}
}

/* Order in which they are printed; `whole` compares all but the relations. */
static int compare_as(const struct change *a, const struct change *b, bool whole)
{
	const unsigned x[] = {a->kind,         a->right.subject,
			      a->right.object, whole ? 0 : a->relations,
			      a->right.cls,    a->right.perm};
	const unsigned y[] = {b->kind,         b->right.subject,
			      b->right.object, whole ? 0 : b->relations,
			      b->right.cls,    b->right.perm};

	for (unsigned i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
		if (x[i] != y[i]) {
			return x[i] < y[i] ? -1 : 1;
		}
	}
	return 0;
}

static int compare_whole(const void *a, const void *b)
{
	return compare_as(a, b, true);
}

static int compare(const void *a, const void *b)
{
	return compare_as(a, b, false);
}

/* One change per right, with the set of its relations; then in the order of printing. */
static void merge(struct changes *c)
{
	unsigned kept = 0;

	if (c->count == 0) {
		return;
	}
	qsort(c->item, c->count, sizeof(*c->item), compare_whole);
	for (unsigned i = 1; i < c->count; i++) {
		if (compare_as(&c->item[kept], &c->item[i], true) == 0) {
			c->item[kept].relations |= c->item[i].relations;
		} else {
			c->item[++kept] = c->item[i];
		}
	}
	c->count = kept + 1;
	qsort(c->item, c->count, sizeof(*c->item), compare);
	for (unsigned i = 0; i < c->count; i++) {
		c->kinds[c->item[i].kind]++;
	}
}

/* ---- contexts ------------------------------------------------------------------------------- */

static void compare_context(struct changes *c, const struct policy *a, unsigned in_a,
			    const struct policy *b, unsigned in_b)
{
	int self = words_context_of(a, b, a->xsm.context[in_a].self);

	if (policy_owned(a, in_a) != policy_owned(b, in_b)) {
		find(&c->contexts, NULL, 0,
		     "%s is %s now: a live host refuses the change while such a domain runs",
		     b->type[in_b],
		     policy_owned(b, in_b) ? "a customer's, with owners, and was not"
					   : "nobody's, and was a customer's");
	}
	if (self != (int)b->xsm.context[in_b].self) {
		find(&c->contexts, NULL, 0, "%s is %s to itself, and was %s", b->type[in_b],
		     b->type[b->xsm.context[in_b].self], a->type[a->xsm.context[in_a].self]);
	}
}

static void compare_contexts(struct changes *c, const struct policy *a, const struct policy *b)
{
	static const char *const role[XSM_SID_COUNT] = {"the hypervisor", "the builder", "Dom0",
							"what has no label"};

	for (unsigned i = 0; i < b->xsm.contexts; i++) {
		int other = words_context_of(b, a, i);

		if (other < 0) {
			find(&c->contexts, NULL, 0, "new context: %s", b->type[i]);
		} else {
			compare_context(c, a, (unsigned)other, b, i);
		}
	}
	for (unsigned i = 0; i < a->xsm.contexts; i++) {
		if (words_context_of(a, b, i) < 0) {
			find(&c->contexts, NULL, 0,
			     "context gone: %s (a live host refuses the change while such a domain "
			     "runs)",
			     a->type[i]);
		}
	}
	for (unsigned i = 0; i < XSM_SID_COUNT; i++) {
		if (words_context_of(a, b, a->xsm.sid[i]) != b->xsm.sid[i]) {
			find(&c->contexts, NULL, 0, "%s is %s now, and was %s", role[i],
			     b->type[b->xsm.sid[i]], a->type[a->xsm.sid[i]]);
			c->role_moved = true;
		}
	}
}

/* ---- output --------------------------------------------------------------------------------- */

/* The changes from `first` on that are of the same pair and relations. */
static unsigned group_length(const struct changes *c, unsigned first)
{
	const struct change *a = &c->item[first];
	unsigned i = first;

	while (i < c->count && c->item[i].kind == a->kind &&
	       c->item[i].right.subject == a->right.subject &&
	       c->item[i].right.object == a->right.object && c->item[i].relations == a->relations) {
		i++;
	}
	return i - first;
}

/* Whether two groups differ in nothing but the object's name. */
static bool same_rights(const struct changes *c, unsigned one, unsigned other)
{
	unsigned length = group_length(c, one);
	const struct change *a = &c->item[one], *b = &c->item[other];

	if (a->kind != b->kind || a->right.subject != b->right.subject ||
	    policy_owned(a->p, a->right.object) != policy_owned(b->p, b->right.object) ||
	    words_is_own(a->p, a->right.subject, a->right.object) ||
	    words_is_own(b->p, b->right.subject, b->right.object) || a->relations != b->relations ||
	    group_length(c, other) != length) {
		return false;
	}
	for (unsigned i = 0; i < length; i++) {
		if (a[i].right.cls != b[i].right.cls || a[i].right.perm != b[i].right.perm) {
			return false;
		}
	}
	return true;
}

/* "dom0.t on shop.t, bank.t"; false: the group has been printed with one before it. */
static bool print_pairs(const struct changes *c, unsigned first)
{
	const struct change *x = &c->item[first];
	char *pair;

	for (unsigned i = 0; i < first; i += group_length(c, i)) {
		if (same_rights(c, i, first)) {
			return false;
		}
	}
	pair = words_pair(x->p, x->right.subject, x->right.object, x->relations);
	printf("  %s", pair);
	free(pair);
	for (unsigned i = first + group_length(c, first); i < c->count; i += group_length(c, i)) {
		if (same_rights(c, first, i)) {
			x = &c->item[i];
			printf(", %s", x->p->type[x->right.object]);
		}
	}
	putchar('\n');
	return true;
}

static void print_kind(const struct changes *c, enum change_kind kind)
{
	unsigned length;

	if (c->kinds[kind] == 0) {
		return;
	}
	printf("%u %s:\n", c->kinds[kind], heading[kind][c->kinds[kind] != 1]);
	for (unsigned i = 0; i < c->count; i += length) {
		length = group_length(c, i);
		if (c->item[i].kind != kind || !print_pairs(c, i)) {
			continue;
		}
		for (unsigned j = i; j < i + length; j++) {
			const struct right *r = &c->item[j].right;
			char *name = must_print("%s:%s", source_class_name[r->cls],
						source_perm_name[r->cls][r->perm]);

			printf("    %c %-22s %s\n", kind == ADDED || kind == RECORDED ? '+' : '-',
			       name, perm_sentence[r->cls][r->perm]);
			free(name);
		}
	}
}

static void print_text(const struct changes *c, const struct policy *a, const struct policy *b)
{
	for (unsigned i = 0; i < c->contexts.count; i++) {
		puts(c->contexts.item[i].text);
	}
	for (unsigned kind = 0; kind < CHANGE_KINDS; kind++) {
		print_kind(c, (enum change_kind)kind);
	}
	if (c->gone.count != 0) {
		printf("%u promise%s gone or weaker:\n", c->gone.count,
		       c->gone.count == 1 ? "" : "s");
	}
	for (unsigned i = 0; i < c->gone.count; i++) {
		const struct finding *f = &c->gone.item[i];

		printf("  - %s:%u: %s\n", f->file, f->line, f->text);
	}
	if (c->count == 0 && c->contexts.count == 0 && c->gone.count == 0) {
		printf("no difference: %s and %s %s\n", a->path, b->path,
		       memcmp(a->digest, b->digest, sizeof(a->digest)) == 0 ? "are the same policy"
									    : "grant the same");
	}
	if (!c->has_promises) {
		printf("promises (expect lines, neverallow rules) not compared: %s has no "
		       "sources\n",
		       a->folder == NULL ? a->path : b->path);
	}
}

static struct json_object *change_json(const struct change *x)
{
	struct json_object *o = json_object_new_object(), *relations;

	put_text(o, "subject", x->p->type[x->right.subject]);
	put_text(o, "object", x->p->type[x->right.object]);
	relations = put_list(o, "relations");
	for (unsigned r = 0; r < XSM_RELATION_COUNT; r++) {
		if ((x->relations >> r & 1) != 0) {
			json_object_array_add(relations, json_object_new_string(relation_name[r]));
		}
	}
	put_text(o, "class", source_class_name[x->right.cls]);
	put_text(o, "perm", source_perm_name[x->right.cls][x->right.perm]);
	put_text(o, "text", perm_sentence[x->right.cls][x->right.perm]);
	return o;
}

static void print_changes_json(const struct changes *c)
{
	struct json_object *o = json_object_new_object(), *list;

	list = put_list(o, "contexts");
	for (unsigned i = 0; i < c->contexts.count; i++) {
		json_object_array_add(list, json_object_new_string(c->contexts.item[i].text));
	}
	put_bool(o, "promises_compared", c->has_promises);
	json_object_object_add(o, "promises_gone", findings_json(&c->gone));
	for (unsigned kind = 0; kind < CHANGE_KINDS; kind++) {
		list = put_list(o, member[kind]);
		for (unsigned i = 0; i < c->count; i++) {
			if (c->item[i].kind == kind) {
				json_object_array_add(list, change_json(&c->item[i]));
			}
		}
	}
	print_json(o);
}

static int run(const struct arguments *arguments)
{
	struct changes changes = {0};
	struct policy a, b;
	bool less;

	if (!policy_open(&a, arguments->word[0], arguments)) {
		return STATUS_BAD;
	}
	if (!policy_open(&b, arguments->word[1], arguments)) {
		policy_free(&a);
		return STATUS_BAD;
	}
	compare_contexts(&changes, &a, &b);
	collect(&changes, &b, &a, ADDED, RECORDED);
	collect(&changes, &a, &b, REMOVED, UNRECORDED);
	merge(&changes);
	changes.has_promises = promises_gone(&a, &b, &changes.gone);
	if (arguments->json) {
		print_changes_json(&changes);
	} else {
		print_text(&changes, &a, &b);
	}
	free(changes.item);
	less = changes.gone.count != 0;
	findings_free(&changes.contexts);
	findings_free(&changes.gone);
	policy_free(&a);
	policy_free(&b);
	return changes.kinds[ADDED] != 0 || changes.role_moved || less ? STATUS_NO : STATUS_YES;
}

const struct verb verb_diff = {
	.name = "diff",
	.summary = "what one policy allows that another does not, in words",
	.synopsis = "OLD NEW",
	.help = "Rights that NEW adds to OLD and those that it takes away, for each pair of contexts\n"
		"and, between customers' domains, for the same and another owner.  Rights are\n"
		"compared, not rules: the same policy written differently shows no difference.\n"
		"Of two folders also the promises that are gone or weaker: expect lines and neverallow\n"
		"rules of OLD that NEW does not have word for word, or that cover less in NEW, because\n"
		"an attribute in them has fewer types.  Types that NEW does not have are no loss.\n"
		"\n"
		"Exit status: 0 nothing is added; 1 a right is added, a promise is gone or weaker, or one\n"
		"of the first labels (hypervisor, builder, Dom0, unlabeled) is another; 2 bad use or bad\n"
		"input.\n"
		"\n"
		"Example:\n"
		"  corbel-policy diff /usr/share/corbel/policy/cloud my-site/",
	.min_words = 2,
	.max_words = 2,
	.run = run,
};
