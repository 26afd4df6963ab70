/* SPDX-License-Identifier: MIT */
/*
 * See shrunk.h.  What neverallow rules cover the compiler says: with each of them made an allow
 * rule and without constraints a policy gives what it gave before and what they forbid, and the two
 * have nothing in common, or it would not have compiled.  So macros, blocks, attributes and sets of
 * permissions need not be understood here.  Which rule it was the compiler says as well: it is
 * given allow rules for all that is lost.  The author's rules and the base's are compared apart:
 * that the base forbids something, too, does not keep a promise of the author.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/expect.h"
#include "xsm/tool/forms.h"
#include "xsm/tool/reason.h"
#include "xsm/tool/shrunk.h"
#include "xsm/tool/words.h"

/* A finding names so many pairs, each with a class. */
#define MOST_NAMED 4u

/* A right that is covered no more, in the contexts of the old policy. */
struct loss {
	struct right right;
	bool allow; /* of expect lines: which kind */
	bool said;
};

struct losses {
	struct loss *item;
	unsigned count;
};

static bool same_question(const struct right *a, const struct right *b)
{
	return a->subject == b->subject && a->object == b->object && a->cls == b->cls &&
	       a->perm == b->perm;
}

/* Once for all relations. */
static void add_loss(struct losses *l, const struct right *right, bool allow)
{
	for (unsigned i = l->count; i-- > 0;) {
		if (same_question(&l->item[i].right, right) && l->item[i].allow == allow) {
			return;
		}
	}
	l->item = must_realloc(l->item, (l->count + 1) * sizeof(*l->item));
	l->item[l->count++] = (struct loss){*right, allow, false};
}

/* The same right in another policy; false: it has not both types. */
static bool translate(const struct policy *from, const struct policy *to, struct right *right)
{
	int subject = words_context_of(from, to, right->subject);
	int object = words_context_of(from, to, right->object);

	right->subject = subject >= 0 ? (unsigned)subject : 0;
	right->object = object >= 0 ? (unsigned)object : 0;
	return subject >= 0 && object >= 0;
}

/* "tenant.t on dom0.t domain: destroy pause" of those that are in `which`; NULL: none is. */
static char *losses_text(const struct policy *p, const struct losses *l, const bool *which)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	unsigned groups = 0;

	for (unsigned i = 0, next; out != NULL && i < l->count; i = next) {
		const struct right *r = &l->item[i].right;
		uint32_t perms = 0;

		for (next = i;
		     next < l->count && l->item[next].right.subject == r->subject &&
		     l->item[next].right.object == r->object && l->item[next].right.cls == r->cls;
		     next++) {
			perms |= (uint32_t)which[next] << l->item[next].right.perm;
		}
		if (perms != 0 && groups++ < MOST_NAMED) {
			fprintf(out, "%s%s on %s ", groups > 1 ? ", " : "", p->type[r->subject],
				p->type[r->object]);
			words_mask(out, r->cls, perms);
		}
	}
	if (out == NULL) {
		return NULL;
	}
	if (groups > MOST_NAMED) {
		fprintf(out, " and %u more", groups - MOST_NAMED);
	}
	fclose(out);
	if (groups == 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* Adds what the promise of this place and text has lost, unless it is known to be gone. */
static void report(struct findings *gone, const struct policy *p, struct losses *l,
		   const bool *which, const struct finding *promise)
{
	char *lost = losses_text(p, l, which);
	bool known = false;

	for (unsigned i = 0; i < gone->count; i++) {
		const char *text = gone->item[i].text;
		size_t length = strlen(promise->text);

		known |= strncmp(text, promise->text, length) == 0 &&
			 (text[length] == 0 || text[length] == ':');
	}
	for (unsigned i = 0; i < l->count; i++) {
		l->item[i].said |= which[i];
	}
	if (lost != NULL && !known) {
		find(gone, promise->file, promise->line, "%s: no longer for %s", promise->text,
		     lost);
	}
	free(lost);
}

/* ---- expect lines --------------------------------------------------------------------------- */

static bool lines_cover(const struct expectations *e, const struct policy *p,
			const struct right *right, bool allow)
{
	for (unsigned i = 0; i < e->count; i++) {
		if (e->item[i].allow == allow && !e->item[i].bad &&
		    expect_covers(&e->item[i], p, right)) {
			return true;
		}
	}
	return false;
}

static void find_lines(const struct policy *old, const struct policy *new,
		       const struct expectations *before, const struct expectations *now,
		       struct losses *l)
{
	struct right right = RIGHT_START, there;

	while (right_next(old, &right)) {
		there = right;
		if (!translate(old, new, &there) ||
		    !policy_occurs(new, there.subject, there.object, there.relation)) {
			continue;
		}
		for (unsigned allow = 0; allow < 2; allow++) {
			if (lines_cover(before, old, &right, allow) &&
			    !lines_cover(now, new, &there, allow)) {
				add_loss(l, &right, allow);
			}
		}
	}
}

static void report_lines(const struct policy *old, const struct expectations *before,
			 struct losses *l, struct findings *gone)
{
	bool *which = must_alloc(l->count + 1);

	for (unsigned i = 0; i < before->count; i++) {
		const struct expect *e = &before->item[i];
		struct finding promise = {.file = (char *)e->file, .line = e->line};

		for (unsigned j = 0; j < l->count; j++) {
			which[j] = !e->bad && l->item[j].allow == e->allow &&
				   expect_covers(e, old, &l->item[j].right);
		}
		promise.text = must_print("expect %s", e->text);
		report(gone, old, l, which, &promise);
		free(promise.text);
	}
	free(which);
}

static void compare_lines(const struct policy *old, const struct policy *new, struct findings *gone)
{
	struct expectations before, now;
	struct findings wrong = {0};
	struct losses l = {0};

	expectations_read(&before, old, &wrong);
	expectations_read(&now, new, &wrong);
	find_lines(old, new, &before, &now, &l);
	report_lines(old, &before, &l, gone);
	free(l.item);
	expectations_free(&before);
	expectations_free(&now);
	findings_free(&wrong);
}

/* ---- rules ---------------------------------------------------------------------------------- */

/* What a policy's neverallow rules forbid: what `turned` gives and `plain` does not. */
struct forbidden {
	struct policy plain, turned;
	struct folder plain_folder, turned_folder;
};

/* Makes each neverallow an allow; both also in quotes. */
static void turn(struct source_file *f)
{
	static const char from[] = "neverallow", to[] = "allow";
	size_t name, at = source_form(f, from, 0, &name);

	for (; at < f->size; at = source_form(f, from, at + 1, &name)) {
		bool quoted = f->text[name - 1] == '"';

		memset(f->text + name, ' ', strlen(from) + quoted);
		memcpy(f->text + name, to, strlen(to));
		if (quoted) {
			f->text[name + strlen(to)] = '"';
		}
	}
}

/* Of the author's rules, or of the base's.  To be freed also when it fails. */
static bool forbidden_read(struct forbidden *f, const struct policy *p, bool own)
{
	struct folder folder;
	struct policy turned = {.path = p->path, .folder = &folder};
	bool good;

	folder_copy(&folder, p->folder);
	for (unsigned i = 0; i < folder.count; i++) {
		if (folder.file[i].own == own) {
			turn(&folder.file[i]);
		}
	}
	good = reason_unconstrained(p, &f->plain_folder, &f->plain);
	good &= reason_unconstrained(&turned, &f->turned_folder, &f->turned);
	folder_free(&folder);
	return good;
}

static void forbidden_free(struct forbidden *f)
{
	policy_free(&f->plain);
	policy_free(&f->turned);
	folder_free(&f->plain_folder);
	folder_free(&f->turned_folder);
}

static bool occurs(const struct policy *p, struct right *right)
{
	for (right->relation = 0; right->relation < XSM_RELATION_COUNT; right->relation++) {
		if (policy_occurs(p, right->subject, right->object, right->relation)) {
			return true;
		}
	}
	return false;
}

/* Of a right that occurs; without constraints its relation is all the same. */
static bool forbids(const struct forbidden *f, const struct right *right)
{
	return policy_allows(&f->turned, right) && !policy_allows(&f->plain, right);
}

/* False: one of the two does not compile so, and nothing is known. */
static bool find_rules(const struct policy *old, const struct policy *new, bool own,
		       struct losses *l)
{
	struct forbidden before = {0}, now = {0};
	struct right right = RIGHT_START, there;
	bool good = forbidden_read(&before, old, own);

	good &= forbidden_read(&now, new, own);
	while (good && right_next(old, &right)) {
		there = right;
		if (forbids(&before, &right) && translate(old, new, &there) &&
		    occurs(new, &there) && !forbids(&now, &there)) {
			add_loss(l, &right, false);
		}
	}
	forbidden_free(&before);
	forbidden_free(&now);
	return good;
}

/* What the compiler says against allow rules for what is lost, one a line. */
static void ask_whose(const struct policy *old, const struct losses *l, struct findings *said)
{
	char *probe = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&probe, &size);

	if (out == NULL) {
		return;
	}
	for (unsigned i = 0; i < l->count; i++) {
		char *rule = reason_rule(old, &l->item[i].right, "allow");

		fprintf(out, "%s\n", rule);
		free(rule);
	}
	fclose(out);
	sepol_policydb_free(folder_compile(old->folder, probe, true, said));
	free(probe);
}

struct rules {
	const struct policy *old;
	bool own;
	struct losses *losses;
	const struct findings *said;
	struct findings *gone;
};

/* Whether the finding is of this neverallow, be it with others. */
static bool is_of(const struct finding *f, const char *place)
{
	char *too = must_print("forbidden by %s, too", place);
	bool is = f->forbidden_by != NULL && strcmp(f->forbidden_by, place) == 0;

	for (unsigned i = 0; i < f->links && !is; i++) {
		is = strcmp(f->chain[i], too) == 0;
	}
	free(too);
	return is;
}

static void report_rule(const struct form *form, void *with)
{
	struct rules *r = with;
	struct finding promise = {.file = form->file->path, .line = form->line};
	char *place;
	bool *which;

	if (!form_is(form, "neverallow") || form->file->own != r->own) {
		return;
	}
	which = must_alloc(r->losses->count + 1);
	place = must_print("%s:%u", form->file->path, form->line);
	for (unsigned i = 0; i < r->said->count; i++) {
		const struct finding *f = &r->said->item[i];

		if (f->rule != NULL && f->line > 0 && f->line <= r->losses->count &&
		    strcmp(f->file, FOLDER_EXTRA) == 0 && is_of(f, place)) {
			which[f->line - 1] = true;
		}
	}
	promise.text = form_text(form, (unsigned)(form->end - form->at));
	report(r->gone, r->old, r->losses, which, &promise);
	free(promise.text);
	free(place);
	free(which);
}

/* What no rule could be named for. */
static void report_rest(const struct rules *r)
{
	bool *which = must_alloc(r->losses->count + 1);
	char *lost;

	for (unsigned i = 0; i < r->losses->count; i++) {
		which[i] = !r->losses->item[i].said;
	}
	lost = losses_text(r->old, r->losses, which);
	if (lost != NULL) {
		find(r->gone, r->old->path, 0, "neverallow rules: no longer for %s", lost);
	}
	free(lost);
	free(which);
}

static void compare_rules(const struct policy *old, const struct policy *new, bool own,
			  struct findings *gone)
{
	struct findings said = {0}, wrong = {0};
	struct losses l = {0};
	struct rules rules = {.old = old, .own = own, .losses = &l, .said = &said, .gone = gone};
	struct forms forms;

	if (!find_rules(old, new, own, &l)) {
		find(gone, old->path, 0, "neverallow rules: they could not be compared");
	}
	if (l.count > 0) {
		ask_whose(old, &l, &said);
		forms_read(&forms, old->folder, &wrong);
		forms_walk(&forms, report_rule, &rules);
		report_rest(&rules);
		forms_free(&forms);
	}
	free(l.item);
	findings_free(&said);
	findings_free(&wrong);
}

void shrunk_find(const struct policy *old, const struct policy *new, struct findings *gone)
{
	compare_lines(old, new, gone);
	compare_rules(old, new, true, gone);
	compare_rules(old, new, false, gone);
}
