/* SPDX-License-Identifier: MIT */
/*
 * See promises.h.  Expect lines are compared as they are written, blanks aside.  A neverallow is as
 * many promises as it has permissions, so that their order, and whether they stand in one rule or
 * in several, is all the same.  One in a macro or a block is made where that is called or
 * inherited, so these statements are promises as well.  Another way to write a promise, or another
 * place for it, counts as gone: a person has to look.  So does what stands as it stood and covers
 * less (shrunk.c).
 */
#include <stdlib.h>
#include <string.h>
#include "xsm/tool/expect.h"
#include "xsm/tool/forms.h"
#include "xsm/tool/promises.h"
#include "xsm/tool/shrunk.h"

static bool has(const struct findings *promises, const char *text)
{
	for (unsigned i = 0; i < promises->count; i++) {
		if (strcmp(promises->item[i].text, text) == 0) {
			return true;
		}
	}
	return false;
}

/* ---- rules ---------------------------------------------------------------------------------- */

static char *whole_text(const struct form *form)
{
	return form_text(form, (unsigned)(form->end - form->at));
}

static const char *last_part(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL ? dot + 1 : name;
}

/* carriers: names of the macros and blocks that promise something. */
static bool is_promise(const struct form *form, const struct findings *carriers)
{
	const char *name = form_word(form, 1);

	return form_is(form, "neverallow") ||
	       ((form_is(form, "call") || form_is(form, "blockinherit")) && name != NULL &&
		has(carriers, last_part(name)));
}

static void add_carriers(const struct form *form, void *with)
{
	const char *name;

	if (!is_promise(form, with)) {
		return;
	}
	for (const struct form *in = form->parent; in != NULL; in = in->parent) {
		name = form_word(in, 1);
		if (name != NULL && !has(with, last_part(name)) &&
		    (form_is(in, "macro") || form_is(in, "block") || form_is(in, "in"))) {
			find(with, NULL, 0, "%s", last_part(name));
		}
	}
}

/* "block shop: macro serves: ", outermost first: what a promise stands in. */
static char *place_text(const struct form *form)
{
	char *place = must_print("%s", "");

	for (const struct form *in = form->parent; in != NULL; in = in->parent) {
		const char *name = form_word(in, 1);
		char *longer =
			must_print("%s %s: %s", form_keyword(in), name != NULL ? name : "", place);

		free(place);
		place = longer;
	}
	return place;
}

/* Calls work with the text of each promise of a rule (neverallow SOURCE TARGET (CLASS (PERM...)));
 * of one of another form with the text of the whole. */
static void each_promise(const struct form *rule,
			 void (*work)(const char *text, const char *right, void *with), void *with)
{
	const struct form *access = rule->children == 4 ? rule->child[3] : NULL;
	bool plain = access != NULL && access->children == 2 && form_word(access, 0) != NULL &&
		     access->child[1]->word == NULL;
	char *place = place_text(rule), *source, *target;

	for (unsigned i = 0; plain && i < access->child[1]->children; i++) {
		plain = form_word(access->child[1], i) != NULL;
	}
	if (!plain) {
		char *right = whole_text(rule), *text = must_print("%s%s", place, right);

		work(text, right, with);
		free(text);
		free(right);
		free(place);
		return;
	}
	source = whole_text(rule->child[1]);
	target = whole_text(rule->child[2]);
	for (unsigned i = 0; i < access->child[1]->children; i++) {
		char *right =
			must_print("%s:%s", form_word(access, 0), form_word(access->child[1], i));
		char *text = must_print("%s%s %s %s", place, source, target, right);

		work(text, right, with);
		free(text);
		free(right);
	}
	free(source);
	free(target);
	free(place);
}

/* What the rules of the new sources promise, and what of the old ones' is not among it. */
struct loss {
	struct findings carriers; /* of the old sources */
	struct findings *now, *gone;
	/* Of one rule: what is promised no more, and whether some of it still is. */
	char *rights;
	bool some_kept;
};

static void add_promise(const char *text, const char *right, void *with)
{
	struct loss *loss = with;

	(void)right;
	find(loss->now, NULL, 0, "%s", text);
}

static void collect_rule(const struct form *form, void *with)
{
	struct loss *loss = with;

	if (is_promise(form, &loss->carriers)) {
		each_promise(form, add_promise, with);
	}
}

static void note_loss(const char *text, const char *right, void *with)
{
	struct loss *loss = with;
	char *more;

	if (has(loss->now, text)) {
		loss->some_kept = true;
		return;
	}
	more = loss->rights != NULL ? must_print("%s %s", loss->rights, right)
				    : must_print("%s", right);
	free(loss->rights);
	loss->rights = more;
}

static void find_loss(const struct form *form, void *with)
{
	struct loss *loss = with;
	char *text;

	if (!is_promise(form, &loss->carriers)) {
		return;
	}
	loss->rights = NULL;
	loss->some_kept = false;
	each_promise(form, note_loss, loss);
	text = whole_text(form);
	if (loss->rights != NULL && loss->some_kept) {
		find(loss->gone, form->file->path, form->line, "%s: no longer %s", text,
		     loss->rights);
	} else if (loss->rights != NULL) {
		find(loss->gone, form->file->path, form->line, "%s", text);
	}
	free(text);
	free(loss->rights);
}

/* ---- both ----------------------------------------------------------------------------------- */

static void collect_expect(const struct policy *p, struct findings *promises)
{
	struct findings wrong = {0};
	struct expectations e;

	expectations_read(&e, p, &wrong);
	for (unsigned i = 0; i < e.count; i++) {
		find(promises, e.item[i].file, e.item[i].line, "expect %s", e.item[i].text);
	}
	expectations_free(&e);
	findings_free(&wrong);
}

static void walk(const struct policy *p, void (*work)(const struct form *form, void *with),
		 void *with)
{
	struct findings wrong = {0};
	struct forms forms;

	forms_read(&forms, p->folder, &wrong);
	forms_walk(&forms, work, with);
	forms_free(&forms);
	findings_free(&wrong);
}

bool promises_gone(const struct policy *old, const struct policy *new, struct findings *gone)
{
	struct findings before = {0}, now = {0};
	struct loss loss = {.now = &now, .gone = gone};
	unsigned known;

	if (old->folder == NULL || new->folder == NULL) {
		return false;
	}
	collect_expect(old, &before);
	collect_expect(new, &now);
	for (unsigned i = 0; i < before.count; i++) {
		if (!has(&now, before.item[i].text) && !has(gone, before.item[i].text)) {
			finding_move(gone, &before.item[i]);
		}
	}
	do { /* a macro may call another */
		known = loss.carriers.count;
		walk(old, add_carriers, &loss.carriers);
	} while (loss.carriers.count > known);
	walk(new, collect_rule, &loss);
	walk(old, find_loss, &loss);
	shrunk_find(old, new, gone);
	findings_free(&loss.carriers);
	findings_free(&before);
	findings_free(&now);
	return true;
}
