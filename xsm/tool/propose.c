/* SPDX-License-Identifier: MIT */
/*
 * See propose.h.  A rule is proposed only after it has been compiled together with all others and
 * the result gives the right; nothing is taken on trust from the trace.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/expect.h"
#include "xsm/tool/folder.h"
#include "xsm/tool/propose.h"
#include "xsm/tool/reason.h"
#include "xsm/tool/words.h"

static int compare(const void *left, const void *right)
{
	const struct right *a = &((const struct proposal *)left)->right;
	const struct right *b = &((const struct proposal *)right)->right;
	const unsigned x[] = {a->subject, a->object, a->cls, a->perm, a->relation};
	const unsigned y[] = {b->subject, b->object, b->cls, b->perm, b->relation};

	for (unsigned i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
		if (x[i] != y[i]) {
			return x[i] < y[i] ? -1 : 1;
		}
	}
	return 0;
}

static const char *type_of(const struct policy *p, unsigned context)
{
	const char *name = xsm_label_name(&p->xsm, (struct xsm_label){.ctx = (uint16_t)context});
	const char *role = strchr(name, ':'), *type = role ? strchr(role + 1, ':') : NULL;

	return type != NULL ? type + 1 : name;
}

/* ---- rules ---------------------------------------------------------------------------------- */

unsigned proposals_rule(const struct proposals *all, unsigned first)
{
	const struct right *a = &all->item[first].right;
	unsigned i = first + 1;

	while (i < all->count && all->item[i].right.subject == a->subject &&
	       all->item[i].right.object == a->object && all->item[i].right.cls == a->cls) {
		i++;
	}
	return i;
}

bool proposals_has_rule(const struct proposals *all, unsigned first, unsigned end)
{
	while (first < end && all->item[first].why != NULL) {
		first++;
	}
	return first < end;
}

char *proposals_text(const struct proposals *all, unsigned first, unsigned end)
{
	const struct right *a = &all->item[first].right;
	uint32_t done = 0;
	char *perms = must_print("%s", ""), *more;

	for (unsigned i = first; i < end; i++) {
		unsigned perm = all->item[i].right.perm;

		if (all->item[i].why != NULL || (done >> perm & 1) != 0) {
			continue;
		}
		done |= 1u << perm;
		more = must_print("%s%s%s", perms, *perms != '\0' ? " " : "",
				  source_perm_name[a->cls][perm]);
		free(perms);
		perms = more;
	}
	more = must_print("(allow %s %s (%s (%s)))", type_of(all->checker, a->subject),
			  type_of(all->checker, a->object), source_class_name[a->cls], perms);
	free(perms);
	return more;
}

/* A rule of its own for each item, on the line of its number, so that what the compiler says of a
 * line is of that item. */
static char *text_of(const struct proposals *all)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL) {
		exit(complain("out of memory"));
	}
	for (unsigned i = 0; i < all->count; i++) {
		char *rule = proposals_text(all, i, i + 1);

		fprintf(out, "%s\n", all->item[i].why == NULL ? rule : "");
		free(rule);
	}
	fclose(out);
	return text;
}

/* ---- checks --------------------------------------------------------------------------------- */

/* The first line of what is said, with its place. */
static char *first_of(const struct findings *said)
{
	const struct finding *f = &said->item[0];
	size_t length = said->count > 0 ? strcspn(f->text, "\n") : 0;

	if (said->count == 0) {
		return must_print("the compiler gives no reason");
	}
	if (f->file == NULL || f->line == 0) {
		return must_print("%.*s", (int)length, f->text);
	}
	return must_print("%.*s (%s:%u)", (int)length, f->text, f->file, f->line);
}

/* What a broken neverallow is, in one line. */
static char *forbidden(const struct finding *f)
{
	const char *rule = strstr(f->text, ", (");

	return must_print("forbidden by %s%s", f->forbidden_by, rule != NULL ? rule : "");
}

static void reject_all(struct proposals *all, const char *why)
{
	for (unsigned i = 0; i < all->count; i++) {
		if (all->item[i].why == NULL) {
			all->item[i].why = must_print("%s", why);
		}
	}
}

/* Rejects the items whose lines the compiler names; all, if it names none. */
static void reject_named(struct proposals *all, const struct findings *said)
{
	bool named = false;
	char *why;

	for (unsigned i = 0; i < said->count; i++) {
		const struct finding *f = &said->item[i];

		if (f->file == NULL || strcmp(f->file, FOLDER_EXTRA) != 0 || f->line == 0 ||
		    f->line > all->count || all->item[f->line - 1].why != NULL) {
			continue;
		}
		all->item[f->line - 1].why =
			f->forbidden_by != NULL ? forbidden(f) : must_print("%s", f->text);
		named = true;
	}
	if (!named) {
		why = first_of(said);
		reject_all(all, why);
		free(why);
	}
}

/* Rejects the items that the rules do not give in spite of all; false: there are none. */
static bool reject_idle(struct proposals *all, const struct policy *with)
{
	bool found = false;

	for (unsigned i = 0; i < all->count; i++) {
		struct proposal *x = &all->item[i];
		struct reason reason;
		char *text;

		if (x->why != NULL || policy_allows(with, &x->right)) {
			continue;
		}
		found = true;
		reason_find(&reason, all->checker, &x->right);
		if (reason.constraint.count > 0) {
			text = first_of(&reason.constraint);
			x->why =
				must_print("denied by a constraint whatever a rule says: %s", text);
			free(text);
		} else {
			x->why = must_print("no single rule gives it");
		}
		reason_free(&reason);
	}
	return found;
}

/* One round: compiles what is left.  True: all of it is possible, and *with is the result. */
static bool compile(struct proposals *all, struct policy *with)
{
	char *text = text_of(all);
	struct findings said = {0};
	const char *why = NULL;
	bool good;

	*with = (struct policy){.path = all->checker->path};
	good = policy_from_folder(with, all->checker->folder, text, true, &said);
	if (!good) {
		reject_named(all, &said);
	} else if (xsm_floor_check(&with->xsm, &why) != 0) {
		reject_all(all, why);
		good = false;
	} else {
		good = !reject_idle(all, with);
	}
	if (!good) {
		policy_free(with);
	}
	findings_free(&said);
	free(text);
	return good;
}

/* What the author has promised that nobody gets. */
static void reject_promised(struct proposals *all)
{
	struct findings said = {0};
	struct expectations e;

	expectations_read(&e, all->checker, &said);
	for (unsigned i = 0; i < all->count; i++) {
		struct proposal *x = &all->item[i];

		for (unsigned k = 0; k < e.count && x->why == NULL; k++) {
			const struct expect *line = &e.item[k];

			if (!line->bad && !line->allow &&
			    expect_covers(line, all->checker, &x->right)) {
				x->why = must_print("%s:%u: expect %s", line->file, line->line,
						    line->text);
			}
		}
	}
	expectations_free(&e);
	findings_free(&said);
}

static bool any_left(const struct proposals *all)
{
	return proposals_has_rule(all, 0, all->count);
}

static void check(struct proposals *all, struct policy *with)
{
	for (unsigned i = 0; i < all->count; i++) {
		const char *floor = policy_floor(all->checker, &all->item[i].right);

		if (floor != NULL) {
			all->item[i].why = must_print("the hypervisor refuses it: %s", floor);
		}
	}
	reject_promised(all);
	/* Each round rejects at least one item, or is the last. */
	while (any_left(all) && !compile(all, with)) {
	}
}

/* ---- collecting ----------------------------------------------------------------------------- */

static void collect(struct proposals *all, const struct trace *trace, const struct policy *p)
{
	all->item = must_alloc(trace->count * sizeof(*all->item));
	for (unsigned i = 0; i < trace->count; i++) {
		const struct trace_line *line = &trace->item[i];
		struct proposal *new = &all->item[all->count];
		int subject, object;

		if (line->kind != TRACE_DENIED) {
			continue;
		}
		if (policy_allows(p, &line->right)) {
			all->allowed_already = words_sum(all->allowed_already, line->count);
			continue;
		}
		subject = words_context_of(p, all->checker, line->right.subject);
		object = words_context_of(p, all->checker, line->right.object);
		*new = (struct proposal){.right = line->right, .calls = line->count};
		new->right.subject = (unsigned)subject;
		new->right.object = (unsigned)object;
		all->count++;
	}
	qsort(all->item, all->count, sizeof(*all->item), compare);
}

static void find_extras(struct proposals *all, const struct policy *with)
{
	struct right right = RIGHT_START;

	while (right_next(with, &right)) {
		struct proposal p = {.right = right};

		if (!policy_allows(with, &right) || policy_allows(all->checker, &right) ||
		    bsearch(&p, all->item, all->count, sizeof(p), compare) != NULL) {
			continue;
		}
		all->extra = must_realloc(all->extra, (all->extras + 1) * sizeof(*all->extra));
		all->extra[all->extras++] = p;
	}
}

void proposals_make(struct proposals *all, const struct trace *trace, const struct policy *p,
		    const struct policy *checker)
{
	struct policy with = {0};

	*all = (struct proposals){.checker = checker};
	collect(all, trace, p);
	check(all, &with);
	if (with.blob != NULL) {
		find_extras(all, &with);
		policy_free(&with);
	}
}

void proposals_free(struct proposals *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		free(all->item[i].why);
	}
	free(all->item);
	free(all->extra);
	*all = (struct proposals){0};
}
